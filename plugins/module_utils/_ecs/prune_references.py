# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Who uses which revision, as far as ECS can be asked: services, their deployments, and tasks."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_deployments import (
    describe_service_deployments,
    describe_service_revisions,
    list_service_deployments,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_revisions import (
    Answer,
    describe_services,
    describe_tasks,
    list_services,
    list_tasks,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.prune_decision import Reasons, revision_name
from ansible_collections.slipway.aws.plugins.module_utils._ecs.service_deployments import ABSENT

# A rollback goes to where the last successful deployment went, and a second one to where it came from. A few more
# cost nothing: they come with the same call.
LAST_DEPLOYMENTS = 5
ASKED_AT_ONCE = 8

T = t.TypeVar("T")
R = t.TypeVar("R")


def side_by_side(function: t.Callable[[T], R], items: t.Iterable[T]) -> list[R]:
    """Make independent calls a few at a time, and return their answers in order."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=ASKED_AT_ONCE) as pool:
        return list(pool.map(function, items))


class References:
    """Collects who uses what, revision by revision."""

    def __init__(self, ecs: t.Any) -> None:
        self._ecs = ecs
        self._deployments_answer = True
        self.reasons: Reasons = {}
        self.not_asked: list[str] = []

    def look(self, clusters: t.Sequence[str], families: t.Sequence[str]) -> None:
        """Ask everything that may use a revision of the families in the clusters."""
        services = [item for found in side_by_side(self._services, clusters) for item in found]
        self.note_services(services)
        self._note_tasks(clusters, families)
        self._note_history([item for item in services if item.get("status") != "INACTIVE"])

    def note(self, identifier: str | None, reason: str) -> None:
        if not identifier:
            return
        known = self.reasons.setdefault(revision_name(identifier), [])
        if reason not in known:
            known.append(reason)

    def note_services(self, services: t.Iterable[Answer]) -> None:
        """Note what services are set to, and what their deployments and task sets bring or still run."""
        for service in services:
            told = _called(service)
            self.note(service.get("taskDefinition"), f"{told} is set to it")
            for kind, entries in (("deployment", "deployments"), ("task set", "taskSets")):
                for entry in service.get(entries) or []:
                    self.note(entry.get("taskDefinition"), f"a {kind} of {told} has it")

    def _services(self, cluster: str) -> list[Answer]:
        return describe_services(self._ecs, cluster, list_services(self._ecs, cluster))

    def _note_tasks(self, clusters: t.Sequence[str], families: t.Sequence[str]) -> None:
        places = [(cluster, family) for cluster in clusters for family in families]
        for (cluster, dummy), tasks in zip(places, side_by_side(self._tasks, places), strict=True):
            for task in tasks:
                name = revision_name(task["taskArn"])
                self.note(task.get("taskDefinitionArn"), f"task {name} in cluster {revision_name(cluster)} runs it")

    def _tasks(self, place: tuple[str, str]) -> list[Answer]:
        cluster, family = place
        return describe_tasks(self._ecs, cluster, list_tasks(self._ecs, cluster, family))

    def _note_history(self, services: t.Sequence[Answer]) -> None:
        """Note where the last successful deployments went and came from, and what runs by ECS's own account."""
        by_revision: dict[str, str] = {}
        for service in services:
            for current in service.get("currentServiceRevisions") or []:
                by_revision[current["arn"]] = f"{_called(service)} runs it"
        told = self._successful(services)
        for deployment in describe_service_deployments(self._ecs, list(told)) if told else []:
            who = told[deployment["serviceDeploymentArn"]]
            sources = deployment.get("sourceServiceRevisions") or []
            for source in sources:
                by_revision.setdefault(source["arn"], f"a successful deployment of {who} came from it")
            target = (deployment.get("targetServiceRevision") or {}).get("arn")
            if target:
                by_revision.setdefault(target, f"a successful deployment of {who} went to it")
        for revision in describe_service_revisions(self._ecs, list(by_revision)) if by_revision else []:
            self.note(revision.get("taskDefinition"), by_revision[revision["serviceRevisionArn"]])

    def _successful(self, services: t.Sequence[Answer]) -> dict[str, str]:
        """Return the last successful deployments of services, and whose they are."""
        # The first service finds out whether this endpoint knows deployments at all, the others follow side by side.
        listed = [self._list(service) for service in services[:1]]
        if self._deployments_answer:
            listed += side_by_side(self._list, services[1:])
        return {
            item["serviceDeploymentArn"]: _called(service)
            for service, found in zip(services, listed, strict=False)
            for item in found
        }

    def _list(self, service: Answer) -> list[Answer]:
        request = {"cluster": service["clusterArn"], "service": service["serviceArn"], "status": ["SUCCESSFUL"]}
        try:
            return list_service_deployments(self._ecs, request, LAST_DEPLOYMENTS)
        except AwsError as error:
            if not ABSENT.fullmatch(error.code):
                raise
            if self._deployments_answer:
                self._deployments_answer = False
                self.not_asked.append(f"This endpoint has no service deployments: {error.message}")
            return []


def _called(service: t.Mapping[str, t.Any]) -> str:
    return f"service {service['serviceName']} in cluster {revision_name(service['clusterArn'])}"


__all__ = ("References", "side_by_side")
