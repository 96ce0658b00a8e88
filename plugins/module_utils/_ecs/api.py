# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The ECS calls a release makes, one function each."""

from __future__ import annotations

import random
import time
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, aws_call
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Definition, ServiceState

# DescribeServices takes ten names, DescribeTasks a hundred.
SERVICES_PER_CALL = 10
# A ClientException of ECS that is no fault of the client, so that botocore does not try again.
CROWDED = "Too many concurrent attempts to create a new revision"
CROWDED_ATTEMPTS = 6
LONGEST_PAUSE = 8.0


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


def register_task_definition(
    ecs: t.Any, definition: Definition, tags: t.Mapping[str, str], *, sleep: t.Callable[[float], None] = time.sleep
) -> str:
    """Register a revision and return its ARN, after others of the same family if they come at the same moment."""
    for attempt in range(CROWDED_ATTEMPTS - 1):
        try:
            return _register_task_definition(ecs, definition, tags)
        except AwsError as error:
            if CROWDED not in error.message:
                raise
        # Full jitter, so that those who met once do not meet again.
        sleep(random.uniform(0, min(2.0**attempt, LONGEST_PAUSE)))  # noqa: S311 - a pause is no secret
    return _register_task_definition(ecs, definition, tags)


@aws_call("register an ECS task definition")
def _register_task_definition(ecs: t.Any, definition: Definition, tags: t.Mapping[str, str]) -> str:
    answer = ecs.register_task_definition(
        **definition, tags=[{"key": key, "value": value} for key, value in sorted(tags.items())]
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


@aws_call("update the ECS service")
def update_service(ecs: t.Any, cluster: str, service: str, task_definition: str, *, anew: bool = False) -> ServiceState:
    """Start a deployment of a revision; C(anew) also of the one that runs already.

    Nothing else is sent: a desired count would fight auto scaling, load balancers would undo a blue/green swap,
    and a second update would supersede the first.
    """
    again = {"forceNewDeployment": True} if anew else {}
    answer = ecs.update_service(cluster=cluster, service=service, taskDefinition=task_definition, **again)
    return ServiceState.from_api(answer["service"])


__all__ = ("describe_services", "describe_task_definition", "register_task_definition", "update_service")
