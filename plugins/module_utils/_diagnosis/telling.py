# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A diagnosis as text, for somebody who has been woken up: the cause, what says so, what to do."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Evidence

QUOTES_TOLD = 4
WIDTH = 400


def summary(evidence: Evidence, diagnoses: t.Sequence[Diagnosis], *, healthy: bool) -> str:
    """Return everything that matters on one screen."""
    lines = [_headline(evidence, healthy=healthy)]
    for number, item in enumerate(diagnoses[:3]):
        lines += ["", *_told(item, "Cause" if number == 0 else "Or")]
    if evidence.unreadable:
        lines += ["", "Not read:", *(f"  - {_short(item)}" for item in evidence.unreadable)]
    if evidence.other_deployments:
        others = ", ".join(evidence.other_deployments)
        lines += ["", f"Tasks of other deployments stopped within the hour: {others}. Ask for one with deployment."]
    return "\n".join(lines)


def cause(name: str, diagnoses: t.Sequence[Diagnosis]) -> str:
    """Return the best explanation as one line, for a result and a progress display."""
    if not diagnoses:
        return f"{name}: nothing that was gathered says why."
    best = diagnoses[0]
    return f"{name}: {best.explanation} [{best.code}, {best.confidence}] {best.fix}"


def _headline(evidence: Evidence, *, healthy: bool) -> str:
    service, ours = evidence.service, evidence.deployment
    name = f"Service {service.name or '?'} in cluster {service.cluster or '?'}"
    counts = f"{service.running} of {service.desired} tasks running"
    if healthy:
        return f"{name} is healthy: {counts}."
    if ours is None:
        return f"{name}: {counts}; the deployment is not listed any more."
    rollout = (ours.rollout or ours.status or "unknown").lower().replace("_", " ")
    dead = len(evidence.dead_tasks)
    failed = f", {dead} dead {'task' if dead == 1 else 'tasks'} seen" if dead else ""
    return f"{name}: {counts}; deployment {ours.id} is {rollout}{failed}."


def _told(item: Diagnosis, word: str) -> list[str]:
    lasting = " Waiting will not mend it." if item.fatal else ""
    lines = [f"{word} ({item.code}, {item.confidence}): {item.explanation}{lasting}"]
    lines += [f"  - {quote.where}: {_short(quote.text)}" for quote in item.evidence[:QUOTES_TOLD]]
    if len(item.tasks) > 1:
        lines.append(f"  - {len(item.tasks)} tasks died of it: {', '.join(item.tasks)}")
    lines.append(f"Fix: {item.fix}")
    return lines


def _short(text: str) -> str:
    told = " ".join(text.split())
    return told if len(told) <= WIDTH else f"{told[:WIDTH]}…"


__all__ = ("cause", "summary")
