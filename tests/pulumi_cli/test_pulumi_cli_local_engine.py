# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What our local engine writes, before the true CLI; and stacks the CLI made, before our engine."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from real_pulumi import RealBackend, prove_equal
from sample_outputs import sample
from test_pulumi_cli_history import told_by_the_cli, told_by_us
from test_pulumi_cli_states import LENIENT, Waiting, holder

INFRA = Path(__file__).resolve().parents[2] / "pulumi_infra"
# Every system that runs on the local cloud: a new one joins by itself.
LOCAL_STACKS = sorted(file.stem.removeprefix("Pulumi.") for file in INFRA.glob("Pulumi.*-local.yaml"))
REGION = "ap-northeast-1"
NOT_THE_PROGRAM = ("tests", "local_engine", "__pycache__", ".*")

# One of every kind of mark that a checkpoint can carry.
PROGRAM = """
import pulumi
import pulumi_aws as aws

word = pulumi.Config().require_secret("word")


class Album(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("shop:index:Album", name)
        child = pulumi.ResourceOptions(parent=self, ignore_changes=["tags"], retain_on_delete=True)
        self.bucket = aws.s3.Bucket(name, force_destroy=True, tags={"a": "b"}, opts=child)
        self.register_outputs({"bucket": self.bucket.bucket})


album = Album("photos")
elsewhere = aws.Provider("elsewhere", region="eu-central-1")
role = aws.iam.Role(
    "role",
    description=word,
    assume_role_policy="{}",
    opts=pulumi.ResourceOptions(depends_on=[album], additional_secret_outputs=["arn"]),
)
aws.cloudwatch.LogGroup("log", retention_in_days=1, opts=pulumi.ResourceOptions(provider=elsewhere))
aws.s3.BucketVersioning("versions", bucket=album.bucket.id, versioning_configuration={"status": "Enabled"})
pulumi.export("bucket", album.bucket.bucket)
pulumi.export("arn", role.arn)
pulumi.export("word", word)
pulumi.export("mixed", {"plain": [1, 0.5, True, "ü😀", {}], "hidden": pulumi.Output.secret({"a": [1, "<&>"]})})
"""
SMALL = """
import pulumi
import pulumi_aws as aws

log = aws.cloudwatch.LogGroup("log", retention_in_days=1)
pulumi.export("name", log.name)
"""


def emulator() -> t.Any:
    """Return what the program's own tests start the local cloud with."""
    spec = importlib.util.spec_from_file_location("slipway_emulator", INFRA / "tests" / "emulator.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[str]:
    with emulator().ministack(tmp_path_factory.mktemp("ministack")) as address:
        yield address


@pytest.fixture
def endpoint(running_cloud: str) -> str:
    """A local cloud with nothing in it."""
    emulator().empty(running_cloud)
    return running_cloud


@dataclasses.dataclass
class Engine:
    """Our engine, on the CLI's backend and in its project folder."""

    backend: RealBackend
    endpoint: str
    stack: str = "dev"

    def command(self, verb: str, *words: str) -> list[str]:
        options = ["--stack", self.stack, "--backend", self.backend.url, "--endpoint", self.endpoint]
        return [
            *(sys.executable, "-m", "local_engine", verb, *words, *options),
            *("--cwd", str(self.backend.project_folder)),
        ]

    def attempt(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(verb, *words),
            cwd=INFRA,
            env=self.backend.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def run(self, verb: str, *words: str) -> str:
        done = self.attempt(verb, *words)
        assert done.returncode == 0, f"local_engine {verb}: {done.stderr or done.stdout}"
        return done.stdout

    @property
    def changes_nothing(self) -> bool:
        last = self.run("up").splitlines()[-1]
        return re.search(r"\b0 created, 0 changed, 0 deleted\b.*\b0 writing API calls", last) is not None

    @property
    def deployment(self) -> dict[str, t.Any]:
        """The state as it stands in the file."""
        document = json.loads(self.backend.state_file(self.stack).read_text(encoding="utf-8"))
        return t.cast("dict[str, t.Any]", document["checkpoint"]["latest"])

    def exported(self) -> dict[str, t.Any]:
        """The state as the CLI reads it, secrets as they are in the file."""
        document = json.loads(self.backend.run("stack", "export", "--stack", self.stack))
        assert document["version"] == 3
        return t.cast("dict[str, t.Any]", document["deployment"])

    def history(self) -> list[dict[str, t.Any]]:
        """The updates as the CLI tells them, the newest first."""
        told = self.backend.run("stack", "history", "--json", "--stack", self.stack)
        return t.cast("list[dict[str, t.Any]]", json.loads(told))

    def listed(self) -> dict[str, t.Any]:
        (found,) = json.loads(self.backend.run("stack", "ls", "--json"))
        return t.cast("dict[str, t.Any]", found)

    def moved(self, folder: Path) -> Engine:
        """Take the stack to another backend by C(stack export | stack import)."""
        folder.mkdir()
        (folder / "state").mkdir()
        backend = dataclasses.replace(self.backend, url=f"file://{folder}/state", folder=folder)
        shutil.copytree(self.backend.project_folder, backend.project_folder)
        backend.run("stack", "init", self.stack, "--secrets-provider", "passphrase")
        state = self.backend.run("stack", "export", "--stack", self.stack)
        (folder / "exported.json").write_text(state, encoding="utf-8")
        backend.run("stack", "import", "--stack", self.stack, "--file", str(folder / "exported.json"))
        return dataclasses.replace(self, backend=backend)


def write(backend: RealBackend, source: str, config: str = "") -> None:
    folder = backend.project_folder
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {backend.project}\nruntime: python\n", encoding="utf-8")
    settings = folder / "Pulumi.dev.yaml"
    if not settings.exists():
        settings.write_text(f"config:\n  aws:region: {REGION}\n{config}", encoding="utf-8")
    (folder / "__main__.py").write_text(source, encoding="utf-8")


@pytest.fixture
def engine(backend: RealBackend, endpoint: str) -> Engine:
    return Engine(backend, endpoint)


@pytest.mark.parametrize("stack", LOCAL_STACKS)
def test_a_whole_system(backend: RealBackend, endpoint: str, tmp_path: Path, stack: str) -> None:
    """Up, read in every way the CLI has, moved elsewhere, destroyed."""
    backend.project = "slipway"
    shutil.copytree(INFRA, backend.project_folder, ignore=shutil.ignore_patterns(*NOT_THE_PROGRAM))
    engine = Engine(backend, endpoint, stack)
    engine.run("up")
    urns = [resource["urn"] for resource in engine.deployment["resources"]]
    backend.run("stack", "select", stack)
    listed = engine.listed()
    assert (listed["name"], listed["current"], listed["resourceCount"]) == (stack, True, len(urns))
    assert listed["lastUpdate"][:19] == engine.deployment["manifest"]["time"][:19]
    outputs = prove_equal(backend, stack)
    assert outputs["delivery"]["schema"] == 1
    assert outputs == json.loads(engine.run("output", "--show-secrets"))
    # Types, parents, dependencies and all the rest.
    assert engine.exported() == engine.deployment
    told = backend.run("stack", "--show-urns")
    assert f"Current stack resources ({len(urns)}):" in told
    assert sorted(re.findall(r"URN: (urn:\S+)", told)) == sorted(urns)
    assert told_by_us(backend, stack) == told_by_the_cli(backend, stack)
    other = engine.moved(tmp_path / "elsewhere")
    assert prove_equal(other.backend, stack) == outputs
    assert other.changes_nothing
    engine.run("destroy")
    assert engine.listed()["resourceCount"] == 0
    assert backend.outputs(stack) == {}
    assert "resources" not in engine.exported()
    assert "No resources currently in this stack" in backend.run("stack", "--stack", stack)
    assert [(update["kind"], update["result"]) for update in engine.history()] == [
        ("destroy", "succeeded"),
        ("update", "succeeded"),
    ]
    # Without --force it removes an empty stack only.
    backend.run("stack", "rm", stack, "--yes", "--preserve-config")
    assert not list(tmp_path.glob(f"the state/.pulumi/stacks/**/{stack}.json"))


def test_a_stack_the_cli_made(engine: Engine, tmp_path: Path) -> None:
    backend = engine.backend
    write(backend, PROGRAM)
    backend.run("stack", "init", "dev", "--secrets-provider", "passphrase")
    backend.run("config", "set", "--secret", "word", "xylophone", "--stack", "dev")
    engine.run("up")
    assert engine.changes_nothing
    assert prove_equal(backend)["word"] == "xylophone"
    assert backend.outputs()["word"] == "[secret]"
    assert engine.exported() == engine.deployment
    assert "xylophone" not in backend.state_file().read_text(encoding="utf-8")
    found = {resource["type"]: resource for resource in backend.exported()["deployment"]["resources"]}
    assert json.loads(found["aws:iam/role:Role"]["inputs"]["description"]["plaintext"]) == "xylophone"
    assert found["aws:iam/role:Role"]["additionalSecretOutputs"] == ["arn"]
    # What depends on a component depends on what is in it.
    assert found["aws:iam/role:Role"]["dependencies"] == [found["aws:s3/bucket:Bucket"]["urn"]]
    assert found["aws:s3/bucket:Bucket"]["parent"] == found["shop:index:Album"]["urn"]
    assert found["aws:s3/bucket:Bucket"]["ignoreChanges"] == ["tags"]
    assert found["aws:s3/bucket:Bucket"]["retainOnDelete"] is True
    assert "::elsewhere::" in found["aws:cloudwatch/logGroup:LogGroup"]["provider"]
    other = engine.moved(tmp_path / "elsewhere")
    assert prove_equal(other.backend) == prove_equal(backend)
    assert other.changes_nothing


def test_a_stack_that_gets_its_salt_later(engine: Engine) -> None:
    """Our engine keeps a salt in the state only; the CLI puts another into the settings, with the first secret."""
    write(engine.backend, SMALL + 'pulumi.export("word", pulumi.Output.secret("xylophone"))\n')
    engine.run("up")
    assert prove_equal(engine.backend)["word"] == "xylophone"
    engine.backend.run("config", "set", "--secret", "word", "zebra", "--stack", "dev")
    write(engine.backend, SMALL + 'pulumi.export("word", pulumi.Config().require_secret("word"))\n')
    engine.run("up")
    assert prove_equal(engine.backend)["word"] == "zebra"


def test_a_stack_under_a_new_name(engine: Engine) -> None:
    write(engine.backend, SMALL)
    engine.run("up")
    before = prove_equal(engine.backend)
    engine.backend.run("stack", "rename", "prod", "--stack", "dev")
    renamed = dataclasses.replace(engine, stack="prod")
    assert prove_equal(engine.backend, "prod") == before
    assert renamed.changes_nothing
    assert len(renamed.history()) == 2


def test_the_history(engine: Engine) -> None:
    config = "  number: 17\n  shop:flag: true\n  object: {a: [1, two, {b: null}]}\n  text: 'yes'\n"
    write(engine.backend, SMALL, config)
    engine.backend.run("stack", "init", "dev", "--secrets-provider", "passphrase")
    engine.backend.run("config", "set", "--secret", "hidden", "hunter2", "--stack", "dev")
    engine.backend.run("config", "set", "--path", "--secret", "partly.a[0].b", "hunter2", "--stack", "dev")
    engine.run("up")
    write(engine.backend, SMALL + 'raise ValueError("a mistake")\n')
    assert engine.attempt("up").returncode == 1
    assert told_by_us(engine.backend) == told_by_the_cli(engine.backend)
    write(engine.backend, SMALL)
    engine.run("up")
    assert told_by_us(engine.backend) == told_by_the_cli(engine.backend)
    told = engine.history()
    assert [(update["kind"], update["result"]) for update in told] == [
        ("update", "succeeded"),
        ("update", "failed"),
        ("update", "succeeded"),
    ]
    assert told[-1]["resourceChanges"] == {"create": 2}
    assert told[-1]["startTime"] <= told[-1]["endTime"]
    known = json.loads(engine.backend.run("config", "--json", "--stack", "dev"))
    assert {"shop:hidden", "shop:partly", "shop:object", "aws:region"} <= set(known)
    for update in told:
        assert update["config"] == known
    files = engine.backend.folder.glob("the state/.pulumi/history/**/*.json")
    assert not [file for file in files if "hunter2" in file.read_text(encoding="utf-8")]


def test_an_update_that_failed_half_way(engine: Engine) -> None:
    write(engine.backend, SMALL)
    engine.run("up")
    rules = 'aws.ecr.LifecyclePolicy("rules", repository="missing", policy="{}")\n'
    write(engine.backend, SMALL + 'aws.s3.Bucket("photos")\n' + rules)
    assert engine.attempt("up").returncode == 1
    assert engine.exported() == engine.deployment
    prove_equal(engine.backend, terms=LENIENT)


KILLED = """
import os, signal, sys
from local_engine.backend import StackFile
from local_engine.ledger import StateLedger
from local_engine.state import ResourceState

url, project, stack = sys.argv[1:]
file = StackFile(url, project, stack, salt=None, passphrase="correct horse")
with file.locked():
    ledger = StateLedger(file, file.load(), "3.0.0", readonly=False)
    urn = f"urn:pulumi:{stack}::{project}::aws:s3/bucket:Bucket::photos"
    old = next(state for state in ledger.all_old() if state.type.startswith("aws:"))
    bucket = ResourceState(urn=urn, type="aws:s3/bucket:Bucket", custom=True, provider=old.provider)
    bucket.inputs = {"bucket": "x"}
    ledger.begin("creating", bucket)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_update_that_was_killed(engine: Engine) -> None:
    backend = engine.backend
    write(backend, SMALL)
    engine.run("up")
    subprocess.run([sys.executable, "-c", KILLED, backend.url, backend.project, "dev"], cwd=INFRA, check=False)
    _who, process = holder(backend.reader().backend)
    refused = backend.attempt("refresh", "--yes", "--stack", "dev")
    assert f"(pid {process})" in refused.stdout + refused.stderr
    backend.run("cancel", "--yes", "dev")
    (pending,) = engine.exported()["pending_operations"]
    assert (pending["type"], pending["resource"]["inputs"]) == ("creating", {"bucket": "x"})
    assert engine.exported() == engine.deployment
    prove_equal(backend, terms=LENIENT)
    assert "it may be half there" in engine.run("up")
    assert "pending_operations" not in engine.exported()


WAITING = """
import pathlib, time

pathlib.Path("arrived").touch()
while not pathlib.Path("may go on").exists():
    time.sleep(0.05)
"""


def test_the_cli_respects_our_lock(engine: Engine) -> None:
    backend = engine.backend
    write(backend, SMALL)
    engine.run("up")
    # The folder of the process is the engine's; the program's files are told apart by their place.
    program = WAITING.replace('pathlib.Path("', f'pathlib.Path({str(backend.project_folder)!r}, "')
    write(backend, SMALL + program)
    with subprocess.Popen(
        engine.command("up"), cwd=INFRA, env=backend.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as ours:
        try:
            arrived(backend.project_folder / "arrived", ours)
            _who, process = holder(backend.reader().backend)
            assert process == ours.pid
            refused = backend.attempt("refresh", "--yes", "--stack", "dev")
            assert refused.returncode != 0
            assert "the stack is currently locked by 1 lock(s)" in refused.stdout + refused.stderr
            assert f"(pid {ours.pid})" in refused.stdout + refused.stderr
        finally:
            (backend.project_folder / "may go on").touch()
        said, _nothing = ours.communicate(timeout=120)
    assert ours.returncode == 0, said
    prove_equal(backend)


def arrived(mark: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not mark.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_we_respect_the_lock_of_the_cli(engine: Engine) -> None:
    with Waiting(engine.backend):
        _who, process = holder(engine.backend.reader().backend)
        engine.backend.run("config", "set", "aws:region", REGION, "--stack", "dev")
        refused = engine.attempt("up")
        assert refused.returncode == 1
        assert f"is being updated by process {process} on " in refused.stderr
    assert prove_equal(engine.backend) == {"a": 2}


def test_what_the_cli_made_becomes_ours(engine: Engine) -> None:
    """Its stack resource stays, and what only its program had goes."""
    engine.backend.up(sample)
    made = engine.deployment["resources"][0]
    engine.backend.run("config", "set", "aws:region", REGION, "--stack", "dev")
    write(engine.backend, SMALL)
    engine.run("up")
    assert set(prove_equal(engine.backend)) == {"name"}
    types = {resource["type"]: resource for resource in engine.exported()["resources"]}
    assert set(types) == {"pulumi:pulumi:Stack", "pulumi:providers:aws", "aws:cloudwatch/logGroup:LogGroup"}
    assert types["pulumi:pulumi:Stack"]["created"] == made["created"]
    assert [update["kind"] for update in engine.history()] == ["update", "update"]


def test_compressed_state_is_left_to_the_cli(engine: Engine) -> None:
    engine.backend.settings = {"PULUMI_DIY_BACKEND_GZIP": "true"}
    engine.backend.up(lambda: None)
    write(engine.backend, SMALL)
    refused = engine.attempt("up")
    assert refused.returncode == 1
    assert "is compressed" in refused.stderr
    assert engine.listed()["resourceCount"] == 1
