# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task definitions of any shape, and what their tasks came to."""

from __future__ import annotations

import typing as t

from ecs import service_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

BREAKER: t.Any = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
BREAKER_ALONE: t.Any = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
WAIT_POLITELY = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('ready', flush=True)\n"
    "while True: time.sleep(600)"
)


def python(program: str) -> list[str]:
    return ["python3", "-c", program]


def by_digest(home: Home, image: str) -> str:
    """Return a pushed image by its digest: of a tag the emulator starts one task alone, to see what it means."""
    repository, dummy, tag = image.rpartition(":")
    found = home.client("ecr").describe_images(
        repositoryName=repository.partition("/")[2], imageIds=[{"imageTag": tag}]
    )["imageDetails"][0]
    return f"{repository}@{found['imageDigest']}"


def container(image: str, program: str = WAIT_POLITELY, name: str = "app", **more: t.Any) -> dict[str, t.Any]:
    """Define a container that runs a Python program."""
    return {"name": name, "image": image, "command": python(program), **more}


def define(home: Home, family: str, *containers: dict[str, t.Any], **more: t.Any) -> str:
    """Register a definition whose containers log to its own group, and return its ARN."""
    logs = home.client("logs")
    group = f"/ecs/{family}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    options = {"awslogs-group": group, "awslogs-region": "ap-northeast-1", "awslogs-stream-prefix": "app"}
    reply = home.client("ecs").register_task_definition(
        **{
            "family": family,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [
                {**one, "logConfiguration": {"logDriver": "awslogs", "options": options}} for one in containers
            ],
            **more,
        }
    )
    return str(reply["taskDefinition"]["taskDefinitionArn"])


def run(home: Home, definition: str) -> str:
    """Start one task that belongs to no service, and return its ARN."""
    home.client("ecs").create_cluster(clusterName="tests")
    reply = home.client("ecs").run_task(cluster="tests", taskDefinition=definition, launchType="FARGATE")
    return str(reply["tasks"][0]["taskArn"])


def task_of(home: Home, arn: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = home.client("ecs").describe_tasks(cluster="tests", tasks=[arn])["tasks"][0]
    return found


def stopped(home: Home, arn: str, seconds: float = 30.0) -> dict[str, t.Any]:
    """Wait until a task has stopped, and return it."""
    found: dict[str, t.Any] = wait_for(
        f"the end of {arn}",
        lambda: task_of(home, arn) if task_of(home, arn)["lastStatus"] == "STOPPED" else None,
        seconds,
    )
    return found


def tasks_of(home: Home, service: str, status: str = "RUNNING") -> list[dict[str, t.Any]]:
    """Return a service's tasks that are wanted, or that are not (``STOPPED``)."""
    ecs = home.client("ecs")
    arns = ecs.list_tasks(cluster="tests", serviceName=service, desiredStatus=status)["taskArns"]
    return list(ecs.describe_tasks(cluster="tests", tasks=arns)["tasks"]) if arns else []


def primary_of(home: Home, service: str) -> dict[str, t.Any]:
    deployments = service_of(home, service)["deployments"]
    return next(dict(one) for one in deployments if one["status"] == "PRIMARY")


def completed(home: Home, service: str, seconds: float = 30.0) -> dict[str, t.Any]:
    """Wait until a service's deployment is complete, and return it."""
    found: dict[str, t.Any] = wait_for(
        f"the deployment of {service}",
        lambda: primary_of(home, service) if primary_of(home, service)["rolloutState"] == "COMPLETED" else None,
        seconds,
    )
    return found


def running(home: Home, service: str) -> list[str]:
    return [one["taskArn"] for one in tasks_of(home, service) if one["lastStatus"] == "RUNNING"]
