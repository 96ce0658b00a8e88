# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of a service's deployments."""

from __future__ import annotations

import json
import typing as t

from ..service_deployment import BREAKER, ENDS, Rollback, ServiceDeployment, counts, revision_arn
from . import tasks
from .seams import action, answer, original, replace, service

if t.TYPE_CHECKING:
    from types import ModuleType

    from .seams import Place, Record, Reply

BY_A_USER = "Service deployment rolled back because of a user-initiated rollback."
SNAPSHOT = (
    "clusterArn",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "deploymentConfiguration",
)


def service_deployments(_place: Place) -> None:
    """A service tells of its deployments and revisions, and of how each deployment ended; one can be stopped.

    AWS: ListServiceDeployments, DescribeServiceDeployments, DescribeServiceRevisions and StopServiceDeployment; a
    service names the current one.
    MiniStack: the lists are always empty, and nothing can be stopped.
    """
    History(service("ecs")).install()


class History:
    """Keeps each service's deployments with the service itself, newest first."""

    def __init__(self, ecs: ModuleType) -> None:
        self._ecs = ecs
        self._record_failure = original(ecs, "_record_service_task_failure")
        self._complete = original(ecs, "_complete_service_deployment")
        original(ecs, "resource_lock")

    def install(self) -> None:
        ecs = self._ecs
        for name in ("ListServiceDeployments", "DescribeServiceDeployments", "DescribeServiceRevisions"):
            action(ecs, name)  # without its stub, the emulator has an answer of its own
        replace(ecs, "_record_service_task_failure", self.record_failure)
        replace(ecs, "_complete_service_deployment", self.complete)
        answer(
            ecs,
            CreateService=self._noted(action(ecs, "CreateService")),
            UpdateService=self._noted(action(ecs, "UpdateService")),
            DescribeServices=self._told(action(ecs, "DescribeServices")),
            ListServiceDeployments=self.list_deployments,
            DescribeServiceDeployments=self.describe_deployments,
            DescribeServiceRevisions=self.describe_revisions,
            StopServiceDeployment=self.stop_deployment,
        )

    # What happens to services.

    def _noted(self, handler: t.Any) -> t.Any:
        def handle(data: Record) -> Reply:
            status, headers, body = handler(data)
            if status != 200:
                return status, headers, body
            content = json.loads(body)
            found = self._service_of(content["service"]["serviceArn"])
            if found:
                self._note(found)
                self._tell(content["service"], found)
            return status, headers, json.dumps(content).encode()

        return handle

    def _note(self, found: Record) -> None:
        past: list[ServiceDeployment] = found.setdefault("_service_deployments", [])
        known = [one.deployment["id"] for one in past]
        deployments = found["deployments"]
        for deployment in reversed([one for one in deployments if one["id"] not in known]):
            for earlier in past:
                earlier.settle()
                earlier.superseded = True
                earlier.settle()
            came_from = [one for one in deployments if one["id"] in known and one["rolloutState"] != "FAILED"]
            snapshot = {key: found.get(key) for key in SNAPSHOT}
            past.insert(0, ServiceDeployment(found["serviceArn"], deployment, came_from, snapshot))
        self._settle(past)  # a service of no tasks is complete at once

    def record_failure(self, task: Record, *rest: t.Any, **more: t.Any) -> None:
        self._record_failure(task, *rest, **more)
        # The emulator fails a deployment and rolls it back in one go, under this lock: half of it is no rollback.
        with self._ecs.resource_lock("ecs-service", tasks.service_key(self._ecs, task) or ""):
            self._note_failure(task)

    def _note_failure(self, task: Record) -> None:
        found = tasks.service_of(self._ecs, task)
        past: list[ServiceDeployment] = (found or {}).get("_service_deployments", [])
        mine = next((one for one in past if one.deployment["id"] == task.get("_deployment_id")), None)
        if found and mine and mine.deployment["rolloutState"] == "FAILED" and not mine.end[0] and not mine.rollback:
            primary = self._ecs._primary_deployment(found)
            breaker = (found.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
            if primary and primary is not mine.deployment and not mine.superseded:
                mine.rollback = Rollback(primary, BREAKER)
            else:
                mine.no_way_back = bool(breaker.get("rollback"))
        self._settle(past)

    def complete(self, cluster: str, key: str, *rest: t.Any, **more: t.Any) -> None:
        found = self._ecs._services.get(key) or {}
        self._complete(cluster, key, *rest, **more)
        self._settle(found.get("_service_deployments", []))

    @staticmethod
    def _settle(past: list[ServiceDeployment]) -> None:
        for one in past:
            one.settle()

    # What people ask.

    def _told(self, handler: t.Any) -> t.Any:
        def handle(data: Record) -> Reply:
            status, headers, body = handler(data)
            content = json.loads(body)
            for told in content.get("services", []):
                found = self._service_of(told["serviceArn"])
                if found:
                    self._tell(told, found)
            return status, headers, json.dumps(content).encode()

        return handle

    @staticmethod
    def _tell(told: Record, found: Record) -> None:
        past: list[ServiceDeployment] = found.get("_service_deployments", [])
        if past:
            told["currentServiceDeployment"] = past[0].arn
        told["currentServiceRevisions"] = [
            counts(found["serviceArn"], one) for one in found["deployments"] if one["rolloutState"] != "FAILED"
        ]

    def list_deployments(self, data: Record) -> Reply:
        ecs = self._ecs
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        name = str(data.get("service", "")).rpartition("/")[2]
        found = ecs._services.get(f"{cluster}/{name}")
        if found is None:
            return _error(ecs, "ServiceNotFoundException", "Service not found.")
        wanted, created = data.get("status") or [], data.get("createdAt") or {}
        told = [
            one.brief()
            for one in found.get("_service_deployments", [])
            if (not wanted or one.standing()[0] in wanted)
            and one.created >= float(created.get("after") or 0)
            and one.created <= float(created.get("before") or one.created)
        ]
        start, size = int(data.get("nextToken") or 0), int(data.get("maxResults") or 20)
        more = {"nextToken": str(start + size)} if start + size < len(told) else {}
        return _answer(ecs, {"serviceDeployments": told[start : start + size], **more})

    def describe_deployments(self, data: Record) -> Reply:
        known = {one.arn: (one, found) for one, found in self._all()}
        asked = data.get("serviceDeploymentArns", [])
        told = [
            known[arn][0].full(self._ecs._circuit_breaker_threshold(known[arn][1])) for arn in asked if arn in known
        ]
        return _answer(self._ecs, {"serviceDeployments": told, "failures": _missing(asked, known)})

    def describe_revisions(self, data: Record) -> Reply:
        known = {revision_arn(one.service_arn, one.deployment): one for one, dummy in self._all()}
        asked = data.get("serviceRevisionArns", [])
        told = []
        for one in (known[arn] for arn in asked if arn in known):
            definition = self._ecs._task_defs.get(self._ecs._resolve_td_key(one.deployment["taskDefinition"]))
            told.append(one.revision(definition or {"containerDefinitions": []}))
        return _answer(self._ecs, {"serviceRevisions": told, "failures": _missing(asked, known)})

    def stop_deployment(self, data: Record) -> Reply:
        """Roll a deployment back, as its circuit breaker would."""
        ecs, arn = self._ecs, data.get("serviceDeploymentArn", "")
        if data.get("stopType", "ROLLBACK") != "ROLLBACK":
            return _error(ecs, "InvalidParameterException", "The only stopType is ROLLBACK.")
        mine, found = next(((one, found) for one, found in self._all() if one.arn == arn), (None, None))
        if mine is None or found is None:
            return _error(ecs, "ServiceDeploymentNotFoundException", "The service deployment was not found.")
        key = f"{ecs._cluster_name_from_arn(found['clusterArn'])}/{found['serviceName']}"
        with ecs.resource_lock("ecs-service", key):
            if mine.standing()[0] in ENDS:
                return _error(ecs, "ConflictException", f"The service deployment is {mine.standing()[0]} already.")
            if not mine.rollback:
                self._turn_back(mine, found)
        ecs._reconcile_service_tasks(key.partition("/")[0], key)
        ecs._schedule_service_deployment_completion(key.partition("/")[0], key, ecs.get_account_id(), ecs.get_region())
        self._settle(found["_service_deployments"])
        return _answer(ecs, {"serviceDeploymentArn": arn})

    def _turn_back(self, mine: ServiceDeployment, found: Record) -> None:
        now = self._ecs._iso()
        failed = {"rolloutState": "FAILED", "rolloutStateReason": BY_A_USER, "desiredCount": 0, "updatedAt": now}
        mine.deployment |= failed
        back = next((one for one in found["deployments"] if one["rolloutState"] == "COMPLETED"), None)
        if back is None:
            mine.no_way_back = True
            return
        mine.rollback = Rollback(back, BY_A_USER)
        mine.deployment["status"] = "ACTIVE"
        back |= {
            "status": "PRIMARY",
            "desiredCount": found["desiredCount"],
            "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": "ECS deployment rollback in progress.",
            "updatedAt": now,
        }
        found["taskDefinition"] = back["taskDefinition"]

    def _service_of(self, arn: str) -> Record | None:
        return next((one for one in [*self._ecs._services.values()] if one["serviceArn"] == arn), None)

    def _all(self) -> list[tuple[ServiceDeployment, Record]]:
        services = [*self._ecs._services.values()]
        return [(one, found) for found in services for one in found.get("_service_deployments", [])]


def _missing(asked: list[str], known: t.Collection[str]) -> list[Record]:
    return [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known]


def _answer(ecs: ModuleType, content: Record) -> Reply:
    reply: Reply = ecs.json_response(ecs._sanitize(content))
    return reply


def _error(ecs: ModuleType, kind: str, message: str) -> Reply:
    reply: Reply = ecs.error_response_json(kind, message, 400)
    return reply
