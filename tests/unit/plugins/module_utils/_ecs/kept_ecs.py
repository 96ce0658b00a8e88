# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An ECS that keeps revisions, and everything that may refer to one: what the emulators know only half of."""

from __future__ import annotations

import dataclasses
import typing as t

import botocore.exceptions

PREFIX = "arn:aws:ecs:ap-northeast-1:123456789012"
FINGERPRINT = "slipway:fingerprint"
Answer = dict[str, t.Any]


def revision(name: str) -> str:
    return f"{PREFIX}:task-definition/{name}"


@dataclasses.dataclass
class KeptService:
    """A service and what it has to do with revisions, each as C(family:number)."""

    cluster: str
    name: str
    runs: str | None
    deployments: t.Sequence[str] = ()
    task_sets: t.Sequence[str] = ()
    current: t.Sequence[str] = ()
    went: t.Sequence[tuple[str, str]] = ()
    """Successful deployments, the newest first: where each came from, and where it went."""
    status: str = "ACTIVE"

    @property
    def arn(self) -> str:
        return f"{PREFIX}:service/{self.cluster}/{self.name}"


@dataclasses.dataclass
class KeptEcs:
    """Speaks as the boto3 client does, as far as pruning asks."""

    revisions: dict[str, bool]
    """Every active revision, and whether a release of ours made it."""
    services: list[KeptService] = dataclasses.field(default_factory=list)
    tasks: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    """The running tasks: in which cluster, and what."""
    clusters: t.Sequence[str] = ("dev",)
    has_deployments: bool = True
    refuses: t.Collection[str] = ()
    page: int = 2
    calls: list[tuple[str, Answer]] = dataclasses.field(default_factory=list)

    def named(self, operation: str) -> list[Answer]:
        return [request for name, request in self.calls if name == operation]

    def get_paginator(self, operation: str) -> Pages:
        return Pages(self, operation)

    def list_clusters(self, **request: t.Any) -> Answer:
        return self._paged("list_clusters", request, "clusterArns", [f"{PREFIX}:cluster/{x}" for x in self.clusters])

    def list_services(self, **request: t.Any) -> Answer:
        arns = [item.arn for item in self._of(request["cluster"]) if item.status == "ACTIVE"]
        return self._paged("list_services", request, "serviceArns", arns)

    def list_tasks(self, **request: t.Any) -> Answer:
        cluster = request["cluster"].rsplit("/", 1)[-1]
        arns = [
            f"{PREFIX}:task/{where}/{number}"
            for number, (where, what) in enumerate(self.tasks)
            if where == cluster and what.partition(":")[0] == request["family"]
        ]
        return self._paged("list_tasks", request, "taskArns", arns)

    def list_task_definitions(self, **request: t.Any) -> Answer:
        # A true prefix here: whoever asks has to look twice.
        arns = [revision(name) for name in self.revisions if name.startswith(request["familyPrefix"])]
        return self._paged("list_task_definitions", request, "taskDefinitionArns", arns)

    def describe_services(self, **request: t.Any) -> Answer:
        self._called("describe_services", request)
        assert len(request["services"]) <= 10
        wanted = {name.rsplit("/", 1)[-1] for name in request["services"]}
        found = [item for item in self._of(request["cluster"]) if item.name in wanted]
        missing = [{"arn": name, "reason": "MISSING"} for name in sorted(wanted - {item.name for item in found})]
        return {"services": [self._service(item) for item in found], "failures": missing}

    def describe_tasks(self, **request: t.Any) -> Answer:
        self._called("describe_tasks", request)
        return {
            "tasks": [
                {"taskArn": arn, "taskDefinitionArn": revision(self.tasks[int(arn.rsplit("/", 1)[-1])][1])}
                for arn in request["tasks"]
            ]
        }

    def describe_task_definition(self, **request: t.Any) -> Answer:
        self._called("describe_task_definition", request)
        name = request["taskDefinition"].rsplit("/", 1)[-1]
        tags = [{"key": FINGERPRINT, "value": "f"}] if self.revisions[name] else []
        return {"taskDefinition": {"taskDefinitionArn": revision(name)}, "tags": [{"key": "a", "value": "b"}, *tags]}

    def list_service_deployments(self, **request: t.Any) -> Answer:
        self._called("list_service_deployments", request)
        if not self.has_deployments:
            raise error("list_service_deployments", "UnsupportedFeatureException", "not here")
        assert request["status"] == ["SUCCESSFUL"]
        (service,) = [item for item in self.services if item.arn == request["service"]]
        listed = [{"serviceDeploymentArn": f"{service.arn}!{number}"} for number in range(len(service.went))]
        return {"serviceDeployments": listed[: request["maxResults"]]}

    def describe_service_deployments(self, **request: t.Any) -> Answer:
        self._called("describe_service_deployments", request)
        found = []
        for arn in request["serviceDeploymentArns"]:
            owner, number = arn.split("!")
            (service,) = [item for item in self.services if item.arn == owner]
            before, after = service.went[int(number)]
            found.append(
                {
                    "serviceDeploymentArn": arn,
                    "sourceServiceRevisions": [{"arn": f"revision!{before}"}],
                    "targetServiceRevision": {"arn": f"revision!{after}"},
                }
            )
        return {"serviceDeployments": found}

    def describe_service_revisions(self, **request: t.Any) -> Answer:
        self._called("describe_service_revisions", request)
        return {
            "serviceRevisions": [
                {"serviceRevisionArn": arn, "taskDefinition": revision(arn.partition("!")[2])}
                for arn in request["serviceRevisionArns"]
            ]
        }

    def deregister_task_definition(self, **request: t.Any) -> Answer:
        self._called("deregister_task_definition", request)
        name = request["taskDefinition"].rsplit("/", 1)[-1]
        if name in self.refuses:
            raise error("deregister_task_definition", "ThrottlingException", "Rate exceeded")
        del self.revisions[name]
        return {}

    def _service(self, item: KeptService) -> Answer:
        answer = {
            "serviceArn": item.arn,
            "serviceName": item.name,
            "clusterArn": f"{PREFIX}:cluster/{item.cluster}",
            "status": item.status,
            "deployments": [{"taskDefinition": revision(name)} for name in item.deployments],
            "taskSets": [{"taskDefinition": revision(name)} for name in item.task_sets],
            "currentServiceRevisions": [{"arn": f"revision!{name}"} for name in item.current],
        }
        return answer | ({"taskDefinition": revision(item.runs)} if item.runs else {})

    def _of(self, cluster: str) -> list[KeptService]:
        return [item for item in self.services if item.cluster == cluster.rsplit("/", 1)[-1]]

    def _paged(self, operation: str, request: Answer, key: str, found: t.Sequence[str]) -> Answer:
        self._called(operation, request)
        start = int(request.get("nextToken", 0))
        rest = {"nextToken": str(start + self.page)} if start + self.page < len(found) else {}
        return {key: list(found[start : start + self.page]), **rest}

    def _called(self, operation: str, request: Answer) -> None:
        self.calls.append((operation, request))


@dataclasses.dataclass
class Pages:
    """What boto3 calls a paginator."""

    ecs: KeptEcs
    operation: str

    def paginate(self, **request: t.Any) -> t.Iterator[Answer]:
        token: Answer = {}
        while True:
            page = getattr(self.ecs, self.operation)(**request, **token)
            yield page
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}


def error(operation: str, code: str, message: str) -> botocore.exceptions.ClientError:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": message}}, operation)
