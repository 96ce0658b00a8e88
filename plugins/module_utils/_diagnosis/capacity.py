# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""There is no place to run the task."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Case, Confidence, Diagnosis, Quote

if t.TYPE_CHECKING:
    from collections.abc import Iterator

NONE = re.compile(r"Capacity is unavailable|no (?:Fargate )?capacity|RESOURCE:FARGATE", re.IGNORECASE)
QUOTA = re.compile(
    r"reached the limit on the number of (?:vCPUs|tasks|On-Demand)|vCPU-based.{0,40}limit", re.IGNORECASE
)
NO_INSTANCE = re.compile(
    r"no container instances? met all of its requirements|No Container Instances were found", re.IGNORECASE
)
# Those two have families of their own.
ELSEWHERE = re.compile(r"RESOURCE:ENI|error \"?AGENT")
SHORT_OF = (
    (re.compile(r"insufficient memory|RESOURCE:MEMORY", re.IGNORECASE), "memory"),
    (re.compile(r"insufficient CPU|RESOURCE:CPU", re.IGNORECASE), "CPU"),
    (re.compile(r"already using a port|RESOURCE:PORTS", re.IGNORECASE), "a free host port"),
    (re.compile(r"missing an attribute|ATTRIBUTE", re.IGNORECASE), "an attribute that the task definition asks for"),
    (re.compile(r"GPU", re.IGNORECASE), "a GPU"),
)


def capacity_none(case: Case) -> Iterator[Diagnosis]:
    found, confidence = _heard(case, re.compile(f"{NONE.pattern}|{QUOTA.pattern}", re.IGNORECASE))
    if not found:
        return
    quota = bool(QUOTA.search(found.text))
    service = case.evidence.service
    yield case.diagnosis(
        "capacity_none",
        confidence,
        "The account has reached its quota of running capacity."
        if quota
        else "AWS has no capacity of this kind free at the moment.",
        "Ask for a higher quota of Fargate vCPUs (Service Quotas), or stop what need not run."
        if quota
        else f"It comes back by itself, but nobody knows when. Subnets in more availability zones (now "
        f"{', '.join(service.subnets) or 'unknown'}) or a second capacity provider (FARGATE beside FARGATE_SPOT) help.",
        found,
    )


def capacity_no_instance_fits(case: Case) -> Iterator[Diagnosis]:
    found, confidence = _heard(case, NO_INSTANCE)
    if not found or ELSEWHERE.search(found.text):
        return
    definition = case.evidence.definition
    lacks = next((word for pattern, word in SHORT_OF if pattern.search(found.text)), "")
    wants = f"{definition.cpu or '?'} CPU units and {definition.memory or '?'} MiB"
    percent = case.evidence.service.minimum_percent
    yield case.diagnosis(
        "capacity_no_instance_fits",
        confidence,
        f"No container instance has room for a task{f': the closest lacks {lacks}' if lacks else ''}.",
        f"Add an instance (or a capacity provider with managed scaling), or let the task ask for less than {wants}. "
        f"Where there is no room for old and new side by side, minimumHealthyPercent (now {percent}) below 100 lets "
        "ECS stop an old task first.",
        found,
    )


def _heard(case: Case, pattern: re.Pattern[str]) -> tuple[Quote | None, Confidence]:
    """Return what the scheduler says. It does not repeat itself while a cause lasts, so its last words may be older."""
    now = case.find(pattern)
    if now:
        return now[0], "certain"
    evidence = case.evidence
    short = evidence.deployment is not None and evidence.deployment.running < evidence.deployment.desired
    if case.task is None and short and not evidence.tasks:
        for event in evidence.earlier_events:
            if pattern.search(event.message):
                return Quote(
                    f"service event before this deployment, {reading.clock(event.time)}", event.message
                ), "possible"
    return None, "possible"


def capacity(case: Case) -> Iterator[Diagnosis]:
    yield from capacity_none(case)
    yield from capacity_no_instance_fits(case)


__all__ = ("capacity",)
