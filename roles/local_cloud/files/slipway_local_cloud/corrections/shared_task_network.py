# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network of a task."""

from __future__ import annotations

import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Record


def shared_task_network(_place: Place) -> None:
    """The containers of one task reach each other at localhost.

    AWS: with ``awsvpc`` they share one network interface.
    MiniStack: each has an address of its own.
    """
    ecs = service("ecs")
    build = original(ecs, "_build_run_kwargs")

    def build_run_kwargs(container: Record, definition: Record, *rest: t.Any) -> Record:
        arguments: Record = build(container, definition, *rest)
        task = ecs._tasks.get(arguments["labels"]["com.amazonaws.ecs.task-arn"])
        if definition.get("networkMode") != "awsvpc" or not task or not task.get("_docker_ids"):
            return arguments
        owner = next((one for one in task["_docker_ids"] if is_running(ecs._get_docker(), one)), None)
        if owner is None:
            # Whoever had the address has ended, such as a container that prepares something; the next one has it.
            task.pop("_container_ip", None)
            task["attachments"] = []
            return arguments
        for key in ("network", "extra_hosts", "ports"):
            arguments.pop(key, None)
        return arguments | {"network_mode": f"container:{owner}"}

    replace(ecs, "_build_run_kwargs", build_run_kwargs)


def is_running(engine: t.Any, identifier: str) -> bool:
    try:
        return bool(engine.api.inspect_container(identifier)["State"]["Running"])
    except Exception:  # whatever the engine's client throws: then it is no place to join
        return False
