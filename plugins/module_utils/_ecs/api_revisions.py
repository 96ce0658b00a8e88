# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The ECS calls that tell who uses a revision of a task definition, and the one that retires it."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, aws_call

Answer = dict[str, t.Any]

SERVICES_PER_CALL = 10
TASKS_PER_CALL = 100


@aws_call("list the ECS clusters")
def list_clusters(ecs: t.Any) -> list[str]:
    """Return the ARNs of all clusters of the account and region."""
    return _listed(ecs, "list_clusters", "clusterArns")


@aws_call("list the ECS services")
def list_services(ecs: t.Any, cluster: str) -> list[str]:
    return _listed(ecs, "list_services", "serviceArns", cluster=cluster)


@aws_call("describe the ECS services")
def describe_services(ecs: t.Any, cluster: str, names: t.Sequence[str]) -> list[Answer]:
    """Return the services that exist, as the API spells them. What is missing comes back in a 200 and is left out."""
    found: list[Answer] = []
    for start in range(0, len(names), SERVICES_PER_CALL):
        answer = ecs.describe_services(cluster=cluster, services=list(names[start : start + SERVICES_PER_CALL]))
        _refuse_gaps(answer, "services")
        found += answer.get("services", [])
    return found


@aws_call("list the revisions of the ECS task definition")
def active_revisions(ecs: t.Any, family: str) -> list[str]:
    """Return the ARNs of all active revisions of one family, in no promised order."""
    arns = _listed(ecs, "list_task_definitions", "taskDefinitionArns", familyPrefix=family, status="ACTIVE")
    # The filter is called a prefix: who retires things had better look twice.
    return [arn for arn in arns if arn.rsplit("/", 1)[-1].rpartition(":")[0] == family]


@aws_call("list the ECS tasks of the family")
def list_tasks(ecs: t.Any, cluster: str, family: str) -> list[str]:
    """Return the tasks of a family that run or are about to, whoever started them."""
    return _listed(ecs, "list_tasks", "taskArns", cluster=cluster, family=family, desiredStatus="RUNNING")


@aws_call("describe the ECS tasks")
def describe_tasks(ecs: t.Any, cluster: str, arns: t.Sequence[str]) -> list[Answer]:
    """Return the tasks that ECS still knows: one that ended since it was listed uses nothing any more."""
    found: list[Answer] = []
    for start in range(0, len(arns), TASKS_PER_CALL):
        answer = ecs.describe_tasks(cluster=cluster, tasks=list(arns[start : start + TASKS_PER_CALL]))
        _refuse_gaps(answer, "tasks")
        found += answer.get("tasks", [])
    return found


@aws_call("read the tags of the ECS task definition")
def tags_of(ecs: t.Any, revision: str) -> dict[str, str]:
    answer = ecs.describe_task_definition(taskDefinition=revision, include=["TAGS"])
    return {tag["key"]: tag["value"] for tag in answer.get("tags", [])}


@aws_call("deregister the ECS task definition")
def deregister(ecs: t.Any, revision: str) -> None:
    """Take a revision out of use: what runs it goes on, but nothing can be set to it any more."""
    ecs.deregister_task_definition(taskDefinition=revision)


def _listed(ecs: t.Any, operation: str, key: str, **request: str) -> list[str]:
    pages = ecs.get_paginator(operation).paginate(**request)
    return [str(arn) for page in pages for arn in page.get(key, [])]


def _refuse_gaps(answer: t.Mapping[str, t.Any], what: str) -> None:
    """A thing that is gone uses nothing. One that could not be read may use anything."""
    for failure in answer.get("failures", []):
        if failure.get("reason") != "MISSING":
            reason = failure.get("reason") or "no reason given"
            raise AwsError(f"describe the ECS {what}", str(reason), f"{failure.get('arn')}: {reason}.")


__all__ = (
    "Answer", "active_revisions", "deregister", "describe_services", "describe_tasks", "list_clusters",
    "list_services", "list_tasks", "tags_of",
)  # fmt: skip
