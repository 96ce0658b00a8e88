# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a task that stopped."""

from __future__ import annotations

import re
import typing as t

from . import tasks
from .seams import action, original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Record, Reply

EXITED = "Essential container in task exited"
NO_SECRET = re.compile(r"unable to retrieve secret (?P<secret>\S+) for environment variable \S+$")
NO_KEY = re.compile(r"unable to retrieve json key '(?P<key>[^']*)' from secret \S+ for environment variable \S+$")
# What the engine is asked to pull for a task that belongs to no service.
PULLED_BY_THE_ENGINE = "/images/create?"
RETRIED = "service call has been retried 1 time(s)"


def stop_reasons(_place: Place) -> None:
    """Why a task stopped is told in the words that AWS has for it.

    AWS: "Essential container in task exited"; a task that the scheduler stops has ServiceSchedulerInitiated and the
    deployment that wanted it; an image that cannot be pulled, a secret that cannot be had, and a command that cannot
    be started, have errors of their own.
    MiniStack: has other words, and everything the scheduler stops was stopped by a user.
    """
    ecs = service("ecs")
    mark, fail_start = original(ecs, "_mark_task_stopped"), original(ecs, "_fail_task_start")
    # Users come by the table of actions, which keeps the original; the scheduler comes by the name.
    stop = action(ecs, "StopTask")

    def mark_task_stopped(arn: str, task: Record, reason: str, *rest: t.Any, **more: t.Any) -> bool:
        said = EXITED if reason == "Essential container exited" else reason
        return bool(mark(arn, task, said, *rest, **more))

    def stop_task(data: Record) -> Reply:
        task = ecs._resolve_task(data.get("task", ""), ecs._resolve_cluster_name(data.get("cluster", "default")))
        if task is None or not task.get("_deployment_id"):
            reply: Reply = stop(data)
            return reply
        reason = f"Scaling activity initiated by (deployment {task['_deployment_id']})"
        ecs._mark_task_stopped(task["taskArn"], task, reason, tasks.SCHEDULER)
        ecs._cleanup_task_resources(task, ecs._get_docker())
        return 200, {}, b""

    def fail_task_start(task: Record, engine: t.Any, reason: str) -> None:
        fail_start(task, engine, _start_failure(task, reason))

    replace(ecs, "_mark_task_stopped", mark_task_stopped)
    replace(ecs, "_stop_task", stop_task)
    replace(ecs, "_fail_task_start", fail_task_start)


def _start_failure(task: Record, reason: str) -> str:
    """Say why a task could not start, and say it of the container whose turn it was as well."""
    kind, dummy, rest = reason.partition(": ")
    container = next((one for one in task["containers"] if one["lastStatus"] != "RUNNING"), task["containers"][0])
    if NO_SECRET.search(reason) or NO_KEY.search(reason):
        # Nothing is wrong with a container that was not even tried.
        return NO_KEY.sub(_no_key, NO_SECRET.sub(_no_secret, reason))
    if kind == "CannotPullContainerError" or PULLED_BY_THE_ENGINE in rest:
        kind = "CannotPullContainerError"
        image, missing = container["image"], "404 Client Error" in rest or "not found" in rest.lower()
        if missing:
            rest = f"pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {image}: not found"
    elif "unable to start container process" in rest or "OCI runtime create failed" in rest:
        kind = "CannotStartContainerError"
        process = rest[rest.find("OCI runtime create failed") :].rstrip('")')
        rest = f"ResourceInitializationError: failed to create new container runtime task: {process}"
    else:
        return reason
    container["reason"] = f"{kind}: {rest}"
    return f"{kind}: {rest}"


def _no_secret(said: re.Match[str]) -> str:
    if ":secretsmanager:" in said["secret"]:
        return (
            f"unable to retrieve secret from asm: {RETRIED}: failed to fetch secret {said['secret']} from secrets "
            "manager: ResourceNotFoundException: Secrets Manager can't find the specified secret."
        )
    name = said["secret"].partition(":parameter")[2] or said["secret"]
    return f"unable to retrieve secrets from ssm: {RETRIED}: invalid parameters: {name}"


def _no_key(said: re.Match[str]) -> str:
    missing = f"retrieved secret from Secrets Manager did not contain json key {said['key']}"
    return f"unable to retrieve secret from asm: {RETRIED}: {missing}"
