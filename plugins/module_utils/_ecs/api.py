# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The ECS and CloudWatch Logs calls a release makes, one function each."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import aws_call
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Definition, ServiceState

# DescribeServices takes ten names, DescribeTasks a hundred.
SERVICES_PER_CALL = 10
TASKS_PER_CALL = 100


@aws_call("describe the ECS services")
def describe_services(ecs: t.Any, cluster: str, names: t.Sequence[str]) -> dict[str, ServiceState]:
    """Return the services that exist, by the name they were asked for. Missing ones come back in a 200 as failures."""
    found: dict[str, ServiceState] = {}
    for start in range(0, len(names), SERVICES_PER_CALL):
        asked = list(names[start : start + SERVICES_PER_CALL])
        answer = ecs.describe_services(cluster=cluster, services=asked)
        by_identity: dict[str, t.Any] = {}
        for service in answer.get("services", []):
            by_identity[service["serviceName"]] = service
            by_identity[service["serviceArn"]] = service
        for name in asked:
            if name in by_identity:
                found[name] = ServiceState.from_api(by_identity[name])
    return found


@aws_call("describe the ECS task definition")
def describe_task_definition(ecs: t.Any, identifier: str) -> tuple[Definition, dict[str, str]]:
    """Return a task definition and its tags."""
    answer = ecs.describe_task_definition(taskDefinition=identifier, include=["TAGS"])
    return answer["taskDefinition"], {tag["key"]: tag["value"] for tag in answer.get("tags", [])}


@aws_call("register an ECS task definition")
def register_task_definition(ecs: t.Any, definition: Definition, tags: t.Mapping[str, str]) -> str:
    """Register a revision and return its ARN."""
    answer = ecs.register_task_definition(
        **definition, tags=[{"key": key, "value": value} for key, value in sorted(tags.items())]
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


@aws_call("update the ECS service")
def update_service(ecs: t.Any, cluster: str, service: str, task_definition: str) -> ServiceState:
    """Start a deployment of a revision.

    Nothing else is sent: a desired count would fight auto scaling, load balancers would undo a blue/green swap,
    and a second update would supersede the first.
    """
    answer = ecs.update_service(cluster=cluster, service=service, taskDefinition=task_definition)
    return ServiceState.from_api(answer["service"])


@aws_call("list the stopped ECS tasks")
def list_stopped_tasks(ecs: t.Any, cluster: str, service: str) -> list[str]:
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service, desiredStatus="STOPPED")
    return [arn for page in pages for arn in page["taskArns"]]


@aws_call("describe the ECS tasks")
def describe_tasks(ecs: t.Any, cluster: str, arns: t.Sequence[str]) -> list[dict[str, t.Any]]:
    tasks: list[dict[str, t.Any]] = []
    for start in range(0, len(arns), TASKS_PER_CALL):
        asked = list(arns[start : start + TASKS_PER_CALL])
        tasks.extend(ecs.describe_tasks(cluster=cluster, tasks=asked).get("tasks", []))
    return tasks


@aws_call("read the container's log")
def last_log_lines(logs: t.Any, group: str, stream: str, limit: int) -> list[str]:
    answer = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=limit, startFromHead=False)
    return [event["message"].rstrip("\n") for event in answer.get("events", [])]


__all__ = (
    "describe_services", "describe_task_definition", "describe_tasks", "last_log_lines",
    "list_stopped_tasks", "register_task_definition", "update_service",
)  # fmt: skip
