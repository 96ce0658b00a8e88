# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""When to look closer at a deployment that is under way, and what was found out about it so far.

A closer look costs several calls, so it needs a sign of trouble: a task failed, a task that ran runs no more, or
nothing has moved for a while. A deployment that gets on is never looked at.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.collect import Subject
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import Finding, diagnose
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.verdict import verdict_of
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Deployment, ServiceState
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock, Watched

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Diagnosis

BETWEEN_VISITS = 5.0
STILL_FOR = 30.0


@dataclasses.dataclass
class _Chart:
    """What was seen of one deployment."""

    visited: float
    moved: float
    failed: int = 0
    running: int = 0
    trouble: bool = False
    finding: Finding | None = None


class Doctor:
    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients, self._clock = clients, clock
        self._charts: dict[str, _Chart] = {}

    def visit(self, watched: Watched, state: ServiceState) -> Diagnosis | None:
        """Return the cause that no waiting will mend, once several tasks of the deployment died of it."""
        ours = state.deployment(watched.deployment_id)
        if ours is None or not self._needed(watched, ours):
            return None
        return verdict_of(self._look(watched, failed=None).diagnoses)

    def conclude(self, watched: Watched) -> Finding:
        """Look a last time at a deployment that failed."""
        return self._look(watched, failed=True)

    def _needed(self, watched: Watched, ours: Deployment) -> bool:
        now = self._clock.now()
        chart = self._charts.setdefault(watched.deployment_id, _Chart(visited=now, moved=now))
        if ours.failed > chart.failed or ours.running < chart.running:
            chart.trouble = True
        if (ours.failed, ours.running) != (chart.failed, chart.running):
            chart.moved = now
        chart.failed, chart.running = ours.failed, ours.running
        still = now - chart.moved >= STILL_FOR
        return (chart.trouble or still) and now - chart.visited >= (STILL_FOR if not chart.trouble else BETWEEN_VISITS)

    def _look(self, watched: Watched, *, failed: bool | None) -> Finding:
        now = self._clock.now()
        chart = self._charts.setdefault(watched.deployment_id, _Chart(visited=now, moved=now))
        subject = Subject(watched.cluster, watched.service, watched.deployment_id, watched.task_definition)
        earlier = chart.finding.evidence if chart.finding else None
        chart.finding = diagnose(self._clients, subject, earlier=earlier, failed=failed)
        chart.visited, chart.trouble = self._clock.now(), False
        return chart.finding


__all__ = ("Doctor",)
