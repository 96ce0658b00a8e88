# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Backend, ConfigKey, Entry, Lock
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend_storage import StorageBackend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendEmptyError,
    BackendError,
    CheckpointError,
    SelectionError,
    StackNotFoundError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import (
    StackName,
    StackReference,
    parse_stack_name,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import open_backend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection, select
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage_folder import FolderStorage
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import FolderLocation
from pulumi_state import StateFolder, checkpoint


def opened(state: StateFolder) -> Backend:
    return open_backend(state.url, base=pathlib.Path("/"), environment={})


def names(catalogue: t.Iterable[StackReference]) -> list[str]:
    return sorted(str(reference) for reference in catalogue)


def filled(state: StateFolder, *stacks: str) -> Backend:
    for name in stacks:
        state.write(name, checkpoint())
    return opened(state)


def test_the_catalogue_knows_state_files_from_everything_else(state: StateFolder) -> None:
    state.write("shop/dev", checkpoint())
    state.write("shop/prod", checkpoint(), suffix=".json.gz")
    state.write("blog/dev", b"anything", suffix=".json.zst")
    for odd in ("shop/dev.json.bak", "shop/dev.pulumi-tags", "shop/a b.json", "shop/deep/er/x.json", "legacy.json"):
        state.write(odd, b"{}", suffix="")
    assert names(opened(state).catalogue()) == ["blog/dev", "shop/dev", "shop/prod"]


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        (None, ["old"]),
        ("version: 0\n", ["old"]),
        ("version: 1\n", ["shop/new"]),
        ("# written by hand\nversion: 1 # current\n", ["shop/new"]),
        ('{"version": 1}', ["shop/new"]),
    ],
)
def test_the_layout_decides_which_stacks_there_are(tmp_path: Path, meta: str | None, found: list[str]) -> None:
    state = StateFolder(tmp_path, layout=0)
    backend = filled(state, "old", "shop/new")
    if meta is not None:
        (tmp_path / ".pulumi" / "meta.yaml").write_text(meta)
    assert names(backend.catalogue()) == found


def test_a_backend_that_declares_no_layout_may_be_the_new_one(tmp_path: Path) -> None:
    assert names(filled(StateFolder(tmp_path, layout=0), "shop/new").catalogue()) == ["shop/new"]


@pytest.mark.parametrize(
    ("meta", "sentence"),
    [
        ("version: 2\n", "has layout version 2; this version reads 0 and 1"),
        ("", "states no version"),
        ("version: one", "states no version"),
        ("\n" * 100_000, "states no version"),
    ],
)
def test_a_layout_nobody_knows(state: StateFolder, meta: str, sentence: str) -> None:
    (state.folder / ".pulumi" / "meta.yaml").write_text(meta)
    with pytest.raises(BackendError, match=sentence):
        filled(state, "shop/dev").catalogue()


@pytest.mark.parametrize("newest", [".json", ".json.gz"])
def test_the_newest_spelling_of_a_stack_counts(state: StateFolder, newest: str) -> None:
    for suffix in (".json", ".json.gz"):
        path = state.write("shop/dev", checkpoint(), suffix=suffix)
        os.utime(path, (1000, 2000 if suffix == newest else 1000))
    backend = opened(state)
    entry = list(backend.catalogue().values())[-1]
    assert entry.key == f".pulumi/stacks/shop/dev{newest}"
    assert backend.locate(StackName("dev", "shop"))[1] == entry


@pytest.mark.parametrize("text", ["organization/shop/dev", "organization/prod", "prod"])
def test_locating_a_stack(state: StateFolder, text: str) -> None:
    backend = filled(state, "shop/dev", "blog/dev", "shop/prod")
    reference, entry = backend.locate(parse_stack_name(text))
    assert entry.key == f".pulumi/stacks/{reference}.json"
    assert reference.stack == text.rpartition("/")[2]
    assert reference.project == "shop"


def test_the_old_layout_takes_any_project(tmp_path: Path) -> None:
    backend = filled(StateFolder(tmp_path, layout=0), "dev")
    assert backend.locate(parse_stack_name("organization/shop/dev"))[0] == StackReference("", "dev")


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("dev", "more than one stack 'dev': blog/dev, shop/dev", "Name the project"),
        ("test", "There is no stack 'test' in file://", "It has blog/dev, shop/dev."),
        ("organization/shop/test", "There is no stack 'test' of project 'shop'", "It has blog/dev, shop/dev."),
        ("organization/nope/dev", "There is no stack 'dev' of project 'nope'", "It has blog/dev, shop/dev."),
    ],
)
def test_a_stack_that_cannot_be_told(state: StateFolder, text: str, sentence: str, hint: str) -> None:
    with pytest.raises(StackNotFoundError, match=sentence) as caught:
        filled(state, "shop/dev", "blog/dev").locate(parse_stack_name(text))
    assert str(caught.value.hint).startswith(hint)


def test_a_long_list_of_stacks_is_cut(state: StateFolder) -> None:
    backend = filled(state, *(f"shop/s{number:02}" for number in range(25)))
    with pytest.raises(StackNotFoundError) as caught:
        backend.locate(parse_stack_name("dev"))
    assert str(caught.value.hint).endswith("shop/s19 and 5 more.")


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), ["blog/dev", "shop/dev", "shop/prod-eu", "shop/prod-us"]),
        (Selection(project="shop"), ["shop/dev", "shop/prod-eu", "shop/prod-us"]),
        (Selection(include=("prod-*",)), ["shop/prod-eu", "shop/prod-us"]),
        (Selection(include=("shop/*",), exclude=("*-us",)), ["shop/dev", "shop/prod-eu"]),
        (Selection(exclude=("blog/*", "dev")), ["shop/prod-eu", "shop/prod-us"]),
        (Selection(project="shop", stacks=("dev",)), ["shop/dev"]),
        (Selection(stacks=("prod-us", "organization/blog/dev")), ["blog/dev", "shop/prod-us"]),
    ],
)
def test_selecting_stacks(state: StateFolder, selection: Selection, found: list[str]) -> None:
    backend = filled(state, "shop/dev", "shop/prod-eu", "shop/prod-us", "blog/dev")
    assert names(select(backend, selection)) == found


def test_an_organization_may_be_left_out_of_a_pattern() -> None:
    class Cloud:
        where = "cloud"

        def catalogue(self) -> dict[StackReference, Entry]:
            entry = Entry("", 0, "")
            return {StackReference("shop", "dev", "acme"): entry, StackReference("shop", "dev", "other"): entry}

    def found(pattern: str) -> list[str]:
        return names(select(t.cast("Backend", Cloud()), Selection(include=(pattern,))))

    assert found("shop/*") == ["acme/shop/dev", "other/shop/dev"]
    assert found("acme/*") == ["acme/shop/dev"]
    assert found("dev") == ["acme/shop/dev", "other/shop/dev"]


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        (Selection(project="nope"), "None of the 1 stacks in file://.* is selected"),
        (Selection(include=("prod",)), "None of the 1 stacks in file://.* is selected"),
        (Selection(exclude=("*",)), "None of the 1 stacks in file://.* is selected"),
        (Selection(stacks=()), "The list of stacks is empty"),
        (Selection(stacks=("dev",), include=("dev",)), "stacks names what to take"),
    ],
)
def test_a_selection_of_nothing(state: StateFolder, selection: Selection, sentence: str) -> None:
    with pytest.raises(SelectionError, match=sentence):
        select(filled(state, "shop/dev"), selection)


def test_a_backend_without_stacks_is_empty(state: StateFolder) -> None:
    with pytest.raises(BackendEmptyError, match="has no stacks"):
        select(opened(state), Selection())


def test_a_folder_without_any_state_is_empty(tmp_path: Path) -> None:
    backend = open_backend(f"file://{tmp_path}", base=tmp_path, environment={})
    assert backend.catalogue() == {}
    assert backend.lock(StackReference("shop", "dev")) is None


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(BackendEmptyError, match="nowhere: the folder does not exist"):
        open_backend("file://nowhere", base=tmp_path, environment={})


def test_a_file_is_no_backend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BackendError, match="is not a folder"):
        open_backend("file://file", base=tmp_path, environment={})


def test_a_pipe_is_not_waited_for(state: StateFolder) -> None:
    (state.stacks / "shop").mkdir()
    os.mkfifo(state.stacks / "shop" / "dev.json")
    backend = opened(state)
    entry = list(backend.catalogue().values())[-1]
    with pytest.raises(CheckpointError, match="is not a regular file"):
        b"".join(backend.stream(entry, secrets=False))


def test_a_state_file_that_vanishes(state: StateFolder) -> None:
    path = state.write("shop/dev", checkpoint())
    backend = opened(state)
    entry = list(backend.catalogue().values())[-1]
    path.unlink()
    with pytest.raises(StackNotFoundError, match="was removed while it was being read"):
        b"".join(backend.stream(entry, secrets=False))


def test_locks_name_their_stacks(state: StateFolder) -> None:
    state.lock("organization/shop/dev")
    state.lock("legacy")
    (state.folder / ".pulumi" / "locks" / "stray").write_text("x")
    backend = opened(state)
    assert backend.lock(StackReference("shop", "dev")) == Lock("someone@elsewhere (pid 1) since 2026-11-21T08:00:00Z")
    assert backend.lock(StackReference("", "legacy")) is not None
    assert backend.lock(StackReference("shop", "prod")) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"pid": "1"}', b"\xff"])
def test_a_lock_nobody_can_read_is_still_a_lock(state: StateFolder, content: bytes) -> None:
    state.lock("organization/shop/dev", content)
    assert opened(state).lock(StackReference("shop", "dev")) == Lock()


def test_an_organization_of_the_cloud_is_refused(state: StateFolder) -> None:
    with pytest.raises(StackNotFoundError, match="'acme/shop/dev' begins with the organization 'acme'") as caught:
        filled(state, "shop/dev").locate(parse_stack_name("acme/shop/dev"))
    assert "'organization/shop/dev'" in str(caught.value.hint)


def record(result: str, **more: t.Any) -> dict[str, t.Any]:
    return {"kind": "update", "startTime": 1, "endTime": 2, "message": "", "version": 0, "result": result} | more


def test_the_last_update_is_the_last_record(state: StateFolder) -> None:
    backend = filled(state, "shop/dev", "shop/dev-2")
    state.history("shop/dev", 1_700_000_000, record("failed"))
    state.history("shop/dev", 1_700_000_100, record("succeeded", message="mend it"), suffix=".json.gz")
    state.history("shop/dev-2", 1_800_000_000, record("failed"))
    (state.folder / ".pulumi/history/shop/dev/dev-1900000000000000000.checkpoint.json").write_text("{}")
    update = backend.last_update(*backend.locate(StackName("dev", "shop")))
    assert update is not None
    assert (update.kind, update.result, update.failed) == ("update", "succeeded", False)
    assert (update.started, update.ended, update.message) == (1, 2, "mend it")


def test_a_stack_without_history_has_no_last_update(state: StateFolder) -> None:
    backend = filled(state, "shop/dev")
    assert backend.last_update(*backend.locate(StackName("dev", "shop"))) is None


def test_only_recent_history_is_listed_unless_the_clocks_differ(state: StateFolder) -> None:
    class Watched(FolderStorage):
        asked: t.ClassVar[list[str]] = []

        def entries(self, prefix: str, *, after: str = "") -> list[Entry]:
            self.asked.append(after)
            return super().entries(prefix, after=after)

    os.utime(state.write("shop/dev", checkpoint()), (1_700_000_000, 1_700_000_000))
    backend = StorageBackend(Watched(FolderLocation(state.folder)), "here")
    found = backend.locate(StackName("dev", "shop"))
    Watched.asked.clear()
    state.history("shop/dev", 1_700_000_000 - 10_000, record("failed"))
    assert getattr(backend.last_update(*found), "result", None) == "failed"
    assert Watched.asked == [".pulumi/history/shop/dev/dev-1699996400000000000", ""]
    state.history("shop/dev", 1_700_000_000 - 10, record("succeeded"))
    Watched.asked.clear()
    assert getattr(backend.last_update(*found), "result", None) == "succeeded"
    assert Watched.asked == [".pulumi/history/shop/dev/dev-1699996400000000000"]


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        (None, ()),
        (
            {
                "shop:deep": {"a": [{"secure": "v1:x"}]},
                "shop:name": "x",
                "shop:pw": {"secure": "v1:x"},
                "shop:list": [1],
            },
            (
                ConfigKey("shop:deep", secret=True),
                ConfigKey("shop:list", secret=False),
                ConfigKey("shop:name", secret=False),
                ConfigKey("shop:pw", secret=True),
            ),
        ),
        ({"a": {"string": "x", "secret": True}}, (ConfigKey("a", secret=True),)),
        ({"a": {"string": "x", "secret": False}}, (ConfigKey("a", secret=False),)),
    ],
)
def test_config_keys_without_values(state: StateFolder, config: t.Any, keys: tuple[ConfigKey, ...]) -> None:
    backend = filled(state, "shop/dev")
    state.history("shop/dev", 1_700_000_000, record("succeeded", config=config))
    update = backend.last_update(*backend.locate(StackName("dev", "shop")))
    assert update is not None
    assert update.config_keys == keys


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"result": 1}', b"\x1f\x8b\x08"])
def test_a_damaged_record_is_an_error(state: StateFolder, content: bytes) -> None:
    backend = filled(state, "shop/dev")
    state.history("shop/dev", 1_700_000_000, content)
    with pytest.raises(CheckpointError, match=r"dev-1700000000000000000\.history\.json"):
        backend.last_update(*backend.locate(StackName("dev", "shop")))
