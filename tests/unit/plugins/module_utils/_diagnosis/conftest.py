# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account that answers from a recorded history, through real boto3 clients and checked against AWS' own models."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import json
import types
import typing as t
import urllib.parse

import boto3
import botocore.validate
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.collect import Limits, Subject
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import Finding, diagnose

if t.TYPE_CHECKING:
    from collections.abc import Callable

Answer = dict[str, t.Any]

BEGAN = datetime.datetime(2026, 11, 21, 7, 40, tzinfo=datetime.UTC)
REGION, ACCOUNT = "ap-northeast-1", "123456789012"
OURS, BEFORE = "ecs-svc/2222222222222222222", "ecs-svc/1111111111111111111"
ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
REVISION, REVISION_BEFORE = f"{ARN}:task-definition/chatbot:42", f"{ARN}:task-definition/chatbot:41"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/org/chatbot:4f2a9c1"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:chatbot-AbCdEf"
GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/chatbot/0123456789abcdef"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/chatbot-task"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/chatbot-execution"


def at(seconds: float) -> datetime.datetime:
    """A time so many seconds after the deployment began."""
    return BEGAN + datetime.timedelta(seconds=seconds)


@dataclasses.dataclass
class History:
    """What an account would answer. Starts as a service on Fargate behind a load balancer, one deployment under way."""

    service: Answer
    definition: Answer
    tasks: list[Answer] = dataclasses.field(default_factory=list)
    logs: dict[str, list[Answer]] = dataclasses.field(default_factory=dict)
    targets: list[Answer] = dataclasses.field(default_factory=list)
    group: Answer = dataclasses.field(default_factory=dict)
    policies: dict[str, Answer] = dataclasses.field(default_factory=dict)
    refusals: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    calls: list[str] = dataclasses.field(default_factory=list)

    @property
    def ours(self) -> Answer:
        return t.cast(Answer, self.service["deployments"][0])

    @property
    def container(self) -> Answer:
        return t.cast(Answer, self.definition["containerDefinitions"][0])

    def event(self, message: str, seconds: float = 60) -> History:
        self.service["events"].insert(0, {"id": "e", "createdAt": at(seconds), "message": message})
        return self

    def unhealthy(self, reason: str, description: str, address: str = "10.0.20.11") -> History:
        health = {"State": "unhealthy", "Reason": reason, "Description": description}
        self.targets.append({"Target": {"Id": address, "Port": 8000}, "TargetHealth": health})
        return self

    def task(
        self,
        identifier: str,
        reason: str = "Essential container in task exited",
        *,
        stop_code: str | None = "EssentialContainerExited",
        exit_code: int | None = None,
        container_reason: str | None = None,
        log: t.Sequence[str | tuple[float, str]] = (),
        lived: float = 40,
        started_by: str = OURS,
        definition: str = REVISION,
        health: str = "UNKNOWN",
    ) -> History:
        began = 10.0 + 5 * len(self.tasks)
        container: Answer = {"name": "app", "lastStatus": "STOPPED", "image": IMAGE, "healthStatus": health}
        if exit_code is not None:
            container["exitCode"] = exit_code
        if container_reason:
            container["reason"] = container_reason
        started = exit_code is not None or stop_code != "TaskFailedToStart"
        answer: Answer = {
            "taskArn": f"{ARN}:task/dev/{identifier}",
            "taskDefinitionArn": definition,
            "clusterArn": f"{ARN}:cluster/dev",
            "startedBy": started_by,
            "lastStatus": "STOPPED" if stop_code else "RUNNING",
            "createdAt": at(began),
            "healthStatus": health,
            "containers": [container],
            "attachments": [{"details": [{"name": "privateIPv4Address", "value": "10.0.20.11"}]}],
        }
        if started:
            answer |= {"pullStartedAt": at(began), "pullStoppedAt": at(began), "startedAt": at(began)}
        if stop_code:
            ended = at(began + lived)
            answer |= {"stopCode": stop_code, "stoppedReason": reason, "stoppingAt": ended, "stoppedAt": ended}
        self.tasks.append(answer)
        if log:
            lines = [item if isinstance(item, tuple) else (lived - 1, item) for item in log]
            self.logs[f"app/app/{identifier}"] = [
                {"timestamp": int(at(began + seconds).timestamp() * 1000), "message": text} for seconds, text in lines
            ]
        return self

    def failed(self, reason: str = "ECS deployment circuit breaker: tasks failed to start.") -> History:
        self.ours.update(rolloutState="FAILED", rolloutStateReason=reason)
        return self

    # --- what it answers ---------------------------------------------------------------------------------------

    def answer(self, operation: str, params: Answer) -> Answer:
        self.calls.append(operation)
        if operation in self.refusals:
            code, message = self.refusals[operation]
            return {"Error": {"Code": code, "Message": message}}
        return copy.deepcopy(t.cast("Callable[[Answer], Answer]", getattr(self, f"_{operation}"))(params))

    def _DescribeServices(self, params: Answer) -> Answer:
        return {"services": [self.service] if params["services"] == ["chatbot"] else []}

    def _DescribeTaskDefinition(self, params: Answer) -> Answer:
        return {"taskDefinition": {**self.definition, "taskDefinitionArn": params["taskDefinition"]}}

    def _ListTasks(self, params: Answer) -> Answer:
        wanted = params["desiredStatus"] == "STOPPED"
        return {"taskArns": [task["taskArn"] for task in self.tasks if (task["lastStatus"] == "STOPPED") == wanted]}

    def _DescribeTasks(self, params: Answer) -> Answer:
        return {"tasks": [task for task in self.tasks if task["taskArn"] in params["tasks"]]}

    def _GetLogEvents(self, params: Answer) -> Answer:
        stream = params["logStreamName"]
        if stream not in self.logs:
            return {
                "Error": {"Code": "ResourceNotFoundException", "Message": "The specified log stream does not exist."}
            }
        return {"events": self.logs[stream][-params["limit"] :]}

    def _DescribeTargetHealth(self, params: Answer) -> Answer:
        assert params["TargetGroupArn"] == GROUP
        return {"TargetHealthDescriptions": self.targets}

    def _DescribeTargetGroups(self, params: Answer) -> Answer:
        assert params["TargetGroupArns"] == [GROUP]
        return {"TargetGroups": [self.group]}

    def _ListRolePolicies(self, _params: Answer) -> Answer:
        return {"PolicyNames": sorted(self.policies), "IsTruncated": False}

    def _GetRolePolicy(self, params: Answer) -> Answer:
        return {
            "RoleName": params["RoleName"],
            "PolicyName": params["PolicyName"],
            "PolicyDocument": urllib.parse.quote(json.dumps(self.policies[params["PolicyName"]])),
        }

    def _ListAttachedRolePolicies(self, _params: Answer) -> Answer:
        return {"AttachedPolicies": [], "IsTruncated": False}


def new_history() -> History:
    deployment = {
        "id": OURS,
        "status": "PRIMARY",
        "taskDefinition": REVISION,
        "desiredCount": 2,
        "runningCount": 0,
        "pendingCount": 1,
        "failedTasks": 0,
        "createdAt": BEGAN,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {OURS} in progress.",
    }
    before = {
        **deployment,
        "id": BEFORE,
        "status": "ACTIVE",
        "taskDefinition": REVISION_BEFORE,
        "runningCount": 2,
        "pendingCount": 0,
        "createdAt": at(-86400),
        "rolloutState": "COMPLETED",
        "rolloutStateReason": f"ECS deployment {BEFORE} completed.",
    }
    network = {"subnets": ["subnet-0aaa", "subnet-0bbb"], "securityGroups": ["sg-0ccc"], "assignPublicIp": "DISABLED"}
    return History(
        service={
            "serviceName": "chatbot",
            "serviceArn": f"{ARN}:service/dev/chatbot",
            "clusterArn": f"{ARN}:cluster/dev",
            "status": "ACTIVE",
            "desiredCount": 2,
            "runningCount": 2,
            "pendingCount": 1,
            "launchType": "FARGATE",
            "taskDefinition": REVISION,
            "deployments": [deployment, before],
            "deploymentConfiguration": {
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            "healthCheckGracePeriodSeconds": 60,
            "networkConfiguration": {"awsvpcConfiguration": network},
            "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8000}],
            "events": [{"id": "s", "createdAt": at(-3600), "message": "(service chatbot) has reached a steady state."}],
        },
        definition={
            "family": "chatbot",
            "taskRoleArn": ROLE,
            "executionRoleArn": EXECUTION_ROLE,
            "networkMode": "awsvpc",
            "cpu": "512",
            "memory": "1024",
            "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
            "volumes": [],
            "containerDefinitions": [
                {
                    "name": "app",
                    "image": IMAGE,
                    "essential": True,
                    "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
                    "environment": [{"name": "LOG_LEVEL", "value": "info"}],
                    "secrets": [{"name": "DATABASE_PASSWORD", "valueFrom": f"{SECRET}:password::"}],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": "/ecs/chatbot",
                            "awslogs-region": REGION,
                            "awslogs-stream-prefix": "app",
                        },
                    },
                }
            ],
        },
        group={
            "TargetGroupArn": GROUP,
            "TargetGroupName": "chatbot",
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": "traffic-port",
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 10,
            "HealthCheckTimeoutSeconds": 5,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            "Matcher": {"HttpCode": "200"},
        },
    )


def _remember(params: Answer, context: Answer, **_kwargs: t.Any) -> None:
    context["asked"] = copy.deepcopy(params)


class Account:
    """Clients of an account with a history, whose answers go through botocore and must fit its models."""

    def __init__(self, recorded: History, *, checked: bool = True) -> None:
        self._recorded = recorded
        self._checked = checked
        self._clients: dict[str, t.Any] = {}

    def __call__(self, service: str, *, region: str | None = None) -> t.Any:
        if service not in self._clients:
            client = SESSION.client(service, region_name=region or REGION)
            client.meta.events.register("before-parameter-build", _remember)
            client.meta.events.register("before-call", self._answer)
            self._clients[service] = client
        return self._clients[service]

    def _answer(self, model: t.Any, context: Answer, **_kwargs: t.Any) -> tuple[t.Any, Answer]:
        answer = self._recorded.answer(model.name, context["asked"])
        if "Error" in answer:
            return types.SimpleNamespace(status_code=400), answer
        if self._checked:
            report = botocore.validate.ParamValidator().validate(answer, model.output_shape)
            assert not report.has_errors(), f"{model.name}: {report.generate_report()}"
        return types.SimpleNamespace(status_code=200), answer


SESSION = boto3.session.Session("test", "test", region_name=REGION)


@pytest.fixture(scope="session")
def history() -> Callable[[], History]:
    """Make the history of a deployment under way with nothing wrong yet."""
    return new_history


@pytest.fixture(scope="session")
def account() -> type[Account]:
    return Account


@pytest.fixture(scope="session")
def found() -> Callable[..., Finding]:
    """Diagnose a history, as the module and the watcher do."""

    def find(recorded: History, *, failed: bool | None = None, limits: Limits | None = None, **about: t.Any) -> Finding:
        subject = Subject("dev", "chatbot", about.get("deployment"), about.get("definition"))
        return diagnose(t.cast(t.Any, Account(recorded)), subject, limits, failed=failed)

    return find


@pytest.fixture(scope="session")
def best(found: Callable[..., Finding]) -> Callable[..., t.Any]:
    """Return the best diagnosis of a history; whatever it quotes must be in the history, word for word."""

    def find(recorded: History, **about: t.Any) -> t.Any:
        finding = found(recorded, **about)
        assert finding.diagnoses, finding.summary
        first = finding.diagnoses[0]
        assert first.evidence and first.fix.strip() and first.explanation.strip()
        assert first.code in finding.summary and first.fix in finding.summary
        return first

    return find
