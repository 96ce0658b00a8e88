# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CodeDeploy that deploys to ECS, and the ECS it does that to, written from their API references.

What is asked and what is answered is checked against botocore's own description of the two APIs, so neither side can
use a word that AWS does not know.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import types
import typing as t

import botocore.exceptions
import botocore.loaders
import botocore.model
import botocore.validate
from slow_ecs import NothingScales, SlowEcs, Time

Answer = dict[str, t.Any]
Behaviour = t.Literal[
    "works", "lingers", "fails", "fails for good", "fails to go back", "is stopped by an alarm", "is stopped", "hangs",
    "waits", "is superseded",
]  # fmt: skip
BEHAVIOURS: tuple[Behaviour, ...] = t.get_args(Behaviour)
APPLICATION, GROUP = "shop", "web"
CLUSTER, SERVICE = "c", "web"
EVENTS = ("BeforeInstall", "Install", "AfterInstall", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
INSTALLED, MOVED, OVER = 4.0, 8.0, 12.0
PLACE = {"cluster": CLUSTER, "service": SERVICE, "container": "app"}

_LOADER = botocore.loaders.Loader()
_MODELS = {
    name: botocore.model.ServiceModel(_LOADER.load_service_model(name, "service-2"), name)
    for name in ("codedeploy", "ecs")
}


def checked(api: str, operation: str, side: t.Literal["input_shape", "output_shape"], value: Answer) -> Answer:
    """Return what is asked or answered, if AWS knows every word of it."""
    shape = getattr(_MODELS[api].operation_model(operation), side)
    if shape is None:
        assert value == {}
        return value
    report = botocore.validate.ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()
    _check_choices(shape, value, operation)
    return value


def _check_choices(shape: t.Any, value: t.Any, where: str) -> None:
    if shape.type_name == "structure":
        for key, item in value.items():
            _check_choices(shape.members[key], item, f"{where}.{key}")
    elif shape.type_name == "list":
        for item in value:
            _check_choices(shape.member, item, where)
    elif getattr(shape, "enum", None):
        assert value in shape.enum, f"{where}: {value}"


def refusal(code: str, operation: str, message: str = "no") -> Exception:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclasses.dataclass
class Deployment:
    """One deployment of CodeDeploy, and the task set it makes."""

    id: str
    definition: str
    behaviour: Behaviour
    began: float
    spec: str
    config: str | None = None
    description: str = ""
    rolls_back: str | None = None
    rollback: str | None = None
    stopped: float | None = None
    continued: float | None = None
    # When it moved the traffic, once somebody has seen it.
    moved: float | None = None
    over: float | None = None


class Ecs(SlowEcs):
    """Answers for one service that CodeDeploy deploys, and refuses to be told about its revision."""

    def __init__(self, time: Time) -> None:
        super().__init__(time, {SERVICE: "works"})
        self.first = self.services[SERVICE].rollouts[0].definition
        self.sets: t.Callable[[], list[Answer]] = list

    def registered(self, image: str) -> str:
        return self._keep({"family": SERVICE, "containerDefinitions": [{"name": "app", "image": image}]}, [])

    def update_service(self, **request: t.Any) -> Answer:
        raise AssertionError(f"ECS refuses this for a service of CodeDeploy: {request}")

    def describe_services(self, *, cluster: str, services: list[str], **rest: t.Any) -> Answer:
        checked("ecs", "DescribeServices", "input_shape", {"cluster": cluster, "services": services, **rest})
        self.calls.append("describe services")
        sets = self.sets()
        answer = {
            "serviceArn": f"arn:aws:ecs:eu-west-1:123456789012:service/{CLUSTER}/{SERVICE}",
            "serviceName": SERVICE,
            "status": "ACTIVE",
            "deploymentController": {"type": "CODE_DEPLOY"},
            "desiredCount": 2,
            "runningCount": sum(item["runningCount"] for item in sets),
            "platformVersion": "1.4.0",
            "deployments": [],
            "taskSets": sets,
            "events": [],
        }
        return checked("ecs", "DescribeServices", "output_shape", {"services": [answer]})


class CodeDeploy:
    """One application with one group. New deployments behave as C(behaviour) says; rollbacks work."""

    meta = types.SimpleNamespace(endpoint_url="https://codedeploy.eu-west-1.amazonaws.com")

    def __init__(self, time: Time, ecs: Ecs, behaviour: Behaviour = "works") -> None:
        self.time, self.ecs, self.behaviour = time, ecs, behaviour
        self.calls: list[str] = []
        self.deployments: dict[str, Deployment] = {}
        self.others: list[tuple[str, str]] = []
        self.target_revision: Answer | None = None
        self.rolled_back_on: list[str] = [
            "DEPLOYMENT_FAILURE",
            "DEPLOYMENT_STOP_ON_ALARM",
            "DEPLOYMENT_STOP_ON_REQUEST",
        ]
        # A rollback is named this long after the deployment ended.
        self.named_after = 2.0
        self.blind = False
        ecs.sets = self.task_sets

    # --- what is asked ---------------------------------------------------------------------------------------------

    def get_paginator(self, name: str) -> t.Any:
        def paginate(**request: t.Any) -> list[Answer]:
            operation = "".join(word.capitalize() for word in name.split("_"))
            checked("codedeploy", operation, "input_shape", request)
            self.calls.append(operation)
            pages: list[Answer] = getattr(self, f"_{name}")(**request)
            return [checked("codedeploy", operation, "output_shape", page) for page in pages]

        return types.SimpleNamespace(paginate=paginate)

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("_") or f"_{name}" not in type(self).__dict__:
            raise AttributeError(name)
        operation = "".join(word.capitalize() for word in name.split("_"))

        def call(**request: t.Any) -> Answer:
            checked("codedeploy", operation, "input_shape", request)
            self.calls.append(operation)
            return checked("codedeploy", operation, "output_shape", getattr(self, f"_{name}")(**request))

        return call

    def _list_applications(self) -> list[Answer]:
        names = [APPLICATION, *(application for application, _platform in self.others)]
        return [{"applications": sorted(names)[:1]}, {"applications": sorted(names)[1:]}]

    def _batch_get_applications(self, *, applicationNames: list[str]) -> Answer:
        platforms = {APPLICATION: "ECS", **dict(self.others)}
        return {
            "applicationsInfo": [
                {"applicationName": name, "computePlatform": platforms[name]} for name in applicationNames
            ]
        }

    def _list_deployment_groups(self, *, applicationName: str) -> list[Answer]:
        return [{"deploymentGroups": [GROUP] if applicationName == APPLICATION else ["other"]}]

    def _batch_get_deployment_groups(self, *, applicationName: str, deploymentGroupNames: list[str]) -> Answer:
        known = {(APPLICATION, GROUP): SERVICE}
        groups: list[Answer] = []
        for name in deploymentGroupNames:
            service = known.get((applicationName, name), "another")
            group: Answer = {
                "applicationName": applicationName,
                "deploymentGroupName": name,
                "computePlatform": "ECS",
                "ecsServices": [{"clusterName": CLUSTER, "serviceName": service}],
            }
            if self.target_revision:
                group["targetRevision"] = self.target_revision
            if name in (GROUP, "other"):
                groups.append(group)
        return {"deploymentGroupsInfo": groups}

    def _list_deployments(
        self, *, applicationName: str, deploymentGroupName: str, includeOnlyStatuses: list[str]
    ) -> list[Answer]:
        assert (applicationName, deploymentGroupName) == (APPLICATION, GROUP)
        found = [item.id for item in self.deployments.values() if self.status(item) in includeOnlyStatuses]
        return [{"deployments": found}]

    def _batch_get_deployments(self, *, deploymentIds: list[str]) -> Answer:
        assert len(deploymentIds) <= 25
        return {"deploymentsInfo": [self._info(self.deployments[identifier]) for identifier in deploymentIds]}

    def _batch_get_deployment_targets(self, *, deploymentId: str, targetIds: list[str]) -> Answer:
        assert targetIds == [f"{CLUSTER}:{SERVICE}"]
        if self.blind:
            raise refusal("AccessDeniedException", "BatchGetDeploymentTargets", "not yours")
        deployment = self.deployments[deploymentId]
        if self._age(deployment) < 1:
            raise refusal("DeploymentNotStartedException", "BatchGetDeploymentTargets")
        weight = 100.0 if self.primary().id == deploymentId else 0.0
        target = {
            "deploymentId": deploymentId,
            "targetId": targetIds[0],
            "lifecycleEvents": self._events(deployment),
            "taskSetsInfo": [{"taskSetLabel": "Green", "trafficWeight": weight}],
        }
        return {"deploymentTargets": [{"deploymentTargetType": "ECSTarget", "ecsTarget": target}]}

    def _create_deployment(self, *, revision: Answer, **request: t.Any) -> Answer:
        if any(self.under_way(item) for item in self.deployments.values()):
            raise refusal("DeploymentLimitExceededException", "CreateDeployment", "one at a time")
        assert (request["applicationName"], request["deploymentGroupName"]) == (APPLICATION, GROUP)
        content = revision["appSpecContent"]["content"]
        definition = json.loads(content)["Resources"][0]["TargetService"]["Properties"]["TaskDefinition"]
        self.target_revision = revision
        behaviour: Behaviour = "works" if definition == self.ecs.first else self.behaviour
        made = self._made(definition, behaviour, content)
        made.config, made.description = request.get("deploymentConfigName"), request["description"]
        return {"deploymentId": made.id}

    def _continue_deployment(self, *, deploymentId: str, deploymentWaitType: str) -> Answer:
        if self.status(self.deployments[deploymentId]) != "Ready":
            raise refusal("DeploymentIsNotInReadyStateException", "ContinueDeployment")
        assert deploymentWaitType == "READY_WAIT"
        self.deployments[deploymentId].continued = self.time.passed
        return {}

    def _stop_deployment(self, *, deploymentId: str, autoRollbackEnabled: bool) -> Answer:
        deployment = self.deployments[deploymentId]
        if not self.under_way(deployment):
            raise refusal("DeploymentAlreadyCompletedException", "StopDeployment")
        assert autoRollbackEnabled
        deployment.stopped = self.time.passed
        self._come_back(deployment, "works")
        return {"status": "Pending"}

    # --- how it goes -----------------------------------------------------------------------------------------------

    def start(self, definition: str, behaviour: Behaviour) -> Deployment:
        """Have somebody else deploy a revision."""
        return self._made(definition, behaviour, json.dumps({"TaskDefinition": definition}))

    def _made(self, definition: str, behaviour: Behaviour, spec: str) -> Deployment:
        number = len(self.deployments) + 1
        made = Deployment(f"d-{number:09d}", definition, behaviour, self.time.passed, spec)
        self.deployments[made.id] = made
        return made

    def _come_back(self, deployment: Deployment, behaviour: Behaviour) -> None:
        before = self._before(deployment)
        made = self._made(before, behaviour, json.dumps({"TaskDefinition": before}))
        made.rolls_back, deployment.rollback = deployment.id, made.id

    def _before(self, deployment: Deployment) -> str:
        done = [item for item in self.deployments.values() if item.began < deployment.began and item.moved is not None]
        return done[-1].definition if done else self.ecs.first

    def _age(self, deployment: Deployment) -> float:
        return self.time.passed - deployment.began

    def status(self, deployment: Deployment) -> str:
        """Return its status now, and let what follows from it happen."""
        status = self._status(deployment)
        ended = status in ("Failed", "Stopped")
        if ended and deployment.rollback is None and self._automatic(deployment, status):
            self._come_back(deployment, "fails for good" if deployment.behaviour == "fails to go back" else "works")
        if ended and deployment.over is None:
            deployment.over = self.time.passed
        return status

    def _automatic(self, deployment: Deployment, status: str) -> bool:
        if deployment.rolls_back or deployment.behaviour in ("fails for good", "is stopped"):
            return False
        event = "DEPLOYMENT_FAILURE" if status == "Failed" else "DEPLOYMENT_STOP_ON_ALARM"
        return event in self.rolled_back_on

    def _status(self, deployment: Deployment) -> str:
        age, behaviour = self._age(deployment), deployment.behaviour
        if deployment.stopped is not None:
            return "Stopped"
        if age < 1:
            return "Created"
        if age < INSTALLED or behaviour == "hangs":
            return "InProgress"
        if behaviour in ("fails", "fails for good", "fails to go back"):
            return "Failed"
        if behaviour == "waits":
            if deployment.continued is None:
                return "Ready"
            age = INSTALLED + self.time.passed - deployment.continued
        return self._with_traffic(deployment, age)

    def _with_traffic(self, deployment: Deployment, age: float) -> str:
        behaviour = deployment.behaviour
        if age >= MOVED and deployment.moved is None:
            deployment.moved = self.time.passed
        if behaviour in ("is stopped by an alarm", "is stopped") and age >= MOVED:
            return "Stopped"
        if behaviour == "is superseded" and age >= OVER:
            deployment.behaviour = "works"
            another = self.start(self.ecs.registered("another's"), "works")
            another.began, another.moved = another.began - 100, self.time.passed
        return "Succeeded" if age >= OVER and behaviour != "lingers" else "InProgress"

    def under_way(self, deployment: Deployment) -> bool:
        return self.status(deployment) in ("Created", "Queued", "InProgress", "Baking", "Ready")

    def primary(self) -> Deployment:
        """Return the deployment whose task set has the traffic."""
        for deployment in list(self.deployments.values()):
            self.status(deployment)
        first = Deployment("d-before", self.ecs.first, "works", -100.0, "")
        done = [item for item in self.deployments.values() if item.moved is not None]
        return done[-1] if done else first

    def task_sets(self) -> list[Answer]:
        primary = self.primary()
        sets = [_task_set(primary, "PRIMARY", 2)]
        for deployment in self.deployments.values():
            if deployment is not primary and self.under_way(deployment) and self._age(deployment) >= 1:
                sets.append(_task_set(deployment, "ACTIVE", 0 if deployment.behaviour == "hangs" else 1))
        if primary.behaviour == "lingers":
            sets.append(_task_set(Deployment("d-before", self.ecs.first, "works", 0, ""), "ACTIVE", 2))
        return sets

    def _events(self, deployment: Deployment) -> list[Answer]:
        status, moved = self.status(deployment), deployment.moved is not None
        told: list[Answer] = []
        for number, name in enumerate(EVENTS):
            done = moved or (number < 3 and self._age(deployment) >= INSTALLED and status != "Failed")
            told.append({"lifecycleEventName": name, "status": "Succeeded" if done else "Pending"})
        now = next((event for event in told if event["status"] == "Pending"), None)
        if now is not None:
            now["status"] = "Failed" if status == "Failed" else "InProgress"
            if status == "Failed":
                now["diagnostics"] = {"message": "the check said no"}
        return told

    def _info(self, deployment: Deployment) -> Answer:
        status = self.status(deployment)
        answer: Answer = {
            "applicationName": APPLICATION,
            "deploymentGroupName": GROUP,
            "deploymentId": deployment.id,
            "status": status,
            "createTime": datetime.datetime.fromtimestamp(1_800_000_000 + deployment.began, datetime.UTC),
            "description": deployment.description,
            "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": deployment.spec}},
            "autoRollbackConfiguration": {"enabled": bool(self.rolled_back_on), "events": self.rolled_back_on},
            "blueGreenDeploymentConfiguration": {
                "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 30}
            },
        }
        if status == "Failed":
            answer["errorInformation"] = {"code": "HOOK_EXECUTION_FAILURE", "message": "A hook failed."}
        if status == "Stopped" and deployment.behaviour == "is stopped by an alarm":
            answer["errorInformation"] = {"code": "ALARM_ACTIVE", "message": "One or more alarms are active."}
        elif status == "Stopped":
            answer["errorInformation"] = {"code": "MANUAL_STOP", "message": "Stopped by a user."}
        named = deployment.over is not None and self.time.passed - deployment.over >= self.named_after
        if deployment.rollback and named:
            answer["rollbackInfo"] = {"rollbackDeploymentId": deployment.rollback}
        return answer


def _task_set(deployment: Deployment, status: str, running: int) -> Answer:
    return {
        "id": f"ecs-svc/{deployment.id}",
        "startedBy": "CODE_DEPLOY",
        "externalId": deployment.id,
        "status": status,
        "taskDefinition": deployment.definition,
        "computedDesiredCount": 2,
        "runningCount": running,
        "pendingCount": 0,
        "platformVersion": "1.4.0",
        "stabilityStatus": "STEADY_STATE" if running == 2 else "STABILIZING",
        "loadBalancers": [{"targetGroupArn": f"tg-{deployment.id}", "containerName": "front", "containerPort": 8080}],
        "networkConfiguration": {
            "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
        },
    }


class BothClients:
    """The clients of an account with ECS and CodeDeploy."""

    region = "eu-west-1"

    def __init__(self, ecs: Ecs, codedeploy: CodeDeploy) -> None:
        self._known: dict[str, t.Any] = {
            "ecs": ecs, "codedeploy": codedeploy, "application-autoscaling": NothingScales(),
        }  # fmt: skip

    def __call__(self, service: str, **dummy: t.Any) -> t.Any:
        return self._known[service]

    def reconfigured(self, _config: t.Mapping[str, t.Any]) -> BothClients:
        return self


__all__ = ("BEHAVIOURS", "Behaviour", "BothClients", "CodeDeploy", "Ecs", "PLACE", "checked", "refusal")
