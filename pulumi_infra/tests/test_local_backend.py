"""Where state is kept: what one process finds that another left, and what it does not write over."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from local_engine.backend import StackFile
from local_engine.errors import LocalEngineError
from local_engine.state import ResourceState, Snapshot, spelt
from local_engine.wire import secret

STACK = "urn:pulumi:try::shop::pulumi:pulumi:Stack::shop-try"


def opened(folder: Path, salt: str | None = None) -> StackFile:
    return StackFile(folder.as_uri(), "shop", "try", salt=salt, passphrase="open sesame")


def snapshot(**outputs: object) -> Snapshot:
    return Snapshot(
        resources=[ResourceState(urn=STACK, type="pulumi:pulumi:Stack", custom=False, outputs=dict(outputs))]
    )


def outputs(file: StackFile) -> dict[str, object]:
    stack = file.load().stack
    return stack.outputs if stack else {}


def test_the_state_is_read_again_under_the_lock(tmp_path: Path) -> None:
    early = opened(tmp_path)
    opened(tmp_path).save(snapshot(a=1), "3.0.0")
    assert outputs(early) == {}
    with early.locked():
        assert outputs(early) == {"a": 1}


def test_of_two_that_lock_at_the_same_moment_one_steps_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = opened(tmp_path), opened(tmp_path)
    with one.locked():
        # The other looked before the first wrote.
        looks = iter([lambda *_arguments: None])
        refuse = StackFile._refuse_if_locked

        def look(file: StackFile, folder: Path, but: Path | None = None) -> None:
            next(looks, refuse)(file, folder, but)

        monkeypatch.setattr(StackFile, "_refuse_if_locked", look)
        with pytest.raises(LocalEngineError, match="is being updated by process"), other.locked():
            pass
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_compressed_state_gets_no_second_one_beside_it(tmp_path: Path, ending: str) -> None:
    opened(tmp_path).save(snapshot(a=1), "3.0.0")
    (path,) = tmp_path.rglob("try.json")
    path.rename(path.with_name(f"try.json{ending}"))
    with pytest.raises(LocalEngineError, match="is compressed; this engine reads and writes plain JSON"):
        opened(tmp_path)


def test_what_was_sealed_with_another_salt_is_opened_with_it(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.save(snapshot(word=secret("xylophone")), "3.0.0")
    salt = StackFile((tmp_path / "other").as_uri(), "shop", "try", salt=None, passphrase="open sesame").crypter.state
    second = opened(tmp_path, salt)
    assert outputs(second) == {"word": secret("xylophone")}
    second.save(second.load(), "3.0.0")
    document = json.loads(second.path.read_text(encoding="utf-8"))["checkpoint"]["latest"]
    assert document["secrets_providers"]["state"]["salt"] == salt
    assert outputs(opened(tmp_path, salt)) == {"word": secret("xylophone")}


def test_what_only_the_cli_understands_stays(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.save(snapshot(a=1), "3.0.0")
    document = json.loads(file.path.read_text(encoding="utf-8"))
    (stack,) = document["checkpoint"]["latest"]["resources"]
    stack |= {"customTimeouts": {"create": 60}, "sourcePosition": "project:///__main__.py#1"}
    file.path.write_text(json.dumps(document), encoding="utf-8")
    again = opened(tmp_path)
    again.save(again.load(), "3.0.0")
    assert json.loads(file.path.read_text(encoding="utf-8"))["checkpoint"]["latest"]["resources"] == [stack]


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0, "00:00:01Z"), (120_000, "00:00:01.12Z"), (1, "00:00:01.000001Z")],
    ids=["none", "few", "all"],
)
def test_moments_are_spelt_as_the_cli_does(microseconds: int, text: str) -> None:
    assert spelt(datetime(2026, 1, 2, 0, 0, 1, microseconds, UTC)) == f"2026-01-02T{text}"
