# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Say what is wrong with a service's deployment: gather, classify, look closer where that helps, tell."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.classify import classify
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.collect import (
    Limits,
    Subject,
    gather,
    with_policies,
)
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Evidence, Task, remember
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.telling import summary
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

MENDED_BY_POLICIES = frozenset({"aws_access_denied"})


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was found out about one deployment."""

    evidence: Evidence
    diagnoses: tuple[Diagnosis, ...]

    @property
    def healthy(self) -> bool:
        """Tell whether the deployment is complete, and its tasks do not die again and again."""
        return self.evidence.settled and not any(len(item.tasks) > 1 for item in self.diagnoses)

    @property
    def summary(self) -> str:
        return summary(self.evidence, self.diagnoses, healthy=self.healthy)


def diagnose(
    clients: Clients,
    subject: Subject,
    limits: Limits | None = None,
    *,
    failed: bool | None = None,
    earlier: Evidence | None = None,
    service: t.Mapping[str, t.Any] | None = None,
) -> Finding:
    """Return what is wrong with a deployment.

    ``failed`` as in C(classify). ``earlier`` is evidence of the same deployment from before, for what ECS forgets.
    ``service`` is what DescribeServices answered, where the caller has it.
    """
    evidence = remember(earlier, gather(clients, subject, limits, service=service))
    diagnoses = classify(evidence, failed=failed)
    if any(item.code in MENDED_BY_POLICIES for item in diagnoses):
        evidence = with_policies(clients, evidence)
        diagnoses = classify(evidence, failed=failed)
    return Finding(evidence, diagnoses)


def examine(params: t.Mapping[str, t.Any], clients: Clients) -> dict[str, t.Any]:
    """Return the result of C(ecs_diagnose) for its options."""
    if params["log_lines"] < 0:
        raise SlipwayError("log_lines must not be negative.")
    subject = Subject(params["cluster"], params["service"], params.get("deployment"), params.get("task_definition"))
    found = diagnose(clients, subject, Limits(log_lines=min(params["log_lines"], 1000)))
    if not found.evidence.service.status:
        raise SlipwayError(
            " ".join(found.evidence.unreadable[:1]) or f"There is no service {subject.service}.",
            hint="Is the stack up, and are region, account and cluster the right ones?",
        )
    return {
        "changed": False,
        "healthy": found.healthy,
        "diagnoses": [item.as_result() for item in found.diagnoses],
        "summary": found.summary,
        "evidence": as_result(found.evidence),
    }


def as_result(evidence: Evidence) -> dict[str, t.Any]:
    """Return evidence as a task result: what happened, without everything that merely is."""
    ours = evidence.deployment
    return {
        "deployment": dataclasses.asdict(ours) if ours else None,
        "task_definition": evidence.definition.arn or evidence.service.definition,
        "tasks": [_task(task) for task in evidence.tasks if task.is_stopped or not evidence.dead_tasks],
        "events": [f"{reading.clock(event.time)} {event.message}" for event in evidence.events[:20]],
        "targets": [dataclasses.asdict(item) for item in evidence.targets],
        "target_groups": [dataclasses.asdict(item) for item in evidence.target_groups],
        "other_deployments": list(evidence.other_deployments),
        "unreadable": list(evidence.unreadable),
    }


def _task(task: Task) -> dict[str, t.Any]:
    times = ("created", "pull_started", "pull_stopped", "started", "stopping", "stopped")
    return {
        "task": task.id,
        "status": task.status,
        "stop_code": task.stop_code,
        "stopped_reason": task.stopped_reason,
        "times": {name: reading.clock(getattr(task, name)) for name in times if getattr(task, name) is not None},
        "containers": [
            {
                "name": item.name,
                "exit_code": item.exit_code,
                "reason": item.reason,
                "health": item.health,
                "image": item.image,
                "essential": item.essential,
                "log": [line.text for line in item.log],
            }
            for item in task.containers
        ],
    }


__all__ = ("Finding", "as_result", "diagnose", "examine")
