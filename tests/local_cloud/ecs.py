# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few ECS steps that several tests take."""

from __future__ import annotations

import time
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from home import Home

ROLE = "arn:aws:iam::000000000000:role/task"


def wait_for(what: str, look: Callable[[], t.Any], seconds: float = 30.0) -> t.Any:
    """Look until there is something to see; what it is called goes into the failure."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not happen within {seconds} seconds")


def register(home: Home, family: str, image: str, command: list[str], **more: t.Any) -> str:
    """Register a task definition of one container that logs, and return its ARN."""
    home.client("logs").create_log_group(logGroupName=f"/ecs/{family}")
    reply = home.client("ecs").register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": "app",
                "image": image,
                "command": command,
                "portMappings": [{"containerPort": 8000}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": f"/ecs/{family}",
                        "awslogs-region": "ap-northeast-1",
                        "awslogs-stream-prefix": "app",
                    },
                },
            }
        ],
        **more,
    )
    return str(reply["taskDefinition"]["taskDefinitionArn"])


def create_service(home: Home, name: str, definition: str, **more: t.Any) -> dict[str, t.Any]:
    home.client("ecs").create_cluster(clusterName="tests")
    reply = home.client("ecs").create_service(
        cluster="tests", serviceName=name, taskDefinition=definition, desiredCount=1, launchType="FARGATE", **more
    )
    service: dict[str, t.Any] = reply["service"]
    return service


def service_of(home: Home, name: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = home.client("ecs").describe_services(cluster="tests", services=[name])["services"][0]
    return found


def log_of(home: Home, family: str) -> str:
    events = home.client("logs").filter_log_events(logGroupName=f"/ecs/{family}")["events"]
    return "\n".join(event["message"] for event in events)
