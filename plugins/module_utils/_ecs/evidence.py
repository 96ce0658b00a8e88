# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a failed deployment left behind: its stopped tasks, their last words, the service's events."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import (
    describe_task_definition,
    describe_tasks,
    last_log_lines,
    list_stopped_tasks,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Definition, Evidence, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Verdict

TASKS_SHOWN = 5
LOG_LINES = 20


def gather(clients: Clients, target: Target, revision: str, verdict: Verdict) -> Evidence:
    """Collect what can be had. Evidence that cannot be read is named, and never hides the failure itself."""
    ecs = clients("ecs")
    evidence = Evidence(reason=verdict.reason, events=list(verdict.state.events[:5]) if verdict.state else [])
    try:
        stopped = list_stopped_tasks(ecs, target.cluster, target.service)
        # Only tasks of this revision: the deployment before may have left some of its own.
        tasks = [task for task in describe_tasks(ecs, target.cluster, stopped) if task["taskDefinitionArn"] == revision]
        tasks.sort(key=_tells_most, reverse=True)
        evidence.tasks = [_task(task) for task in tasks[:TASKS_SHOWN]]
        definition, _tags = describe_task_definition(ecs, revision)
    except AwsError as error:
        evidence.events.append(f"(more evidence could not be read: {error.message})")
        return evidence
    for task in tasks[:TASKS_SHOWN]:
        evidence.log_lines = _log_lines(clients, definition, target.container, task)
        if evidence.log_lines:
            break
    return evidence


def _tells_most(task: t.Mapping[str, t.Any]) -> tuple[bool, str]:
    # A task the scheduler ended says nothing about why the others died.
    died_by_itself = task.get("stopCode") != "ServiceSchedulerInitiated"
    return died_by_itself, str(task.get("stoppedAt") or task.get("createdAt") or "")


def _task(task: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "task": task["taskArn"].rsplit("/", 1)[-1],
        "stop_code": task.get("stopCode"),
        "stopped_reason": task.get("stoppedReason"),
        "containers": [
            {"name": item["name"], "exit_code": item.get("exitCode"), "reason": item.get("reason")}
            for item in task.get("containers", [])
        ],
    }


def _log_lines(clients: Clients, definition: Definition, container_name: str, task: t.Mapping[str, t.Any]) -> list[str]:
    for container in definition.get("containerDefinitions", []):
        configuration = container.get("logConfiguration") or {}
        options = configuration.get("options") or {}
        prefix, group = options.get("awslogs-stream-prefix"), options.get("awslogs-group")
        if container.get("name") != container_name or configuration.get("logDriver") != "awslogs" or not prefix:
            continue
        stream = f"{prefix}/{container_name}/{task['taskArn'].rsplit('/', 1)[-1]}"
        try:
            return last_log_lines(clients("logs", region=options.get("awslogs-region")), str(group), stream, LOG_LINES)
        except AwsError:
            return []  # a task that never started has no stream
    return []


def cause(service: str, evidence: Evidence) -> str:
    """Return the likeliest reason as one sentence, from the most telling evidence there is."""
    for task in evidence.tasks:
        for container in task["containers"]:
            if container["exit_code"] not in (None, 0):
                last = next((line for line in reversed(evidence.log_lines) if line.strip()), None)
                words = f" Its last words: {last.strip()}" if last else " It logged nothing."
                return f"Container {container['name']} of {service} exited with code {container['exit_code']}.{words}"
    for task in evidence.tasks:
        reasons = [container["reason"] for container in task["containers"] if container["reason"]]
        if reasons or task["stopped_reason"]:
            return f"A task of {service} stopped: {reasons[0] if reasons else task['stopped_reason']}"
    if evidence.reason:
        return f"{service}: {evidence.reason}"
    return f"ECS gave no cause for {service}; its latest event: {evidence.events[0] if evidence.events else 'none'}"


__all__ = ("cause", "gather")
