# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a deployment tells of its failed tasks."""

from __future__ import annotations

import typing as t

from . import tasks
from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Record


def failures_are_counted(_place: Place) -> None:
    """Every deployment counts its failed tasks.

    AWS: ``failedTasks`` grows with each task that fails, with a circuit breaker or without.
    MiniStack: counts only where a circuit breaker is switched on, so a crash loop looks like patience.
    """
    ecs = service("ecs")
    record = original(ecs, "_record_service_task_failure")

    def record_service_task_failure(task: Record, *rest: t.Any, **more: t.Any) -> None:
        key = tasks.service_key(ecs, task)
        found = ecs._services.get(key) if key else None
        if found:
            with ecs.resource_lock("ecs-service", key):
                breaker = (found.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
                deployment = ecs._deployment_for_task(found, task)
                if deployment and deployment["rolloutState"] == "IN_PROGRESS" and not breaker.get("enable"):
                    deployment["failedTasks"] = int(deployment.get("failedTasks", 0)) + 1
        record(task, *rest, **more)

    replace(ecs, "_record_service_task_failure", record_service_task_failure)
