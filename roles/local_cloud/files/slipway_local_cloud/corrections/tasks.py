# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several corrections of ECS ask of a task, and do with it."""

from __future__ import annotations

import contextlib
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from .seams import Record

SCHEDULER = "ServiceSchedulerInitiated"


def service_key(ecs: ModuleType, task: Record) -> str | None:
    """Return ``cluster/service`` of a service's task, as the emulator's store of services is keyed."""
    kind, dummy, name = str(task.get("group", "")).partition(":")
    cluster = ecs._cluster_name_from_arn(task.get("clusterArn", ""))
    return f"{cluster}/{name}" if kind == "service" and name and cluster else None


def service_of(ecs: ModuleType, task: Record) -> Record | None:
    key = service_key(ecs, task)
    found: Record | None = ecs._services.get(key) if key else None
    return found


def definition_of(ecs: ModuleType, task: Record) -> Record:
    found: Record | None = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"]))
    return found or {"containerDefinitions": []}


def containers_of(ecs: ModuleType, task: Record) -> list[tuple[Record, Record]]:
    """Return a task's containers, each with its definition, in the order they are started in."""
    definitions = {one["name"]: one for one in definition_of(ecs, task)["containerDefinitions"]}
    return [(container, definitions.get(container["name"], {})) for container in task["containers"]]


@contextlib.contextmanager
def owner_of(ecs: ModuleType, arn: str) -> Iterator[None]:
    """Work in the account and the region of a resource: the emulator's stores show nothing else."""
    words = arn.split(":")
    with ecs.request_scope(words[4], words[3]):
        yield


def in_background(ecs: ModuleType, task: Record, name: str, work: Callable[[], None]) -> None:
    def run() -> None:
        with owner_of(ecs, task["taskArn"]):
            work()

    ecs.spawn_background(run, thread_name=f"{name}-{task['taskArn'][-8:]}")


def stop_failed(ecs: ModuleType, task: Record, reason: str, event: str = "") -> None:
    """Stop a service's task as its scheduler does with one that is not well, count it, and have it replaced."""
    if ecs._mark_task_stopped(task["taskArn"], task, reason, SCHEDULER):
        found = service_of(ecs, task)
        if found and event:
            found["events"].insert(0, {"id": ecs.new_uuid(), "createdAt": ecs._iso(), "message": event})
        ecs._record_service_task_failure(task)
        ecs._cleanup_task_resources(task, ecs._get_docker())
