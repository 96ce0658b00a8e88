# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""From evidence to causes, the best first. Pure: the same evidence always gives the same answer."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.access import access
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.capacity import capacity
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.dependency import dependency
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.deployment import deployment
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import RANK, Case, Diagnosis, Quote, Rule
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Evidence, Task
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.exits import exits
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.health import health
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.image import image
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.network import network
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.roles import roles
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.secrets import secrets
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.storage import storage

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# In the order in which a task lives: what comes first hides what would come later.
FAMILIES: tuple[Rule, ...] = (
    roles, network, capacity, secrets, image, storage, access, dependency, exits, health, deployment,
)  # fmt: skip

# They say that something failed, and not why: told only where nothing better is known.
GENERIC = frozenset({"application_exit", "image_pull_failed", "circuit_breaker_no_cause"})

QUOTES = 8


def classify(evidence: Evidence, *, failed: bool | None = None) -> tuple[Diagnosis, ...]:
    """Return what is wrong with a deployment, the best explanation first, or nothing if nothing is.

    ``failed`` says that the deployment is known to have failed (or to have run out of time), whatever the evidence
    shows: then there is always an answer, if only C(unknown).
    """
    found = [item for task in _telling(evidence) for item in _of_task(evidence, task)]
    found += _of_case(Case.of_service(evidence))
    merged = _merge(found)
    better = [item for item in merged if item.code not in GENERIC]
    explained = {task for item in better if item.confidence != "possible" for task in item.tasks}
    kept = [item for item in merged if item in better or _still_needed(item, merged, explained)]
    if not kept and (evidence.failed if failed is None else failed):
        kept = [unknown(evidence)]
    return tuple(sorted(kept, key=lambda item: (RANK[item.confidence], not item.fatal, -len(item.tasks))))


def _telling(evidence: Evidence) -> list[Task]:
    """Return the tasks worth asking: those that died or were ended as unhealthy; else those that run unhealthy."""
    stopped = [task for task in evidence.tasks if task.is_stopped and not task.told_to_go]
    return stopped or [task for task in evidence.tasks if not task.is_stopped and task.health == "UNHEALTHY"]


def _of_task(evidence: Evidence, task: Task) -> list[Diagnosis]:
    return _of_case(Case.of_task(evidence, task))


def _of_case(case: Case) -> list[Diagnosis]:
    return [item for family in FAMILIES for item in family(case)]


def _still_needed(item: Diagnosis, all_: list[Diagnosis], explained: set[str]) -> bool:
    if item.tasks:
        return not set(item.tasks) <= explained
    return not any(other.confidence != "possible" for other in all_ if other is not item)


def _merge(found: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Join what several tasks died of: one cause, all its tasks, the words of the surest."""
    by_code: dict[str, list[Diagnosis]] = {}
    for item in found:
        by_code.setdefault(item.code, []).append(item)
    return [_joined(items) for items in by_code.values()]


def _joined(items: list[Diagnosis]) -> Diagnosis:
    best = min(items, key=lambda item: (RANK[item.confidence], not item.fatal))
    # A task that only possibly died of it is no witness.
    same = [item for item in items if item.confidence != "possible" or best.confidence == "possible"]
    quotes = dict.fromkeys(quote for item in (best, *same) for quote in item.evidence)
    tasks = dict.fromkeys(task for item in same for task in item.tasks)
    fatal = best.fatal and all(item.fatal for item in same)
    return dataclasses.replace(best, evidence=tuple(quotes)[:QUOTES], tasks=tuple(tasks), fatal=fatal)


def unknown(evidence: Evidence) -> Diagnosis:
    """Return all there is, where no rule knows it."""
    return Diagnosis(
        code="unknown",
        confidence="possible",
        explanation="The deployment failed, and nothing that was gathered fits a cause known here.",
        fix="Read the evidence: everything that was gathered is in it. If you find the cause, tell us its words, "
        "and it will have a name the next time.",
        evidence=tuple(_everything(evidence)),
        tasks=tuple(task.id for task in evidence.dead_tasks),
    )


def _everything(evidence: Evidence) -> Iterator[Quote]:
    for task in evidence.dead_tasks:
        yield Quote(f"task {task.id}, stop code", task.stop_code or "none")
        yield from Case.of_task(evidence, task).says
        for container in task.containers:
            if container.exit_code is not None:
                yield Quote(f"task {task.id}, container {container.name}", f"exit code {container.exit_code}")
            for line in container.log[-3:]:
                yield Quote(f"task {task.id}, container {container.name}, log", line.text)
    yield from Case.of_service(evidence).says
    for target in evidence.targets:
        if target.state != "healthy":
            words = f"{target.id} {target.state} {target.reason}".strip()
            yield Quote(f"target group {reading.last_part(target.group)}", words)
    for item in evidence.unreadable:
        yield Quote("not read", item)


__all__ = ("classify", "unknown")
