# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a task stops."""

from __future__ import annotations

import contextlib
import typing as t
from concurrent.futures import ThreadPoolExecutor

from . import tasks
from .seams import original, replace, service

if t.TYPE_CHECKING:
    from types import ModuleType

    from .seams import Place, Record

# AWS waits for thirty seconds where a definition does not say. MiniStack waits for five, and so do we: an application
# that does not listen to SIGTERM would make every rollout here that much slower.
PATIENCE = 5


def tasks_stop_in_order(_place: Place) -> None:
    """A stopping task leaves its load balancer, then its containers get SIGTERM and end, then it is STOPPED.

    AWS: sidecars stop with the essential container; each container has its ``stopTimeout``; exit codes are those of
    the processes.
    MiniStack: calls the task stopped first, with made-up exit codes; sidecars run on when the essential one exits.
    """
    ecs = service("ecs")
    mark = original(ecs, "_mark_task_stopped")

    def mark_task_stopped(arn: str, task: Record, reason: str, stop_code: str, exit_code: int | None = None) -> bool:
        del exit_code
        with ecs.resource_lock("ecs-task", arn):
            if not ecs._task_is_active(arn, task) or task.get("_is_stopping"):
                return False
            task["_is_stopping"] = True
            was_running = task["lastStatus"] == "RUNNING"
            if was_running:
                task["lastStatus"] = "DEACTIVATING"
        if was_running:
            cluster = ecs._cluster_name_from_arn(task["clusterArn"])
            ecs._refresh_service_state(cluster, task.get("group", ""))
        _stop_containers(ecs, task)
        return bool(mark(arn, task, reason, stop_code, exit_code=None))

    replace(ecs, "_mark_task_stopped", mark_task_stopped)


def _stop_containers(ecs: ModuleType, task: Record) -> None:
    engine, identifiers = ecs._get_docker(), list(task.get("_docker_ids") or [])
    if not engine or not identifiers:
        return

    def stop(container: Record, definition: Record, identifier: str) -> None:
        with contextlib.suppress(Exception):  # a container that is gone has stopped
            one = engine.containers.get(identifier)
            if one.status not in ("exited", "dead"):
                one.stop(timeout=int(definition.get("stopTimeout") or PATIENCE))
            container["exitCode"] = one.wait(timeout=10)["StatusCode"]

    pairs = tasks.containers_of(ecs, task)
    with ThreadPoolExecutor(max_workers=len(identifiers)) as pool:
        for (container, definition), identifier in zip(pairs, identifiers, strict=False):
            pool.submit(stop, container, definition, identifier)
