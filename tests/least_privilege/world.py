# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A guarded local cloud with a system's infrastructure in it, and the pipeline with its role and nothing else."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import json
import os
import re
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import boto3
import botocore.config
from authorisation import Place
from evaluator import Rule, read_policy
from recorded_call import Call, Request, read_line, understand
from systems import System

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GITHUB = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
# No call waits for another try: a denial is an answer.
ONCE = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)
FOREIGN = ("ANSIBLE_", "AWS_", "DOCKER_", "PULUMI_", "SLIPWAY_", "MINISTACK_")


class WorldError(AssertionError):
    """Something the proof stands on did not work."""


@dataclasses.dataclass(frozen=True)
class Credentials:
    """What one acts with; temporary ones have a token."""

    key: str
    secret: str = dataclasses.field(repr=False)
    token: str | None = dataclasses.field(default=None, repr=False)

    def environment(self) -> dict[str, str]:
        names = {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}
        return {**names, "AWS_SESSION_TOKEN": self.token} if self.token else names


@dataclasses.dataclass(frozen=True)
class Run:
    """A program that ended, and what it said."""

    code: int
    output: str


@dataclasses.dataclass
class World:
    """One guarded cloud in a folder of its own."""

    state: Path
    port: int = 0
    _environment: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self._environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "SLIPWAY_STATE_DIR": str(self.state),
            "SLIPWAY_PORT": str(self.port),
            "LC_ALL": "C.UTF-8",
        }

    # -- the cloud --

    def start(self) -> None:
        self._cloud("present")

    def stop(self) -> None:
        self._cloud("absent")

    def _cloud(self, state: str) -> None:
        program = [sys.executable, str(HERE / "guarded_cloud.py")]
        variables = json.dumps({"__local_cloud_program": program, "local_cloud_state": state})
        playbook = ["ansible-playbook", "--inventory", "localhost,", "playbooks/local_cloud.yml", "-e", variables]
        self.must(playbook, cwd=ROOT)

    @functools.cached_property
    def endpoints(self) -> dict[str, t.Any]:
        file = self.state / "local_cloud" / "endpoints.json"
        return t.cast("dict[str, t.Any]", json.loads(file.read_text(encoding="utf-8")))

    @property
    def place(self) -> Place:
        return Place(self.endpoints["account"], self.endpoints["region"])

    @property
    def root(self) -> Credentials:
        """The account itself, which no policy binds."""
        return Credentials(self.endpoints["access_key"], self.endpoints["secret_key"])

    def client(self, service: str, who: Credentials) -> t.Any:
        return t.cast(t.Any, boto3).client(
            service,
            endpoint_url=self.endpoints["endpoint_url"],
            region_name=self.place.region,
            aws_access_key_id=who.key,
            aws_secret_access_key=who.secret,
            aws_session_token=who.token,
            config=ONCE.merge(botocore.config.Config(inject_host_prefix=False)),
        )

    def now(self) -> int:
        """Return this moment, as a place in the journal."""
        return self._journal.stat().st_size

    def requests(self, since: int) -> list[tuple[Request, int]]:
        """Return every signed request since a moment, with the status it was answered with."""
        with self._journal.open("rb") as journal:
            journal.seek(since)
            return [read_line(line) for line in journal]

    def calls(self, who: Credentials, since: int = 0) -> list[Call]:
        """Return what one identity asked of the cloud."""
        mine = [(request, status) for request, status in self.requests(since) if request.key == who.key]
        return [dataclasses.replace(understand(request), status=status) for request, status in mine]

    @property
    def _journal(self) -> Path:
        return self.state / "requests.jsonl"

    # -- the system --

    def up(self, system: System) -> Stack:
        backend = (self.state / "pulumi").as_uri()
        (self.state / "pulumi").mkdir(exist_ok=True)
        engine = [sys.executable, "-m", "local_engine", "up", "--stack", system.stack, "--backend", backend]
        self.must([*engine, "--endpoint", self.endpoints["endpoint_url"]], cwd=ROOT / "pulumi_infra")
        return Stack(self, system)

    # -- programs --

    def run(self, command: t.Sequence[str], *, cwd: Path, **environment: str) -> Run:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def must(self, command: t.Sequence[str], *, cwd: Path, **environment: str) -> str:
        done = self.run(command, cwd=cwd, **environment)
        if done.code:
            raise WorldError(f"{' '.join(command[:4])} ended with code {done.code}:\n{done.output[-6000:]}")
        return done.output


@dataclasses.dataclass
class Stack:
    """A system that is up, and its roles."""

    world: World
    system: System

    @functools.cached_property
    def outputs(self) -> dict[str, t.Any]:
        file = self.world.state / "pulumi" / ".pulumi" / "stacks" / "slipway" / f"{self.system.stack}.json"
        resources = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"]["resources"]
        stack = next(resource for resource in resources if resource["type"] == "pulumi:pulumi:Stack")
        return t.cast("dict[str, t.Any]", stack["outputs"])

    @property
    def delivery(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.outputs["delivery"])

    @property
    def deploy_role(self) -> str:
        return str(self.delivery["roles"]["deploy"])

    @functools.cached_property
    def iam(self) -> t.Any:
        return self.world.client("iam", self.world.root)

    # -- policies --

    def policy(self, role_arn: str) -> tuple[str, dict[str, t.Any]]:
        """Return a role's one inline policy: its name, and the document."""
        role = role_arn.rpartition("/")[2]
        (name,) = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        return name, document if isinstance(document, dict) else json.loads(document)

    def rules(self, role_arn: str) -> list[Rule]:
        return read_policy(self.policy(role_arn)[1])

    @contextlib.contextmanager
    def without(self, role_arn: str, sid: str, action: str) -> t.Iterator[None]:
        """Take one action out of one statement of a role's policy, for a while."""
        role = role_arn.rpartition("/")[2]
        name, whole = self.policy(role_arn)
        less = json.loads(json.dumps(whole))
        (statement,) = [each for each in less["Statement"] if each["Sid"] == sid]
        statement["Action"] = [each for each in statement["Action"] if each != action]
        if not statement["Action"]:
            less["Statement"].remove(statement)
        self.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
        try:
            yield
        finally:
            self.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(whole))

    # -- identities --

    def from_github(self, subject: str | None = None, audience: str = AUDIENCE) -> Credentials:
        """Exchange a token as GitHub Actions does. The emulator checks issuer, subject and audience, no signature."""
        claims = {
            "iss": f"https://{GITHUB}",
            "aud": audience,
            "sub": subject or self.system.github_subject,
            "exp": int(time.time()) + 600,
        }
        anonymous = t.cast(t.Any, boto3).client(
            "sts",
            endpoint_url=self.world.endpoints["endpoint_url"],
            region_name=self.world.place.region,
            config=botocore.config.Config(signature_version=botocore.UNSIGNED),
        )
        answer = anonymous.assume_role_with_web_identity(
            RoleArn=self.deploy_role, RoleSessionName="pipeline", WebIdentityToken=_token(claims)
        )
        return _credentials(answer)

    def as_task(self, service: str) -> Credentials:
        """Act as a task's role. Nobody but ECS may assume it, so it is a copy with a trust that lets the test in."""
        original = str(self.delivery["roles"]["task"][service])
        copy = self.copy_of_task_role(service).rpartition("/")[2]
        principal = {"AWS": self.world.place.account}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.create_role(RoleName=copy, AssumeRolePolicyDocument=trust)
        name, document = self.policy(original)
        self.iam.put_role_policy(RoleName=copy, PolicyName=name, PolicyDocument=json.dumps(document))
        sts = self.world.client("sts", self.world.root)
        return _credentials(sts.assume_role(RoleArn=self.copy_of_task_role(service), RoleSessionName="a-task"))

    def copy_of_task_role(self, service: str) -> str:
        name = str(self.delivery["roles"]["task"][service]).rpartition("/")[2]
        # A role's name has 64 letters at most.
        return f"arn:aws:iam::{self.world.place.account}:role/{f'copy-{name}'[:64]}"

    # -- the pipeline --

    def playbook(self, name: str, who: Credentials, variables: t.Mapping[str, t.Any], *options: str) -> Run:
        """Run a playbook on the project's inventory with one identity's credentials, and nobody else's."""
        given = {
            # The inventory would hand over the account's own keys.
            "slipway_aws_connection": {
                "endpoint_url": self.world.endpoints["endpoint_url"],
                "region": self.world.place.region,
            },
            **variables,
        }
        command = ["ansible-playbook", name, "--inventory", str(ROOT / self.system.inventory)]
        command += ["--limit", f"{self.system.stack},localhost", "-e", json.dumps(given), *options]
        return self.world.run(command, cwd=ROOT, **who.environment())

    def receipts(self) -> list[dict[str, t.Any]]:
        """Return the receipts so far, oldest first."""
        found = [json.loads(path.read_text()) for path in (self.world.state / "releases").rglob("*.json")]
        return sorted(found, key=lambda receipt: (str(receipt["started_at"]), str(receipt["finished_at"])))


def readable(output: str) -> str:
    """Return what Ansible printed, without the line breaks and quoting that take a sentence apart."""
    return re.sub(r"\s+", " ", output.replace('\\"', '"').replace("\\n", " "))


def _credentials(answer: t.Mapping[str, t.Any]) -> Credentials:
    given = answer["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def _token(claims: t.Mapping[str, t.Any]) -> str:
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    written = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*written, base64.urlsafe_b64encode(b"not-checked-by-the-emulator").decode().rstrip("=")])


__all__ = ("Credentials", "Run", "Stack", "World", "WorldError", "readable")
