# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who started a task."""

from __future__ import annotations

import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Reply


def started_by_deployment(_place: Place) -> None:
    """A service's task is started by its deployment.

    AWS: ``startedBy`` is the deployment's id, ``ecs-svc/...``, and ListTasks filters by it.
    MiniStack: it is the service's name.
    """
    ecs = service("ecs")
    run = original(ecs, "_run_task")

    def run_task(data: dict[str, t.Any]) -> Reply:
        deployment = data.get("_deploymentId")
        reply: Reply = run({**data, "startedBy": deployment} if deployment else data)
        return reply

    replace(ecs, "_run_task", run_task)
