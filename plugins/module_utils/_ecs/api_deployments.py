# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The ECS calls that tell about service deployments and service revisions, one function each."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import aws_call

Answer = dict[str, t.Any]

# Both Describe calls take twenty ARNs, and a page of the list has a hundred entries at most.
ARNS_PER_CALL = 20
ENTRIES_PER_PAGE = 100


@aws_call("describe the ECS service")
def describe_service(ecs: t.Any, cluster: str, service: str) -> Answer | None:
    """Return a service as the API spells it. A missing one comes back in a 200 as a failure."""
    services = ecs.describe_services(cluster=cluster, services=[service]).get("services", [])
    return t.cast("Answer", services[0]) if services else None


@aws_call("list the service deployments")
def list_service_deployments(ecs: t.Any, request: t.Mapping[str, t.Any], limit: int) -> list[Answer]:
    """Return the first entries of the list, as many as are wanted and there are."""
    found: list[Answer] = []
    token: str | None = None
    while len(found) < limit:
        size = min(ENTRIES_PER_PAGE, limit - len(found))
        answer = ecs.list_service_deployments(**request, maxResults=size, **({"nextToken": token} if token else {}))
        found += answer.get("serviceDeployments", [])
        token = answer.get("nextToken")
        if not token:
            break
    return found[:limit]


@aws_call("describe the service deployments")
def describe_service_deployments(ecs: t.Any, arns: t.Sequence[str]) -> list[Answer]:
    """Return the service deployments that exist."""
    found: list[Answer] = []
    for asked in _batches(arns):
        found += ecs.describe_service_deployments(serviceDeploymentArns=asked).get("serviceDeployments", [])
    return found


@aws_call("describe the service revisions")
def describe_service_revisions(ecs: t.Any, arns: t.Sequence[str]) -> list[Answer]:
    """Return the service revisions that exist."""
    found: list[Answer] = []
    for asked in _batches(arns):
        found += ecs.describe_service_revisions(serviceRevisionArns=asked).get("serviceRevisions", [])
    return found


def _batches(arns: t.Sequence[str]) -> list[list[str]]:
    unique = list(dict.fromkeys(arns))
    return [unique[start : start + ARNS_PER_CALL] for start in range(0, len(unique), ARNS_PER_CALL)]


__all__ = (
    "Answer", "describe_service", "describe_service_deployments", "describe_service_revisions",
    "list_service_deployments",
)  # fmt: skip
