# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An ECS whose deployments take time, go wrong as they are told to, and remember in which order they were asked for."""

from __future__ import annotations

import copy
import dataclasses
import types
import typing as t

import botocore.exceptions
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock

Behaviour = t.Literal["works", "breaks", "hangs", "breaks without a way back", "is superseded", "refuses"]
ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/"


@dataclasses.dataclass
class Time:
    """A clock that moves when somebody sleeps."""

    passed: float = 0.0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.passed, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.passed += seconds


@dataclasses.dataclass
class _Rollout:
    id: str
    definition: str
    began: float
    behaviour: Behaviour


@dataclasses.dataclass
class _Service:
    name: str
    rollouts: list[_Rollout]
    serves: bool = True


class OnlyEcs:
    """The clients of an account where nobody has any business but with ECS."""

    region = "eu-west-1"

    def __init__(self, ecs: SlowEcs) -> None:
        self._ecs = ecs

    def __call__(self, service: str, **options: t.Any) -> t.Any:
        if service == "application-autoscaling":
            return NothingScales()
        assert (service, options) == ("ecs", {})
        return self._ecs

    def reconfigured(self, _config: t.Mapping[str, t.Any]) -> OnlyEcs:
        return self


class NothingScales:
    """Application Auto Scaling of an account that does not use it."""

    def describe_scalable_targets(self, **dummy: t.Any) -> dict[str, t.Any]:
        return {"ScalableTargets": []}


class SlowEcs:
    """Speaks like a boto3 client, as far as shipping goes. New revisions behave as C(behaviours) says."""

    SECONDS = 10.0
    meta = types.SimpleNamespace(endpoint_url="https://ecs.eu-west-1.amazonaws.com")

    def __init__(self, time: Time, behaviours: t.Mapping[str, Behaviour], *, unserved: t.Collection[str] = ()) -> None:
        self._time = time
        self._behaviours = behaviours
        self.calls: list[str] = []
        self.updated: list[tuple[str, str]] = []
        self.definitions: dict[str, dict[str, t.Any]] = {}
        self.tags: dict[str, list[dict[str, str]]] = {}
        self.services: dict[str, _Service] = {}
        for name in behaviours:
            arn = self._keep({"family": name, "containerDefinitions": [{"name": "app", "image": "old"}]}, [])
            first = _Rollout(f"ecs-svc/{name}-0", arn, -100.0, "works")
            self.services[name] = _Service(name, [first], serves=name not in unserved)

    def _keep(self, definition: dict[str, t.Any], tags: list[dict[str, str]]) -> str:
        number = sum(item["family"] == definition["family"] for item in self.definitions.values()) + 1
        arn = f"{ARN}{definition['family']}:{number}"
        self.definitions[arn] = {**copy.deepcopy(definition), "taskDefinitionArn": arn, "revision": number}
        self.tags[arn] = tags
        return arn

    def register_task_definition(self, *, tags: list[dict[str, str]], **definition: t.Any) -> dict[str, t.Any]:
        self.calls.append("register")
        return {"taskDefinition": {"taskDefinitionArn": self._keep(definition, tags)}}

    def describe_task_definition(self, *, taskDefinition: str, **dummy: t.Any) -> dict[str, t.Any]:
        self.calls.append(f"describe {taskDefinition.rpartition('/')[2]}")
        return {"taskDefinition": copy.deepcopy(self.definitions[taskDefinition]), "tags": self.tags[taskDefinition]}

    def describe_services(self, *, services: list[str], **dummy: t.Any) -> dict[str, t.Any]:
        self.calls.append("describe services")
        return {"services": [self._answer(self.services[name]) for name in services if name in self.services]}

    def update_service(self, *, service: str, taskDefinition: str, **dummy: t.Any) -> dict[str, t.Any]:
        known = self.services[service]
        first = known.rollouts[0].definition
        behaviour: Behaviour = "works" if taskDefinition == first else self._behaviours[service]
        self.calls.append("update")
        self.updated.append((service, taskDefinition.rpartition("/")[2]))
        if behaviour == "refuses":
            # What boto3 raises is made of this; the caller's own layer turns it into a sentence.
            raise _refusal()
        rollout = _Rollout(f"ecs-svc/{service}-{len(known.rollouts)}", taskDefinition, self._time.passed, behaviour)
        known.rollouts.append(rollout)
        return {"service": self._answer(known)}

    def running(self, service: str) -> str:
        """Return the revision that is primary and complete, or nothing."""
        (primary, *_rest) = self._answer(self.services[service])["deployments"]
        return str(primary["taskDefinition"]) if primary["rolloutState"] == "COMPLETED" else ""

    def _answer(self, service: _Service) -> dict[str, t.Any]:
        deployments = self._deployments(service)
        return {
            "serviceArn": f"arn:aws:ecs:eu-west-1:123456789012:service/c/{service.name}",
            "serviceName": service.name,
            "status": "ACTIVE",
            "taskDefinition": deployments[0]["taskDefinition"],
            "desiredCount": 2,
            "runningCount": 2 if service.serves else 0,
            "deployments": deployments,
            "events": [],
        }

    def _deployments(self, service: _Service) -> list[dict[str, t.Any]]:
        current, old = service.rollouts[-1], service.rollouts[0]
        over = self._time.passed - current.began >= self.SECONDS
        if current.behaviour == "is superseded" and over:
            return [_entry("ecs-svc/another", f"{ARN}another:1", "PRIMARY", "COMPLETED", 2)]
        if current.behaviour == "breaks" and over:
            failed = _entry(current.id, current.definition, "ACTIVE", "FAILED", 0, failed=3, reason="breaker")
            return [_entry(old.id + "-back", old.definition, "PRIMARY", "COMPLETED", 2), failed]
        if current.behaviour == "breaks without a way back" and over:
            return [_entry(current.id, current.definition, "PRIMARY", "FAILED", 0, failed=3, reason="breaker")]
        if current.behaviour == "works" and over:
            running = 2 if service.serves or len(service.rollouts) > 1 else 0
            return [_entry(current.id, current.definition, "PRIMARY", "COMPLETED", running)]
        return [
            _entry(current.id, current.definition, "PRIMARY", "IN_PROGRESS", 0),
            _entry(old.id, old.definition, "ACTIVE", "COMPLETED", 2),
        ]


def _entry(
    identifier: str, definition: str, status: str, rollout: str, running: int, *, failed: int = 0, reason: str = ""
) -> dict[str, t.Any]:
    return {
        "id": identifier,
        "status": status,
        "taskDefinition": definition,
        "desiredCount": 2,
        "runningCount": running,
        "pendingCount": 0,
        "failedTasks": failed,
        "rolloutState": rollout,
        "rolloutStateReason": reason,
    }


def _refusal() -> Exception:
    answer = {"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}
    return botocore.exceptions.ClientError(answer, "UpdateService")


__all__ = ("Behaviour", "OnlyEcs", "SlowEcs", "Time")
