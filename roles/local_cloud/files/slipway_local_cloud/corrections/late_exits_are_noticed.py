# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that end later, or otherwise, than the emulator expects."""

from __future__ import annotations

import typing as t

from .seams import module, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Record

# Where a container has no exit code, because nobody can ask it any more.
GONE = "CannotInspectContainerError: the container was removed from its host"


def late_exits_are_noticed(_place: Place) -> None:
    """A task whose container is gone is stopped and replaced, whenever and however it went.

    AWS: a task stops when an essential container does, also one that somebody removed on its host.
    MiniStack: takes a container that is gone from the engine for a moment's silence of the engine, for ever; the
    service keeps counting it as running.
    """
    ecs = service("ecs")
    not_found = module("docker.errors").NotFound

    def state_of(engine: t.Any, identifier: str) -> Record:
        try:
            state: Record = engine.api.inspect_container(identifier)["State"]
        except not_found:
            return {"Status": "gone"}
        except Exception:  # the engine is silent for a moment, which says nothing of the container
            return {"Status": "unknown"}
        return state

    def maybe_mark_stopped(task: Record, engine: t.Any = None) -> None:
        arn, engine = task["taskArn"], engine or ecs._get_docker()
        identifiers = list(task.get("_docker_ids") or [])
        if not engine or not identifiers or task["lastStatus"] != "RUNNING" or not ecs._task_is_active(arn, task):
            return
        essential_ended = False
        for container, essential, identifier in zip(
            task["containers"], task["_container_essentials"], identifiers, strict=False
        ):
            if container["lastStatus"] != "STOPPED":
                state = state_of(engine, identifier)
                if state["Status"] not in ("exited", "dead", "gone"):
                    continue
                container |= {"lastStatus": "STOPPED", "exitCode": state.get("ExitCode")}
                if state["Status"] == "gone":
                    container["reason"] = GONE
            essential_ended = essential_ended or essential
        all_ended = all(container["lastStatus"] == "STOPPED" for container in task["containers"])
        if (essential_ended or all_ended) and ecs._mark_task_stopped(
            arn, task, "Essential container exited", "EssentialContainerExited"
        ):
            ecs._cleanup_task_resources(task, None)

    replace(ecs, "_maybe_mark_stopped", maybe_mark_stopped)
