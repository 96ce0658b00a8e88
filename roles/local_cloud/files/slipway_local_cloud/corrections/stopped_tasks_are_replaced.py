# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task of a service that somebody stops."""

from __future__ import annotations

import typing as t

from . import tasks
from .seams import action, answer, original, service

if t.TYPE_CHECKING:
    from .seams import Place, Record, Reply


def stopped_tasks_are_replaced(_place: Place) -> None:
    """A task of a service that is stopped by hand is replaced.

    AWS: the scheduler keeps the desired count, whoever stopped a task.
    MiniStack: the service stays one task short until it is updated.
    """
    ecs = service("ecs")
    stop = action(ecs, "StopTask")
    original(ecs, "_reconcile_service_tasks")

    def stop_task(data: Record) -> Reply:
        reply: Reply = stop(data)
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        task = ecs._resolve_task(data.get("task", ""), cluster) if cluster else None
        key = tasks.service_key(ecs, task) if task else None
        if key:
            ecs._reconcile_service_tasks(cluster, key)
        return reply

    answer(ecs, StopTask=stop_task)
