# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks whose target does not answer."""

from __future__ import annotations

import datetime
import functools
import logging
import threading
import time
import typing as t

from ..target_health import Target
from . import targets, tasks
from .seams import original, service

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from .seams import Place, Record

PAUSE = 0.5


def unhealthy_targets_are_replaced(_place: Place) -> None:
    """A task whose target is unhealthy is stopped and replaced, and its deployment counts a failure.

    AWS: so the scheduler does, once the service's ``healthCheckGracePeriodSeconds`` are over; an event of the service
    says what the load balancer had against it.
    MiniStack: no target is ever unhealthy.
    """
    alb, ecs = service("alb"), service("ecs")
    for name in ("_record_service_task_failure", "new_uuid", "_iso"):
        original(ecs, name)
    health = targets.health(alb)

    def look() -> None:
        registered = targets.registered(alb)
        for task, group in _balanced_tasks(ecs):
            target = Target(group["targetGroupArn"], str(ecs._task_ip(task)), int(group.get("containerPort") or 80))
            check = registered.get(target)
            # An address can be that of a task that was unhealthy a moment ago; a new one has its own time to fail.
            if (
                check
                and health.state(target) == "unhealthy"
                and _age(task) >= check.interval * check.unhealthy_threshold
            ):
                reason = f"Task failed ELB health checks in (target-group {target.group})"
                event = (
                    f"({task['group'].replace(':', ' ')}) (task {task['taskArn'].rpartition('/')[2]}) "
                    f"(port {target.port}) is unhealthy in (target-group {target.group}) "
                    f"due to (reason {health.why(target).description})"
                )
                stop = functools.partial(tasks.stop_failed, ecs, task, reason, event)
                tasks.in_background(ecs, task, "unhealthy-target", stop)

    def watch() -> None:
        while True:
            try:
                look()
            except Exception:  # such as a store that grew while it was read: the next look sees all of it
                logging.getLogger("ecs").debug("unhealthy targets: a look failed", exc_info=True)
            time.sleep(PAUSE)

    threading.Thread(target=watch, name="unhealthy-targets", daemon=True).start()


def _balanced_tasks(ecs: ModuleType) -> Iterator[tuple[Record, Record]]:
    """Yield every running task behind a load balancer that had its time to get well, in all accounts and regions."""
    for dummy, task in ecs._tasks.all_items():
        if task.get("lastStatus") != "RUNNING" or not str(task.get("group", "")).startswith("service:"):
            continue
        with tasks.owner_of(ecs, task["taskArn"]):
            found = tasks.service_of(ecs, task) or {}
        grace = float(found.get("healthCheckGracePeriodSeconds") or 0)
        if _age(task) >= grace:
            yield from ((task, group) for group in found.get("loadBalancers") or [] if group.get("targetGroupArn"))


def _age(task: Record) -> float:
    if not task.get("startedAt"):
        return 0.0
    started = datetime.datetime.fromisoformat(task["startedAt"].replace("Z", "+00:00"))
    return (datetime.datetime.now(datetime.UTC) - started).total_seconds()
