# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which container of a task starts when."""

from __future__ import annotations

import time
import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from types import ModuleType

    from .seams import Place, Record

PAUSE = 0.2
PATIENCE = 180.0


class DependencyError(Exception):
    """A container that another waits for did not come to what is waited for."""


def containers_wait_for_each_other(_place: Place) -> None:
    """A container with ``dependsOn`` starts when the others have started, ended, or are healthy.

    AWS: conditions START, COMPLETE, SUCCESS and HEALTHY, for ``startTimeout`` seconds at most.
    MiniStack: starts all containers in the order they are written in.
    """
    ecs = service("ecs")
    start, build = original(ecs, "_start_task_worker"), original(ecs, "_build_run_kwargs")

    def start_task_worker(task: Record, definition: Record, *rest: t.Any) -> None:
        order = [one["name"] for one in in_order(definition["containerDefinitions"])]
        names = [one["name"] for one in task["containers"]]
        task["_container_essentials"] = [task["_container_essentials"][names.index(name)] for name in order]
        for containers in (task["containers"], definition["containerDefinitions"]):
            containers.sort(key=lambda one: order.index(one["name"]))
        start(task, definition, *rest)

    def build_run_kwargs(container: Record, definition: Record, *rest: t.Any) -> Record:
        arguments: Record = build(container, definition, *rest)
        task = ecs._tasks.get(arguments["labels"]["com.amazonaws.ecs.task-arn"])
        for dependency in container.get("dependsOn") or [] if task else []:
            _wait(ecs, task, dependency, float(container.get("startTimeout") or PATIENCE))
        return arguments

    replace(ecs, "_start_task_worker", start_task_worker)
    replace(ecs, "_build_run_kwargs", build_run_kwargs)


def in_order(containers: list[Record]) -> list[Record]:
    """Put every container behind those it depends on, and otherwise leave them as they are."""
    ordered: list[Record] = []
    left = [*containers]
    while left:
        done = {one["name"] for one in ordered}
        ready = [one for one in left if {each["containerName"] for each in one.get("dependsOn") or []} <= done]
        chosen = (ready or left)[0]  # a circle, which AWS refuses, is broken anywhere
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


def _wait(ecs: ModuleType, task: Record, dependency: Record, patience: float) -> None:
    name, condition = dependency["containerName"], dependency["condition"]
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and ecs._task_is_active(task["taskArn"], task):
        if _met(ecs, task, name, condition):
            return
        time.sleep(PAUSE)
    raise DependencyError(f"dependency container '{name}' did not reach the condition {condition}")


def _met(ecs: ModuleType, task: Record, name: str, condition: str) -> bool:
    index = [one["name"] for one in task["containers"]].index(name)
    if condition == "HEALTHY":
        health = task["containers"][index]["healthStatus"]
        if health == "UNHEALTHY":
            raise DependencyError(f"dependency container '{name}' is unhealthy")
        return bool(health == "HEALTHY")
    if condition == "START":
        return True
    state = ecs._get_docker().api.inspect_container(task["_docker_ids"][index])["State"]
    if condition == "SUCCESS" and state["Status"] == "exited" and state["ExitCode"]:
        raise DependencyError(f"dependency container '{name}' exited with {state['ExitCode']}")
    return bool(state["Status"] == "exited")
