# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that check their own health."""

from __future__ import annotations

import time
import typing as t

from ..container_health import HealthCheck, HealthRecord, ask
from . import tasks
from .seams import original, replace, service

if t.TYPE_CHECKING:
    from types import ModuleType

    from .seams import Place, Record

UNHEALTHY = "Task failed container health checks"
SOON = 0.2


def container_health_checks(_place: Place) -> None:
    """A container's ``healthCheck`` is run, and its task counts as up when it passes.

    AWS: the command runs inside the container; ``healthStatus`` of container and task tell what came of it. A task of
    a service counts as up when it is HEALTHY, and is stopped and replaced when it is UNHEALTHY.
    MiniStack: the check is stored and never run.
    """
    ecs = service("ecs")
    attach, task_is_up = original(ecs, "_attach_started_container"), original(ecs, "_record_service_task_healthy")

    def attach_started_container(task: Record, container: t.Any, index: int, *rest: t.Any) -> bool:
        attached = bool(attach(task, container, index, *rest))
        if attached and check_of(tasks.containers_of(ecs, task)[index][1]):
            tasks.in_background(ecs, task, "container-health", lambda: _watch(ecs, task, container, index))
        return attached

    def record_service_task_healthy(key: str, task: Record) -> None:
        checked = any(check_of(definition) for dummy, definition in tasks.containers_of(ecs, task))
        while checked and task.get("lastStatus") == "RUNNING" and task.get("healthStatus") != "HEALTHY":
            time.sleep(SOON)
        task_is_up(key, task)

    replace(ecs, "_attach_started_container", attach_started_container)
    replace(ecs, "_record_service_task_healthy", record_service_task_healthy)


def check_of(definition: Record) -> HealthCheck | None:
    given = definition.get("healthCheck") or {}
    return HealthCheck.of(given) if given.get("command") and given["command"][0] != "NONE" else None


def _watch(ecs: ModuleType, task: Record, container: t.Any, index: int) -> None:
    definition = tasks.containers_of(ecs, task)[index][1]
    check = check_of(definition)
    if check is None:
        return
    record = HealthRecord(check, time.monotonic())
    while ecs._task_is_active(task["taskArn"], task):
        status = record.learn(ask(container, check), time.monotonic())
        task["containers"][index]["healthStatus"] = status
        task["healthStatus"] = _health_of(ecs, task)
        # A task that nobody but its starter looks after goes on, whatever its check says.
        if task["healthStatus"] == "UNHEALTHY" and tasks.service_of(ecs, task) and task["lastStatus"] == "RUNNING":
            tasks.stop_failed(ecs, task, UNHEALTHY)
            return
        time.sleep(record.pause)


def _health_of(ecs: ModuleType, task: Record) -> str:
    """Sum up a task by its essential containers that have a check."""
    states = {
        container["healthStatus"]
        for container, definition in tasks.containers_of(ecs, task)
        if definition.get("essential", True) and check_of(definition)
    }
    return next((state for state in ("UNHEALTHY", "UNKNOWN", "HEALTHY") if state in states), "UNKNOWN")
