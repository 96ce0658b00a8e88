# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The ECS and CloudWatch Logs calls that one-off tasks need, one function each."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import aws_call

Answer = dict[str, t.Any]

REVISIONS_LISTED = 100
LOG_LINES_PER_CALL = 1000


@dataclasses.dataclass(frozen=True)
class Started:
    """What RunTask answered: tasks, reasons why there are none, or the tasks that its token started before."""

    tasks: t.Sequence[Answer] = ()
    failures: t.Sequence[Answer] = ()
    earlier: t.Sequence[str] = ()
    at: str = ""
    """When the server answered, by its own clock."""


@aws_call("describe the ECS service")
def describe_service(ecs: t.Any, cluster: str, service: str) -> Answer | None:
    """Return a service as the API spells it. A missing one comes back in a 200 as a failure."""
    services = ecs.describe_services(cluster=cluster, services=[service]).get("services", [])
    return t.cast("Answer", services[0]) if services else None


@aws_call("describe the ECS task definition")
def describe_definition(ecs: t.Any, identifier: str) -> tuple[Answer, dict[str, str]]:
    """Return a task definition and its tags."""
    answer = ecs.describe_task_definition(taskDefinition=identifier, include=["TAGS"])
    return answer["taskDefinition"], {tag["key"]: tag["value"] for tag in answer.get("tags", [])}


@aws_call("list the revisions of the ECS task definition")
def newest_revisions(ecs: t.Any, family: str) -> list[str]:
    """Return the ARNs of a family's newest active revisions, the newest first."""
    answer = ecs.list_task_definitions(familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=REVISIONS_LISTED)
    return [str(arn) for arn in answer.get("taskDefinitionArns", [])]


@aws_call("list the ECS tasks of the release")
def tasks_started_by(ecs: t.Any, cluster: str, started_by: str, status: str) -> list[str]:
    """Return the tasks with that mark. ECS takes no other filter beside it but the desired status, which is none."""
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, startedBy=started_by, desiredStatus=status)
    return [str(arn) for page in pages for arn in page.get("taskArns", [])]


@aws_call("describe the ECS tasks")
def describe_tasks(ecs: t.Any, cluster: str, arns: t.Sequence[str]) -> list[Answer]:
    """Return the tasks that ECS still knows, at most a hundred."""
    return list(ecs.describe_tasks(cluster=cluster, tasks=list(arns)).get("tasks", []))


@aws_call("run the ECS task")
def run_task(ecs: t.Any, request: t.Mapping[str, t.Any]) -> Started:
    """Start a task. A token that was used for another request names the tasks it started then."""
    try:
        answer = ecs.run_task(**request)
    except ecs.exceptions.ConflictException as conflict:
        earlier = [str(arn) for arn in conflict.response.get("resourceIds", [])]
        if not earlier:
            raise
        return Started(earlier=earlier)
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return Started(answer.get("tasks", []), answer.get("failures", []), at=str(headers.get("date", "")))


@aws_call("stop the ECS task")
def stop_task(ecs: t.Any, cluster: str, arn: str, reason: str) -> None:
    ecs.stop_task(cluster=cluster, task=arn, reason=reason)


@aws_call("read the container's log")
def log_lines_after(logs: t.Any, group: str, stream: str, token: str | None) -> tuple[list[str], str | None]:
    """Return the lines after a token (or from the beginning), and the token of what follows them."""
    place = {"logGroupName": group, "logStreamName": stream, "startFromHead": True, "limit": LOG_LINES_PER_CALL}
    answer = logs.get_log_events(**place, **({"nextToken": token} if token else {}))
    return _messages(answer), answer.get("nextForwardToken") or token


@aws_call("read the container's log")
def last_log_lines(logs: t.Any, group: str, stream: str, limit: int) -> list[str]:
    return _messages(logs.get_log_events(logGroupName=group, logStreamName=stream, limit=limit, startFromHead=False))


def _messages(answer: t.Mapping[str, t.Any]) -> list[str]:
    return [str(event.get("message", "")).rstrip("\r\n") for event in answer.get("events", [])]


__all__ = (
    "Answer", "Started", "describe_definition", "describe_service", "describe_tasks", "last_log_lines",
    "log_lines_after", "newest_revisions", "run_task", "stop_task", "tasks_started_by",
)  # fmt: skip
