# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account in which one service can be shipped without a complaint, on moto. A test breaks one thing and looks.

What moto has no answer to (simulating policies, layers) is answered here, through real clients that check each request
and answer against AWS' own models.
"""

from __future__ import annotations

import collections
import copy
import dataclasses
import hashlib
import http.server
import json
import os
import threading
import types
import typing as t

import moto
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Findings
from ansible_collections.slipway.aws.plugins.module_utils._preflight.inspect import inspect
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import Policy
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Iterator

Answer = dict[str, t.Any]

REGION, ACCOUNT = "ap-northeast-1", "123456789012"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
SECRET_VALUE = "hunter2-" + "Zq9"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
KEYS: Answer = {"region": REGION, "access_key": "slipway-unit-test", "secret_key": "slipway-unit-test"}


def index(*platforms: str) -> str:
    entries = [
        {"digest": "sha256:" + "2" * 64, "platform": dict(zip(("os", "architecture"), each.split("/"), strict=True))}
        for each in platforms
    ]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}
    )


class Listening(Clients):
    """Clients made once for all tests, whose calls are shown to the account of the test that runs."""

    def __init__(self) -> None:
        super().__init__(KEYS)
        self.account: Account | None = None

    def _connect(self, service: str, region: str) -> t.Any:
        made = super()._connect(service, region)
        made.meta.events.register("before-call", self._listen)
        return made

    def _listen(self, **told: t.Any) -> t.Any:
        return self.account.on_call(**told) if self.account else None


CLIENTS = Listening()


def simulated_resources(asked: Answer) -> list[str]:
    return [value for name, value in asked.items() if name.startswith("ResourceArns.member.")]


def without_machine_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare moto the thousand machine images it makes up whenever it begins anew: they take it a second."""
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the clients here, not in a fixture: some runners fork for every test, and would make them each time."""
    if session.config.option.collectonly or KEYS.get("warm"):
        return
    if any("account" in getattr(item, "fixturenames", ()) and "_preflight" in str(item.path) for item in session.items):
        KEYS["warm"] = True
        with pytest.MonkeyPatch.context() as patch:
            without_machine_images(patch)
            with moto.mock_aws():
                Account("").build()


@dataclasses.dataclass
class Account:
    """Everything one service needs. ``refusals`` are error codes by operation, ``decisions`` those of IAM."""

    blobs: str
    service: Answer = dataclasses.field(default_factory=dict)
    definition: Answer = dataclasses.field(default_factory=dict)
    running: Answer = dataclasses.field(default_factory=dict)
    timeout: float = 900
    rollback: bool = False
    caller: str = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run-1"
    refusals: dict[str, str] = dataclasses.field(default_factory=dict)
    refusal_text: str = ""
    answers: dict[str, Answer] = dataclasses.field(default_factory=dict)
    decisions: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    missing_context: list[str] = dataclasses.field(default_factory=list)
    calls: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    simulated: list[Answer] = dataclasses.field(default_factory=list)
    simulates_first_only: bool = False
    denied_roles: set[str] = dataclasses.field(default_factory=set)
    options: Answer = dataclasses.field(default_factory=dict)

    def client(self, service: str) -> t.Any:
        return CLIENTS(service, region=REGION)

    def on_call(self, model: t.Any, params: Answer, **_more: t.Any) -> t.Any:
        name = model.name
        self.calls[name] += 1
        if name in self.refusals or name == "GetRole" and params["body"]["RoleName"] in self.denied_roles:
            error = {
                "Code": self.refusals.get(name, "AccessDenied"),
                "Message": self.refusal_text or f"{name} is refused.",
            }
            return types.SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}
        if name == "SimulatePrincipalPolicy":
            return types.SimpleNamespace(status_code=200), self._simulate(params["body"])
        if name == "GetCallerIdentity":
            return types.SimpleNamespace(status_code=200), {"Arn": self.caller}
        if name == "GetDownloadUrlForLayer":
            return types.SimpleNamespace(status_code=200), {"downloadUrl": f"{self.blobs}/config?X-Amz-Signature=abc"}
        if name in self.answers:
            return types.SimpleNamespace(status_code=200), self.answers[name]
        return None

    def _simulate(self, asked: Answer) -> Answer:
        """Answer as AWS does, where decision and missing context of each resource stand one level down."""
        self.simulated.append(asked)
        action, resources = asked["ActionNames.member.1"], simulated_resources(asked)
        decisions = {
            each: self.decisions.get((action, each)) or self.decisions.get((action, "*"), "allowed")
            for each in resources
        }
        specific = [
            {
                "EvalResourceName": each,
                "EvalResourceDecision": decision,
                "MissingContextValues": self.missing_context if decision != "allowed" else [],
            }
            for each, decision in decisions.items()
        ]
        result = {"EvalActionName": action, "EvalResourceName": resources[0], "EvalDecision": decisions[resources[0]]}
        if self.simulates_first_only:
            return {"EvaluationResults": [result]}
        return {"EvaluationResults": [{**result, "ResourceSpecificResults": specific}]}

    @property
    def container(self) -> Answer:
        found: Answer = self.definition["containerDefinitions"][0]
        return found

    def subject(self, name: str = "backend") -> Subject:
        return Subject(name, self.service, self.definition, self.running, self.timeout, self.rollback)

    def look(self, *subjects: Subject) -> Findings:
        self.calls.clear()
        return inspect(CLIENTS, subjects or [self.subject()], Policy.from_options(self.options))

    def push(self, tag: str, text: str) -> str:
        """Push a manifest. moto takes two tags of one image for one tag, so each becomes an image of its own."""
        ecr = self.client("ecr")
        text = json.dumps({**json.loads(text), "annotations": {"tag": tag}})
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        kind = "application/vnd.oci.image.manifest.v1+json"
        ecr.put_image(
            repositoryName="chatbot", imageTag=tag, imageManifest=text, imageDigest=digest, imageManifestMediaType=kind
        )
        return digest

    def role(self, name: str, *statements: Answer, path: str = "/") -> str:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements or [TRUST])})
        iam = self.client("iam")
        answer = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)
        return str(answer["Role"]["Arn"])

    def build(self) -> None:
        self.client("ecr").create_repository(repositoryName="chatbot")
        self.push("v1", index("linux/amd64", "linux/arm64", "unknown/unknown"))
        self.push("v0", index("linux/amd64"))
        self.role("deploy", path="/ci/")
        secret = self.client("secretsmanager").create_secret(
            Name="chatbot/db", SecretString=json.dumps({"password": SECRET_VALUE})
        )
        parameter = self.client("ssm")
        parameter.put_parameter(Name="/chatbot/key", Value=SECRET_VALUE, Type="SecureString")
        self.client("logs").create_log_group(logGroupName="/ecs/chatbot/backend")
        ec2 = self.client("ec2")
        subnets = sorted(ec2.describe_subnets()["Subnets"], key=lambda item: item["AvailabilityZone"])[:2]
        group = self.client("elbv2").create_target_group(
            Name="backend", Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"], TargetType="ip"
        )["TargetGroups"][0]
        self.client("ecs").create_cluster(clusterName="chatbot", capacityProviders=["FARGATE"])
        efs = self.client("efs")
        files = efs.create_file_system(CreationToken="chatbot")["FileSystemId"]
        for subnet in subnets:
            efs.create_mount_target(FileSystemId=files, SubnetId=subnet["SubnetId"])
        self.definition = {
            "family": "chatbot",
            "cpu": "256",
            "memory": "512",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "executionRoleArn": self.role("execution"),
            "taskRoleArn": self.role("task"),
            "volumes": [{"name": "data", "efsVolumeConfiguration": {"fileSystemId": files}}],
            "containerDefinitions": [
                {
                    "name": "app",
                    "image": f"{REGISTRY}/chatbot:v1",
                    "portMappings": [{"containerPort": 8000}],
                    "secrets": [
                        {"name": "PASSWORD", "valueFrom": f"{secret['ARN']}:password::"},
                        {"name": "API_KEY", "valueFrom": "/chatbot/key"},
                    ],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {"awslogs-group": "/ecs/chatbot/backend", "awslogs-region": REGION},
                    },
                }
            ],
        }
        self.running = copy.deepcopy(self.definition)
        self.running |= {
            "status": "ACTIVE",
            "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/c:41",
        }
        self.running["containerDefinitions"][0]["image"] = f"{REGISTRY}/chatbot:v0"
        self.service = {
            "serviceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/chatbot/backend",
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/chatbot",
            "serviceName": "backend",
            "desiredCount": 2,
            "runningCount": 2,
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
            "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200},
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": [item["SubnetId"] for item in subnets]}},
            "loadBalancers": [
                {"targetGroupArn": group["TargetGroupArn"], "containerName": "app", "containerPort": 8000}
            ],
            "healthCheckGracePeriodSeconds": 60,
        }


class _Blobs(http.server.BaseHTTPRequestHandler):
    """The bucket layers are in; it has one configuration."""

    def do_GET(self) -> None:
        body = self.server.blob  # type: ignore[attr-defined]
        self.send_response(200 if body else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: t.Any) -> None:
        pass


@pytest.fixture
def blobs() -> Iterator[http.server.HTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Blobs)
    server.blob = json.dumps({"os": "linux", "architecture": "arm64"}).encode()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, blobs: http.server.HTTPServer) -> Iterator[Account]:
    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO", "MOTO_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    without_machine_images(monkeypatch)
    with moto.mock_aws():
        CLIENTS.account = made = Account(f"http://127.0.0.1:{blobs.server_address[1]}")
        made.build()
        yield made
    CLIENTS.account = None
