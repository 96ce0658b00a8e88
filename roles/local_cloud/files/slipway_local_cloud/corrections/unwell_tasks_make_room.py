# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tasks go where there is no room for new ones."""

from __future__ import annotations

import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from types import ModuleType

    from .seams import Place, Record


def unwell_tasks_make_room(_place: Place) -> None:
    """A deployment that overtakes one that never came up takes the room of its tasks, and not of those that serve.

    AWS: never goes below ``minimumHealthyPercent`` of healthy tasks, and stops what is not healthy first.
    MiniStack: counts what runs, healthy or not, and stops the oldest, so the way back from a bad deployment takes away
    the very tasks that answer.
    """
    ecs = service("ecs")
    reconcile = original(ecs, "_reconcile_service_tasks")
    for name in ("_stop_task", "_primary_deployment", "_deployment_for_task", "_PRE_STOP_STATUSES"):
        original(ecs, name)

    def reconcile_service_tasks(cluster: str, key: str) -> None:
        for arn in _in_the_way(ecs, ecs._services.get(key) or {}):
            ecs._stop_task({"task": arn, "cluster": cluster, "reason": "Deployment capacity limit"})
        reconcile(cluster, key)

    replace(ecs, "_reconcile_service_tasks", reconcile_service_tasks)


def _in_the_way(ecs: ModuleType, found: Record) -> list[str]:
    """Return tasks of overtaken deployments that never were well, as many as there are places missing."""
    primary = ecs._primary_deployment(found) if found.get("deployments") else None
    if not primary or primary["rolloutState"] != "IN_PROGRESS":
        return []
    standing = [
        one
        for one in ecs._tasks.values()
        if one.get("group") == f"service:{found['serviceName']}"
        and one.get("clusterArn") == found.get("clusterArn")
        and one.get("lastStatus") in ecs._PRE_STOP_STATUSES
    ]
    ours = [one for one in standing if ecs._deployment_for_task(found, one) is primary]
    unwell = [one for one in standing if one not in ours and not one.get("_startup_stable")]
    desired = int(found.get("desiredCount") or 0)
    most = max(1, desired * int((found.get("deploymentConfiguration") or {}).get("maximumPercent", 200)) // 100)
    missing = (desired - len(ours)) - max(0, most - len(standing))
    return [str(one["taskArn"]) for one in unwell[: max(0, missing)]]
