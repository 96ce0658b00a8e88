# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backend that asks the Pulumi CLI: where all goes well, the true one; where things go wrong, one that does so."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import textwrap
import time
import traceback
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi import backend_cli, cli_process
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import ConfigKey, Update
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend_cli import CliBackend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cache import FolderCache
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendError,
    CheckpointError,
    PassphraseError,
    PulumiError,
    StackFailedError,
    StackLockedError,
    StackNeverUpdatedError,
    StackNotFoundError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, parse_stack_name
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Reader, Terms, open_reader
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import CliLocation
from pulumi_cloud import TOKEN, PulumiCloud, path_of_the_true_cli
from pulumi_state import PASSPHRASE, StateFolder, checkpoint, passphrase_provider, secret

OPEN = Terms(secrets=True)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return the folder the CLI is run in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


class TestTheTrueCli:
    """Skipped by name where there is no Pulumi CLI."""

    @pytest.fixture
    def environment(self, tmp_path: Path) -> dict[str, str]:
        return {
            "HOME": str(tmp_path),
            "PATH": path_of_the_true_cli() + os.pathsep + os.environ["PATH"],
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(tmp_path / "home"),
        }

    @pytest.fixture
    def cloud(self) -> t.Iterator[PulumiCloud]:
        with PulumiCloud() as service:
            yield service
            assert service.complaints == []

    @staticmethod
    def write(state: StateFolder, name: str = "shop/dev", result: str = "succeeded") -> None:
        project, dummy, stack = name.rpartition("/")
        outputs = {"url": "https://x?a=<&>", "password": secret("hunter2"), "deep": [secret({"k": [1.5, None, "ü"]})]}
        state.write(
            name,
            checkpoint(outputs, project=project, stack=stack, secrets_providers=passphrase_provider()),
        )
        history = state.folder / ".pulumi" / "history" / name
        history.mkdir(parents=True)
        config = {"shop:size": "3", "shop:key": {"secure": "v1:AAAA:AAAA"}}
        for number, ended in ((1, "failed"), (2, result)):
            record = {"kind": "update", "message": f"{number}", "result": ended, "config": config}
            record |= {"startTime": 1700000000 + number, "endTime": 1700000060 + number, "version": 0}
            path = history / f"{stack}-170000000{number}000000000.history.json"
            path.write_text(json.dumps(record))

    @staticmethod
    def reading(state: StateFolder, work: Path, environment: dict[str, str]) -> Reader:
        return open_reader(f"cli+{state.url}", base=work, environment=environment)

    def test_a_folder(self, state: StateFolder, work: Path, environment: dict[str, str]) -> None:
        self.write(state)
        stack = self.reading(state, work, environment).stack("dev", OPEN)
        assert stack.outputs(secrets=True) == {
            "url": "https://x?a=<&>",
            "password": "hunter2",
            "deep": [{"k": [1.5, None, "ü"]}],
        }
        assert stack.secret_outputs == ("deep", "password")
        assert stack.reference == StackReference("shop", "dev")
        assert stack.where == "the Pulumi CLI (file://…)/organization/shop/dev"
        assert stack.update == Update(
            kind="update",
            result="succeeded",
            started=1700000002,
            ended=1700000062,
            message="2",
            version=stack.update.version if stack.update else None,
            config_keys=(ConfigKey("shop:key", secret=True), ConfigKey("shop:size", secret=False)),
        )

    def test_what_the_cli_says_is_what_we_read_ourselves(
        self, state: StateFolder, work: Path, environment: dict[str, str]
    ) -> None:
        self.write(state)
        itself = open_reader(state.url, base=work, environment=environment)
        asked = self.reading(state, work, environment)
        assert asked.backend.catalogue().keys() == itself.backend.catalogue().keys()
        ours, theirs = (reader.stack("dev", OPEN) for reader in (itself, asked))
        assert theirs.outputs(secrets=True) == ours.outputs(secrets=True)
        assert theirs.deployment.time == ours.deployment.time
        assert ours.update is not None
        assert theirs.update is not None
        assert (theirs.update.started, theirs.update.ended) == (ours.update.started, ours.update.ended)
        assert theirs.update.config_keys == ours.update.config_keys

    def test_secrets_stay_shut_unless_somebody_may_have_them(
        self, state: StateFolder, work: Path, environment: dict[str, str]
    ) -> None:
        self.write(state)
        reader = self.reading(state, work, environment)
        dummy, entry = reader.backend.locate(parse_stack_name("organization/shop/dev"))
        printed = {shown: b"".join(reader.backend.stream(entry, secrets=shown)) for shown in (True, False)}
        assert b"hunter2" in printed[True]
        assert b"hunter2" not in printed[False]

    def test_nothing_is_kept(self, state: StateFolder, work: Path, environment: dict[str, str], tmp_path: Path) -> None:
        self.write(state)
        cache = FolderCache(tmp_path / "cache")
        reader = open_reader(f"cli+{state.url}", base=work, environment=environment, cache=cache)
        reader.stack("dev", OPEN)
        assert not (tmp_path / "cache").exists()

    def test_the_old_layout(self, tmp_path: Path, work: Path, environment: dict[str, str]) -> None:
        folder = tmp_path / "old"
        folder.mkdir()
        state = StateFolder(folder, layout=0)
        self.write(state, "dev")
        environment["PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR"] = "true"
        stack = self.reading(state, work, environment).stack("dev", OPEN)
        assert stack.reference == StackReference("", "dev")
        assert stack.output("password", secrets=True) == "hunter2"

    def test_the_project_it_runs_in_changes_no_name(
        self, state: StateFolder, work: Path, environment: dict[str, str]
    ) -> None:
        (work / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
        self.write(state)
        self.write(state, "blog/dev")
        reader = self.reading(state, work, environment)
        assert set(reader.backend.catalogue()) == {StackReference("shop", "dev"), StackReference("blog", "dev")}
        assert reader.stack("organization/shop/dev", OPEN).output("password", secrets=True) == "hunter2"

    def test_the_backend_may_be_the_one_the_cli_would_take(
        self, state: StateFolder, work: Path, environment: dict[str, str]
    ) -> None:
        self.write(state)
        reader = open_reader("cli", base=work, environment=environment | {"PULUMI_BACKEND_URL": state.url})
        assert reader.stack("dev", OPEN).output("password", secrets=True) == "hunter2"
        assert reader.backend.where == "the Pulumi CLI"

    def test_several_stacks_side_by_side(self, state: StateFolder, work: Path, environment: dict[str, str]) -> None:
        for number in range(6):
            state.write(f"shop/s{number}", checkpoint({"number": number}, stack=f"s{number}"))
        stacks = self.reading(state, work, environment).stacks(Selection(), Terms())
        assert [stack.output("number", secrets=False) for stack in stacks] == list(range(6))

    def test_a_stack_that_was_never_updated(self, work: Path, environment: dict[str, str], cloud: PulumiCloud) -> None:
        cloud.add_new("acme/shop/dev")
        reader = open_reader(f"cli+{cloud.url}", base=work, environment=environment | {"PULUMI_ACCESS_TOKEN": TOKEN})
        with pytest.raises(StackNeverUpdatedError):
            reader.stack("acme/shop/dev", Terms())

    def test_a_stack_whose_last_update_failed(
        self, state: StateFolder, work: Path, environment: dict[str, str]
    ) -> None:
        self.write(state, result="failed")
        with pytest.raises(StackFailedError):
            self.reading(state, work, environment).stack("dev", Terms())

    def test_a_stack_that_is_not_there(self, state: StateFolder, work: Path, environment: dict[str, str]) -> None:
        self.write(state)
        reader = self.reading(state, work, environment)
        with pytest.raises(StackNotFoundError, match="There is no stack 'prod'") as caught:
            reader.stack("prod", Terms())
        assert caught.value.hint == "It has shop/dev."

    def test_a_stack_that_goes_while_it_is_read(
        self, state: StateFolder, work: Path, environment: dict[str, str]
    ) -> None:
        self.write(state)
        reader = self.reading(state, work, environment)
        dummy, entry = reader.backend.locate(parse_stack_name("dev"))
        (state.stacks / "shop" / "dev.json").unlink()
        with pytest.raises(StackNotFoundError, match="pulumi stack export failed .*no stack named"):
            list(reader.backend.stream(entry, secrets=False))

    @pytest.mark.parametrize("phrase", [None, "wrong horse"])
    def test_the_passphrase_is_not_the_right_one(
        self, state: StateFolder, work: Path, environment: dict[str, str], phrase: str | None
    ) -> None:
        self.write(state)
        del environment["PULUMI_CONFIG_PASSPHRASE"]
        environment |= {"PULUMI_CONFIG_PASSPHRASE": phrase} if phrase else {}
        with pytest.raises(PassphraseError, match="pulumi stack export failed") as caught:
            self.reading(state, work, environment).stack("dev", OPEN)
        assert "PULUMI_CONFIG_PASSPHRASE" in str(caught.value.hint)
        assert "wrong horse" not in str(caught.value)

    def test_a_backend_without_stacks(self, state: StateFolder, work: Path, environment: dict[str, str]) -> None:
        assert self.reading(state, work, environment).backend.catalogue() == {}

    def test_a_backend_that_is_none(self, tmp_path: Path, work: Path, environment: dict[str, str]) -> None:
        with pytest.raises(BackendError, match="pulumi stack ls failed"):
            open_reader(f"cli+file://{tmp_path}/nowhere", base=work, environment=environment).backend.catalogue()

    def test_a_service(self, work: Path, environment: dict[str, str], cloud: PulumiCloud) -> None:
        path = "acme/shop/dev"
        cloud.add(path, {"url": "x", "password": cloud.secret(path, "hunter2")})
        cloud.add("acme/shop/prod").operation = {"kind": "update", "author": "somebody-else", "started": 1700000000}
        environment["PULUMI_ACCESS_TOKEN"] = TOKEN
        reader = open_reader(f"cli+{cloud.url}", base=work, environment=environment)
        stack = reader.stack(path, OPEN)
        assert stack.reference == StackReference("shop", "dev", "acme")
        assert stack.outputs(secrets=True) == {"url": "x", "password": "hunter2"}
        with pytest.raises(StackLockedError):
            reader.stack("acme/shop/prod", Terms())

    def test_a_service_that_does_not_let_us_in(
        self, work: Path, environment: dict[str, str], cloud: PulumiCloud
    ) -> None:
        environment["PULUMI_ACCESS_TOKEN"] = "pul-ffffffffffffffffffffffffffffffffffffffff"
        with pytest.raises(BackendDeniedError, match="pulumi stack ls failed") as caught:
            open_reader(f"cli+{cloud.url}", base=work, environment=environment).backend.catalogue()
        assert "ffffffff" not in str(caught.value)


class FakeCli:
    """A program called pulumi that does what a test says, in Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def does(self, code: str) -> dict[str, str]:
        """Return the environment in which this program is the Pulumi CLI."""
        path = self.folder / "pulumi"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{textwrap.dedent(code)}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return {"PATH": str(self.folder)}


@pytest.fixture
def fake(tmp_path: Path) -> FakeCli:
    return FakeCli(tmp_path / "bin")


def asking(work: Path, environment: dict[str, str], url: str | None = None) -> CliBackend:
    return CliBackend(CliLocation(url), work, environment)


LIST = """
if "ls" in sys.argv:
    print(json.dumps([{"name": "organization/shop/dev"}]))
    sys.exit()
"""


@pytest.mark.parametrize("path", [None, "", "/nonexistent"], ids=["no path", "empty", "elsewhere"])
def test_there_is_no_cli(work: Path, path: str | None) -> None:
    with pytest.raises(BackendError, match="there is no pulumi on the PATH") as caught:
        asking(work, {} if path is None else {"PATH": path})
    assert "Install it" in str(caught.value.hint)


def test_the_cli_is_no_program(work: Path, fake: FakeCli) -> None:
    environment = fake.does("")
    (fake.folder / "pulumi").write_bytes(b"\x7fELF nothing")
    with pytest.raises(BackendError, match="pulumi stack ls could not be started in .*: Exec format error"):
        asking(work, environment).catalogue()


def test_the_folder_is_gone(work: Path, fake: FakeCli) -> None:
    with pytest.raises(BackendError, match="could not be started in .*/gone: No such file or directory"):
        asking(work / "gone", fake.does("")).catalogue()


def test_how_the_cli_is_run(work: Path, fake: FakeCli) -> None:
    environment = fake.does(
        """
        about = {"argv": sys.argv[1:], "environment": dict(os.environ)}
        about |= {"folder": os.getcwd(), "input": sys.stdin.read()}
        with open("about.json", "w") as file:
            json.dump(about, file)
        print("[]")
        """
    )
    url = "gs://bucket?password=open-sesame"
    assert asking(work, environment | {"OURS": "1", "PULUMI_BACKEND_URL": "s3://another"}, url).catalogue() == {}
    about = json.loads((work / "about.json").read_text())
    assert about["argv"][:4] == ["stack", "ls", "--all", "--json"]
    assert "--non-interactive" in about["argv"]
    assert not any("open-sesame" in word for word in about["argv"])
    assert about["environment"]["PULUMI_BACKEND_URL"] == url
    assert about["environment"]["PULUMI_SKIP_UPDATE_CHECK"] == "true"
    assert about["environment"]["OURS"] == "1"
    assert about["folder"] == str(work)
    assert about["input"] == ""


@pytest.mark.parametrize("secrets", [True, False], ids=["open", "shut"])
def test_secrets_are_shown_only_on_demand(work: Path, fake: FakeCli, secrets: bool) -> None:
    backend = asking(work, fake.does(LIST + "print(sys.argv[1:])"))
    dummy, entry = backend.locate(parse_stack_name("dev"))
    printed = b"".join(backend.stream(entry, secrets=secrets)).decode()
    assert "'--stack=organization/shop/dev'" in printed
    assert ("--show-secrets" in printed) is secrets
    assert entry.version == ""


@pytest.mark.parametrize(
    ("complaint", "kind", "told"),
    [
        pytest.param("error: it is broken", BackendError, "(exit code 3): error: it is broken.", id="plain"),
        pytest.param("", BackendError, "(exit code 3), and said nothing.", id="silent"),
        pytest.param("\x1b[31merror:\x1b[0m red\x07", BackendError, ": error: red.", id="colours"),
        pytest.param("one\n\n two \nthree:", BackendError, ": one. two. three:", id="lines"),
        pytest.param("\n".join(map(str, range(20))), BackendError, ": 14. 15. 16. 17. 18. 19.", id="many lines"),
        pytest.param("warning: w\nerror: e\nmore\n====\n", BackendError, ": error: e. more.", id="an error"),
        pytest.param("x" * 100_000, BackendError, ": " + "x" * 300 + ".", id="a long line"),
        pytest.param("error: incorrect passphrase", PassphraseError, "incorrect passphrase", id="passphrase"),
        pytest.param("error: no stack named 'x' found", StackNotFoundError, "no stack named", id="no stack"),
        pytest.param("error: Unauthorized: no", BackendDeniedError, "Unauthorized", id="denied"),
        pytest.param(
            "see https://me:open-sesame@example.com/x", BackendError, "see https://***@example.com/x", id="url"
        ),
        pytest.param("see s3://b?key=open-sesame&x=1 now", BackendError, "see s3://b?*** now", id="query"),
        pytest.param("token pul-0123456789abcdef", BackendError, "token ***.", id="a token"),
        pytest.param("key AKIA" + "ABCDEFGHIJKLMNOP", BackendError, "key ***.", id="a key"),
        pytest.param("it is open-sesame", BackendError, "it is ***.", id="a value from the environment"),
        pytest.param("it is magic-word", BackendError, "it is ***.", id="a password of the backend"),
        pytest.param("no \udcff text", BackendError, "(exit code 3): no \ufffd text.", id="no text"),
    ],
)
def test_the_cli_fails(work: Path, fake: FakeCli, complaint: str, kind: type[PulumiError], told: str) -> None:
    (work / "complaint").write_bytes(complaint.encode("utf-8", "surrogateescape"))
    environment = fake.does(
        """
        sys.stderr.buffer.write(open("complaint", "rb").read())
        print("this is nobody's business")
        sys.exit(3)
        """
    )
    environment["PULUMI_CONFIG_PASSPHRASE"] = "open-sesame"
    backend = asking(work, environment, "azblob://someone:magic-word@container")
    with pytest.raises(kind) as caught:
        backend.catalogue()
    assert caught.type is kind
    assert caught.value.message.startswith("pulumi stack ls failed (exit code 3)")
    assert caught.value.message.endswith(told) or told in caught.value.message
    text = "".join(traceback.format_exception(caught.value)) + str(caught.value.as_result())
    assert not any(word in text for word in ("open-sesame", "magic-word", "nobody's business"))
    assert len(caught.value.message) < 2500


def test_the_cli_is_killed(work: Path, fake: FakeCli) -> None:
    with pytest.raises(BackendError, match="pulumi stack ls was ended by signal 9"):
        asking(work, fake.does("os.kill(os.getpid(), 9)")).catalogue()


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        pytest.param("", "What pulumi stack ls prints is damaged or cut short: it is empty", id="nothing"),
        pytest.param("Hello!", "it stops being JSON", id="words"),
        pytest.param("{}", "list has the wrong type", id="an object"),
        pytest.param('["x"]', r"list\[0\] is not an object", id="names only"),
        pytest.param('[{"name": 7}]', "name has the wrong type", id="a number"),
        pytest.param('[{"name": "a/b"}]', "it has a name that is none", id="two parts"),
        pytest.param('[{"name": "a/../b"}]', "it has a name that is none", id="a step up"),
        pytest.param('[{"name": "a", "updateInProgress": "yes"}]', "updateInProgress has the wrong", id="progress"),
    ],
)
def test_a_list_nobody_understands(work: Path, fake: FakeCli, printed: str, sentence: str) -> None:
    with pytest.raises(BackendError, match=sentence):
        asking(work, fake.does(f"print({printed!r})")).catalogue()


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([{"kind": 7}], id="kind"),
        pytest.param([{"config": {"a": 1}}], id="config"),
        pytest.param([7], id="record"),
    ],
)
def test_a_history_nobody_understands(work: Path, fake: FakeCli, history: list[t.Any]) -> None:
    backend = asking(work, fake.does(LIST + f"print(json.dumps({history!r}))"))
    reference, entry = backend.locate(parse_stack_name("dev"))
    with pytest.raises(BackendError, match="What pulumi stack history prints"):
        backend.last_update(reference, entry)


def test_times_nobody_understands_are_left_out(work: Path, fake: FakeCli) -> None:
    record = [{"kind": "update", "startTime": "yesterday", "endTime": "0001-01-01T00:00:00.000Z"}]
    backend = asking(work, fake.does(LIST + f"print(json.dumps({record!r}))"))
    update = backend.last_update(*backend.locate(parse_stack_name("dev")))
    assert update is not None
    assert (update.started, update.ended) == (None, None)


def test_the_cli_prints_too_much(work: Path, fake: FakeCli, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = asking(work, fake.does(LIST + "print('x' * 100000)"))
    dummy, entry = backend.locate(parse_stack_name("dev"))
    monkeypatch.setattr(backend_cli, "MAXIMUM_SIZE", 1000)
    with pytest.raises(CheckpointError, match="pulumi stack export prints more than the 1000 bytes"):
        list(backend.stream(entry, secrets=False))


def test_the_list_is_too_long(work: Path, fake: FakeCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_cli, "MAXIMUM_LIST", 10)
    with pytest.raises(BackendError, match="pulumi stack ls prints more than the 10 bytes we read"):
        asking(work, fake.does(LIST)).catalogue()


# Writes down its own number and that of a child, which both would run for ever.
ENDLESS = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open("running", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
while True:
    print("x" * 1000, flush=True)
    TIRED
"""


def running(work: Path) -> list[int]:
    """Return those of the endless processes that are still there; one that only waits to be buried is not."""
    alive = []
    written = work / "running"
    for number in written.read_text().split() if written.exists() else ():
        with contextlib.suppress(OSError):
            state = pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
            if state not in "ZX":
                alive.append(int(number))
    return alive


def left(work: Path) -> list[int]:
    """Return which of them stay: a process that was told to end may take a moment."""
    for dummy in range(200):
        if not running(work):
            return []
        time.sleep(0.05)
    return running(work)


@pytest.mark.skipif(not pathlib.Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
class TestNoProcessStaysBehind:
    @pytest.fixture(autouse=True)
    def end(self, work: Path) -> t.Iterator[None]:
        """End what a test that fails leaves behind."""
        yield
        for number in running(work):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def test_whoever_stops_reading_ends_it(self, work: Path, fake: FakeCli) -> None:
        backend = asking(work, fake.does(LIST + ENDLESS.replace("TIRED", "")))
        pieces = backend.stream(backend.locate(parse_stack_name("dev"))[1], secrets=False)
        assert next(pieces)
        assert len(running(work)) == 2
        pieces.close()  # type: ignore[attr-defined]
        assert left(work) == []

    def test_whatever_cannot_be_read_ends_it(self, work: Path, fake: FakeCli) -> None:
        environment = fake.does(LIST + ENDLESS.replace("TIRED", ""))
        reader = open_reader("cli", base=work, environment=environment)
        with contextlib.suppress(CheckpointError):
            reader.stack("dev", Terms())
        assert left(work) == []

    def test_it_ends_when_its_time_is_over(self, work: Path, fake: FakeCli, monkeypatch: pytest.MonkeyPatch) -> None:
        backend = asking(work, fake.does(LIST + ENDLESS.replace("TIRED", "time.sleep(600)")))
        entry = backend.locate(parse_stack_name("dev"))[1]
        monkeypatch.setattr(cli_process, "TIME_LIMIT", 1.0)
        with pytest.raises(BackendError, match="pulumi stack export was not done after 1 seconds, and was stopped"):
            list(backend.stream(entry, secrets=False))
        assert left(work) == []

    def test_it_ends_even_if_it_does_not_want_to(
        self, work: Path, fake: FakeCli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cli_process, "GRACE", 0.2)
        stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        backend = asking(work, fake.does(LIST + stubborn + ENDLESS.replace("TIRED", "")))
        pieces = backend.stream(backend.locate(parse_stack_name("dev"))[1], secrets=False)
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert left(work) == []


def test_only_so_many_run_at_a_time(work: Path, fake: FakeCli) -> None:
    """Each writes down that it began, waits until nobody begins any more, and counts who is there."""
    names = [f"organization/shop/s{number}" for number in range(10)]
    environment = fake.does(
        f"""
        if "ls" in sys.argv:
            print(json.dumps([{{"name": name}} for name in {names!r}]))
        elif "export" in sys.argv:
            mark = f"here-{{os.getpid()}}"
            open(mark, "w").close()
            time.sleep(0.2)
            with open("counts", "a") as file:
                file.write(f"{{sum(name.startswith('here-') for name in os.listdir('.'))}} ")
            os.unlink(mark)
            print({json.dumps(checkpoint({"x": 1}))!r})
        else:
            print("[]")
        """
    )
    assert len(open_reader("cli", base=work, environment=environment).stacks(Selection(), Terms())) == 10
    counts = [int(count) for count in (work / "counts").read_text().split()]
    assert len(counts) == 10
    assert max(counts) <= cli_process.PROCESSES


def test_every_place_is_free_again(work: Path, fake: FakeCli) -> None:
    """However a run ends, the next one has its place."""
    backend = asking(work, fake.does(LIST + "sys.exit(1)"))
    entry = backend.locate(parse_stack_name("dev"))[1]
    for dummy in range(cli_process.PROCESSES + 1):
        with pytest.raises(BackendError):
            list(backend.stream(entry, secrets=False))
        with pytest.raises(BackendError):
            list(asking(work / "gone", {"PATH": str(fake.folder)}).stream(entry, secrets=False))
    assert subprocess.run([fake.folder / "pulumi", "ls"], capture_output=True, check=True).stdout
