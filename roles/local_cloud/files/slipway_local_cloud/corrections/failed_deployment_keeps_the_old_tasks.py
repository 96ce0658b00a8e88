# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failed deployment that is not rolled back."""

from __future__ import annotations

import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place


def failed_deployment_keeps_the_old_tasks(_place: Place) -> None:
    """A deployment that failed, and is not rolled back, leaves the tasks of the one before it running.

    AWS: a failed deployment starts no more tasks and stops none of the others.
    MiniStack: stops the old tasks, so the service ends with nothing running.
    """
    ecs = service("ecs")
    reconcile = original(ecs, "_reconcile_service_tasks")

    def reconcile_service_tasks(cluster: str, key: str) -> None:
        found = ecs._services.get(key) or {}
        primary = ecs._primary_deployment(found)
        if primary and primary["rolloutState"] == "FAILED" and found.get("desiredCount"):
            ecs._refresh_service_state(cluster, f"service:{found['serviceName']}")
            return
        reconcile(cluster, key)

    replace(ecs, "_reconcile_service_tasks", reconcile_service_tasks)
