# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much memory a container has."""

from __future__ import annotations

import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Record

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


def memory_limits(_place: Place) -> None:
    """A container that uses more memory than it was given is killed, and its task says so.

    AWS: a container may use its ``memory``, all containers of a task together the task's; one that uses more ends with
    137 and the reason OutOfMemoryError.
    MiniStack: no limit is passed on, so an application that leaks takes the machine's memory.
    """
    ecs = service("ecs")
    build, mark = original(ecs, "_build_run_kwargs"), original(ecs, "_mark_task_stopped")

    def build_run_kwargs(container: Record, definition: Record, *rest: t.Any) -> Record:
        arguments: Record = build(container, definition, *rest)
        mebibytes = container.get("memory") or definition.get("memory")
        if mebibytes:
            # As much again in swap would be the engine's default.
            arguments |= {"mem_limit": f"{int(mebibytes)}m", "memswap_limit": f"{int(mebibytes)}m"}
        return arguments

    def mark_task_stopped(arn: str, task: Record, *rest: t.Any, **more: t.Any) -> bool:
        engine = ecs._get_docker()
        for container, identifier in zip(task["containers"], task.get("_docker_ids") or [], strict=False):
            if was_killed(engine, identifier):
                container["reason"] = OUT_OF_MEMORY
        return bool(mark(arn, task, *rest, **more))

    replace(ecs, "_build_run_kwargs", build_run_kwargs)
    replace(ecs, "_mark_task_stopped", mark_task_stopped)


def was_killed(engine: t.Any, identifier: str) -> bool:
    """Tell whether a container's own process, not some child that it survived, ran out of memory."""
    try:
        state = engine.containers.get(identifier).attrs["State"]
    except Exception:  # whatever the engine's client throws: then nothing is known
        return False
    return bool(state.get("OOMKilled")) and state.get("ExitCode") == 137
