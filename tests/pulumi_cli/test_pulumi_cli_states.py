# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States no reader may take for good ones, made by the true CLI; and those it must not refuse."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import threading
import typing as t
from pathlib import Path

import pulumi
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Backend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    PassphraseError,
    StackEmptyError,
    StackFailedError,
    StackLockedError,
    StackNeverUpdatedError,
    StackNotFoundError,
    StackPendingError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Terms
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection
from pulumi import automation
from real_pulumi import ALL, PASSPHRASE, Program, RealBackend, prove_equal
from sample_outputs import Thing, exporting

if t.TYPE_CHECKING:
    from conftest import FakeCloud

# The SDK forgets a coroutine when a program fails.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

LENIENT = Terms(allow_pending=True, allow_failed=True, secrets=True)


@pytest.fixture(params=["folder", "bucket", "folder, layout 0"])
def anywhere(request: pytest.FixtureRequest, backend: RealBackend) -> RealBackend:
    """An empty backend of each kind whose state differs in where things are."""
    if request.param == "bucket":
        cloud: FakeCloud = request.getfixturevalue("cloud")
        backend.url = cloud.bucket_url("/below")
    if request.param == "folder, layout 0":
        backend.settings = {"PULUMI_DIY_BACKEND_LEGACY_LAYOUT": "true"}
    return backend


def test_made_and_never_updated(anywhere: RealBackend) -> None:
    anywhere.open()
    assert anywhere.outputs() == {}
    with pytest.raises(StackNeverUpdatedError, match="was never updated") as caught:
        anywhere.read()
    assert "destroyed" not in str(caught.value)


def test_destroyed(backend: RealBackend) -> None:
    backend.up(exporting({"a": 1}))
    backend.open().destroy()
    assert backend.outputs() == {}
    with pytest.raises(StackEmptyError, match="it was destroyed") as caught:
        backend.read()
    assert not isinstance(caught.value, StackNeverUpdatedError)
    backend.up(exporting({"a": 2}))
    assert prove_equal(backend) == {"a": 2}


def raises() -> None:
    pulumi.export("a", 2)
    raise ValueError("a program with a mistake in it")


def fails_to_register() -> None:
    exporting({"a": 2}, secrets={"b": "new"})()
    for _number in range(2):  # the engine refuses the second of a name
        Thing("twin", {})


def test_an_update_that_failed(anywhere: RealBackend) -> None:
    anywhere.up(exporting({"a": 1}, secrets={"b": "old"}))
    with pytest.raises(automation.CommandError):
        anywhere.up(raises)
    with pytest.raises(StackFailedError, match="the last update failed"):
        anywhere.read()
    prove_equal(anywhere, terms=LENIENT)
    anywhere.up(exporting({"a": 3}))
    assert prove_equal(anywhere) == {"a": 3}


@pytest.mark.parametrize("program", [raises, fails_to_register])
def test_a_first_update_that_failed(backend: RealBackend, program: Program) -> None:
    with pytest.raises(automation.CommandError):
        backend.up(program)
    with pytest.raises(StackFailedError):
        backend.read()
    prove_equal(backend, terms=LENIENT)


def test_a_failure_that_something_else_followed(backend: RealBackend) -> None:
    """A preview is no update; a refresh is one, and a state that was imported keeps the mark of the last."""
    backend.up(exporting({"a": 1}))
    with pytest.raises(automation.CommandError):
        backend.up(raises)
    backend.open("dev", exporting({"a": 3})).preview()
    backend.imported(backend.exported())
    with pytest.raises(StackFailedError):
        backend.read()
    backend.open("dev", exporting({"a": 3})).refresh()
    prove_equal(backend)


class Waiting:
    """An update that waits in another thread until it may go on, or is killed."""

    def __init__(self, backend: RealBackend) -> None:
        self.arrived, self.may_go_on = threading.Event(), threading.Event()
        self._backend = backend
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        # Cancelled or killed, as some of these tests do, it ends with an error.
        with contextlib.suppress(automation.CommandError):
            self._backend.up(self._program)

    def _program(self) -> None:
        pulumi.export("a", 2)
        self.arrived.set()
        self.may_go_on.wait(120)

    def __enter__(self) -> Waiting:
        self._thread.start()
        assert self.arrived.wait(120)
        return self

    def __exit__(self, *problem: object) -> None:
        self.may_go_on.set()
        self._thread.join(120)
        assert not self._thread.is_alive()


def holder(backend: Backend) -> tuple[str, int]:
    """Return how a lock names its holder, and the process that holds it."""
    (reference,) = backend.catalogue()
    lock = backend.lock(reference)
    assert lock is not None
    assert lock.holder is not None
    found = re.fullmatch(r"(.+) \(pid (\d+)\) since (\S+)", lock.holder)
    assert found
    return found[1], int(found[2])


def test_an_update_that_is_running(anywhere: RealBackend) -> None:
    anywhere.up(exporting({"a": 1}))
    with Waiting(anywhere):
        with pytest.raises(StackLockedError, match="an update is running") as caught:
            anywhere.read()
        who, process = holder(anywhere.reader().backend)
        assert f"held by {who} (pid {process}) since " in str(caught.value)
        assert who.endswith(f"@{socket.gethostname()}")
        refused = anywhere.attempt("refresh", "--yes", "--stack", "dev")
        assert f"created by {who} (pid {process}) at " in refused.stdout + refused.stderr
        assert anywhere.read(terms=LENIENT).reference.stack == "dev"
    assert prove_equal(anywhere) == {"a": 2}


def test_only_the_stack_that_is_updated_is_locked(backend: RealBackend) -> None:
    backend.up(exporting({"a": 1}))
    backend.up(exporting({"a": 1}), "de")
    backend.up(exporting({"a": 1}), "dev-2")
    with Waiting(backend):
        for other in ("de", "dev-2"):
            assert backend.read(other).outputs(secrets=True) == {"a": 1}
        with pytest.raises(StackLockedError):
            backend.read()


def test_an_update_that_was_killed_and_cancelled(backend: RealBackend) -> None:
    backend.up(exporting({"a": 1}))
    with Waiting(backend) as update:
        _who, process = holder(backend.reader().backend)
        os.kill(process, signal.SIGKILL)
        update.may_go_on.set()
    with pytest.raises(StackLockedError, match=f"was killed .* \\(pid {process}\\)") as caught:
        backend.read()
    assert "pulumi cancel" in str(caught.value.as_result())
    backend.run("cancel", "--yes", "dev")
    prove_equal(backend)


@pytest.mark.parametrize("layout", ["1", "0"])
def test_operations_that_never_ended(backend: RealBackend, layout: str) -> None:
    backend.settings = {"PULUMI_DIY_BACKEND_LEGACY_LAYOUT": str(layout == "0").lower()}
    backend.up(exporting({"a": 1}))
    # Written by hand: only resources of a provider leave one behind, and an import would forget it.
    document = json.loads(backend.state_file().read_text(encoding="utf-8"))
    urn = "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::assets"
    resource = {"urn": urn, "custom": True, "type": "aws:s3/bucket:Bucket"}
    document["checkpoint"]["latest"]["pending_operations"] = [{"resource": resource, "type": "creating"}]
    backend.state_file().write_text(json.dumps(document), encoding="utf-8")
    assert backend.exported()["deployment"]["pending_operations"][0]["type"] == "creating"
    with pytest.raises(StackPendingError, match=f"1 operation.s. pending, the first creating {urn}"):
        backend.read()
    assert prove_equal(backend, terms=LENIENT) == {"a": 1}
    backend.imported(backend.exported())
    assert prove_equal(backend) == {"a": 1}


def test_the_passphrase(backend: RealBackend) -> None:
    backend.settings = {"PULUMI_CONFIG_PASSPHRASE": " pässphrase $(id) "}
    backend.up(exporting({"a": 1}, secrets={"b": "hunter2"}))
    prove_equal(backend)
    for wrong in ("", "pässphrase $(id)", PASSPHRASE):
        refused = backend.attempt("stack", "output", "--show-secrets", "-s", "dev", PULUMI_CONFIG_PASSPHRASE=wrong)
        assert "incorrect passphrase" in refused.stdout + refused.stderr
        with pytest.raises(PassphraseError, match="is not the one") as caught:
            backend.read(PULUMI_CONFIG_PASSPHRASE=wrong).outputs(secrets=True)
        assert "hunter2" not in str(caught.value)
        assert not wrong or wrong not in str(caught.value.as_result())
    assert backend.read(PULUMI_CONFIG_PASSPHRASE="wrong").outputs(secrets=False) == {"a": 1}


@pytest.mark.parametrize("content", ["päss phrase", "  päss phrase \n", "\tpäss phrase\r\n\n"])
def test_the_passphrase_from_a_file(backend: RealBackend, tmp_path: Path, content: str) -> None:
    backend.settings = {"PULUMI_CONFIG_PASSPHRASE": "päss phrase"}
    backend.up(exporting({}, secrets={"b": "hunter2"}))
    file = tmp_path / "the passphrase"
    file.write_bytes(content.encode())
    environment = backend.environment | {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}
    del environment["PULUMI_CONFIG_PASSPHRASE"]

    class FromFile(RealBackend):
        @property
        def environment(self) -> dict[str, str]:
            return environment

    assert prove_equal(FromFile(backend.url, backend.folder)) == {"b": "hunter2"}


def test_an_empty_passphrase(backend: RealBackend) -> None:
    backend.settings = {"PULUMI_CONFIG_PASSPHRASE": ""}
    backend.up(exporting({}, secrets={"b": "hunter2"}))
    assert prove_equal(backend, PULUMI_CONFIG_PASSPHRASE_FILE="/nowhere") == {"b": "hunter2"}


def test_a_renamed_stack(anywhere: RealBackend) -> None:
    anywhere.up(exporting({"a": 1}, secrets={"b": "x"}), message="before")
    legacy = bool(anywhere.settings)
    anywhere.run("stack", "rename", "new-name", "--stack", "dev")
    assert anywhere.read("new-name").update is not None
    assert prove_equal(anywhere, "new-name") == {"a": 1, "b": "x"}
    with pytest.raises(StackNotFoundError, match="no stack 'dev'") as caught:
        anywhere.read()
    assert f"It has {'' if legacy else 'shop/'}new-name." in str(caught.value.as_result())
    anywhere.up(exporting({"a": 2}), "new-name")
    assert prove_equal(anywhere, "new-name") == {"a": 2}


@pytest.mark.parametrize("project", ["other", "shop"])
def test_a_failed_stack_that_was_renamed_is_still_a_failed_one(backend: RealBackend, project: str) -> None:
    backend.up(exporting({"a": 1}))
    with pytest.raises(automation.CommandError):
        backend.up(raises)
    backend.run("stack", "rename", f"organization/{project}/new", "--stack", "dev")
    with pytest.raises(StackFailedError):
        backend.reader().stack(f"organization/{project}/new", ALL)


def test_another_secrets_provider(backend: RealBackend, cloud: FakeCloud) -> None:
    backend.up(exporting({"a": 1}, secrets={"b": {"c": "x"}}))
    address = f"awskms://{cloud.key()['alias']}?region=ap-northeast-1&endpoint={cloud.endpoint}"
    backend.run("stack", "change-secrets-provider", address, "--stack", "dev")
    provider = backend.read().deployment.secrets_provider
    assert provider is not None
    assert provider.type == "cloud"
    assert prove_equal(backend, PULUMI_CONFIG_PASSPHRASE="of no use now") == {"a": 1, "b": {"c": "x"}}
    backend.run("stack", "change-secrets-provider", "passphrase", "--stack", "dev")
    assert prove_equal(backend) == {"a": 1, "b": {"c": "x"}}


SPELLINGS = ["dev", "organization/dev", "organization/shop/dev"]


@pytest.mark.parametrize("name", SPELLINGS)
def test_three_spellings_of_a_name(shared: RealBackend, name: str) -> None:
    if not Path(shared.url.removeprefix("file://"), ".pulumi").exists():
        shared.up(exporting({"from": "shop"}))
        other = RealBackend(shared.url, shared.folder / "other", project="other")
        other.up(exporting({"from": "other"}))
    assert prove_equal(shared, name) == {"from": "shop"}
    with_project_folder = shared.folder / "project"
    assert json.loads(shared.run("stack", "output", "--json", "-s", name)) == {"from": "shop"}
    assert (with_project_folder / "Pulumi.yaml").exists()


def test_a_name_that_needs_a_project(shared: RealBackend) -> None:
    test_three_spellings_of_a_name(shared, "dev")
    with pytest.raises(StackNotFoundError, match="more than one stack 'dev'") as caught:
        shared.reader().stack("dev", ALL)
    assert "other/dev, shop/dev" in str(caught.value)


REFUSED = ["elsewhere/dev", "elsewhere/shop/dev", "organization/nothing/dev", "organization/dve"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_the_cli_refuses(shared: RealBackend, name: str) -> None:
    test_three_spellings_of_a_name(shared, "dev")
    assert shared.attempt("stack", "output", "--json", "-s", name).returncode != 0
    with pytest.raises(StackNotFoundError):
        shared.read(name)


def test_the_stacks_the_cli_lists(anywhere: RealBackend) -> None:
    anywhere.up(exporting({"a": 1}))
    for stack in ("prod", "x.y"):
        anywhere.run("stack", "init", stack)
    anywhere.run("stack", "rm", "--yes", "--force", "--stack", "prod")
    listed = json.loads(anywhere.run("stack", "ls", "--all", "--json"))
    names = [item["name"].rpartition("/")[2] for item in listed]
    catalogue = anywhere.reader().backend.catalogue()
    assert sorted(reference.stack for reference in catalogue) == sorted(names) == ["dev", "x.y"]
    # What holds nothing yet is left out, for those who say so.
    found = anywhere.reader().stacks(Selection(), Terms(allow_empty=True))
    assert [stack.reference.stack for stack in found] == ["dev"]


def test_the_old_layout_made_new(backend: RealBackend) -> None:
    backend.settings = {"PULUMI_DIY_BACKEND_LEGACY_LAYOUT": "true"}
    backend.up(exporting({"a": 1}, secrets={"b": "x"}))
    assert prove_equal(backend) == {"a": 1, "b": "x"}
    backend.run("state", "upgrade", "--yes")
    assert backend.read().reference.project == "shop"
    assert prove_equal(backend, "organization/shop/dev") == {"a": 1, "b": "x"}
