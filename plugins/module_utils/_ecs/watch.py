# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Watch deployments, each by its own id, until every one has an outcome with a name."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import describe_services
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Deployment, Outcome, ServiceState
from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import (
    ROLLING,
    UNDER_WAY,
    Hook,
    NativeDeployment,
    Natives,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable

Report = t.Callable[[str, str], None]
"""Told the unit's name and one line whenever something changed."""


@dataclasses.dataclass(frozen=True)
class Watched:
    """A deployment we started, or found running and joined."""

    name: str
    cluster: str
    service: str
    deployment_id: str
    task_definition: str
    previous: str | None
    # The service deployment, where ECS tells of it; and the one before, as long as ours is not known.
    native: str | None = None
    native_before: str | None = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a watched deployment ended, and what the service looked like then."""

    outcome: Outcome
    state: ServiceState | None
    reason: str | None = None
    hook: Hook | None = None


@dataclasses.dataclass(frozen=True)
class Clock:
    """Time as the watcher knows it; tests bring their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def judge(state: ServiceState, watched: Watched) -> Verdict | None:
    """Return the outcome of the watched deployment, or nothing while it is open.

    "Stable again" is not the question: after a circuit breaker rolled back, the service is stable too.
    Only our own deployment being primary, complete and fully running counts as success.
    """
    if state.status != "ACTIVE":
        return Verdict("stopped", state, f"The service is {state.status}.")
    ours = state.deployment(watched.deployment_id)
    primary = state.primary
    if ours is None:
        return _judge_vanished(state, watched, primary)
    if ours.rollout == "FAILED":
        return _judge_failed(state, ours, primary)
    if primary is None or primary.id != ours.id:
        return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")
    return Verdict("succeeded", state) if settled(state) else None


def judge_native(state: ServiceState, watched: Watched, native: NativeDeployment) -> Verdict | None:
    """Return the outcome of a service deployment, or nothing while it is open.

    ECS's word alone is not success: the service has to run what we shipped, completely.
    """
    if state.status != "ACTIVE":
        return Verdict("stopped", state, f"The service is {state.status}.")
    if native.status in UNDER_WAY:
        hook = native.waiting_hook
        if hook is not None:
            return Verdict("paused", state, f"It waits at {_stage(native)} for somebody to decide.", hook)
        return None
    if native.status == "SUCCESSFUL":
        primary = state.primary
        if primary is not None and primary.task_definition != watched.task_definition:
            return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")
        return Verdict("succeeded", state) if settled(state) else None
    if native.status == "ROLLBACK_SUCCESSFUL":
        return Verdict("rolled_back", state, _why(native))
    if native.status == "ROLLBACK_FAILED":
        return Verdict("failed", state, f"The rollback failed too: {_why(native)}")
    if native.status == "STOPPED":
        if state.native not in (None, native.arn):
            return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")
        return Verdict("stopped", state, _why(native))
    return None


def _stage(native: NativeDeployment) -> str:
    return (native.stage or "a stage without a name").lower().replace("_", " ")


def _why(native: NativeDeployment) -> str:
    if native.triggered_alarms:
        return f"In alarm: {', '.join(native.triggered_alarms)}."
    return native.reason or "ECS gives no reason."


def settled(state: ServiceState) -> bool:
    """Tell whether the primary deployment is complete and all its tasks run."""
    primary = state.primary
    if primary is None or primary.running < primary.desired or primary.running < state.desired:
        return False
    # Controllers without a rollout state are complete when nothing else is left.
    return primary.rollout == "COMPLETED" if primary.rollout else len(state.deployments) == 1


def _judge_vanished(state: ServiceState, watched: Watched, primary: Deployment | None) -> Verdict | None:
    if primary is None:
        return None
    if primary.task_definition != watched.previous:
        return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")
    return Verdict("rolled_back", state, primary.reason) if settled(state) else None


def _judge_failed(state: ServiceState, ours: Deployment, primary: Deployment | None) -> Verdict | None:
    if primary is None or primary.id == ours.id:
        # ECS marks the deployment failed a moment before the one that rolls it back appears.
        if "rolling back" in (ours.reason or ""):
            return None
        return Verdict("failed", state, ours.reason)
    if primary.rollout == "FAILED":
        return Verdict("failed", state, f"The rollback failed too: {primary.reason}")
    return Verdict("rolled_back", state, ours.reason) if settled(state) else None


def progress(state: ServiceState, watched: Watched) -> str:
    """Return one line about where the deployment stands."""
    ours = state.deployment(watched.deployment_id)
    if ours is None:
        return "the deployment is no longer listed"
    parts = [f"{ours.running}/{ours.desired} running"]
    if ours.pending:
        parts.append(f"{ours.pending} pending")
    if ours.failed:
        parts.append(f"{ours.failed} failed")
    old = sum(item.running for item in state.deployments if item.id != ours.id)
    if old:
        parts.append(f"{old} of the revision before")
    return f"{(ours.rollout or ours.status).lower().replace('_', ' ')}: {', '.join(parts)}"


class Pace:
    """Look often while things move, rarely while they do not."""

    SHORTEST = 1.0
    LONGEST = 15.0

    def __init__(self) -> None:
        self._seconds = self.SHORTEST

    def next(self, *, moved: bool) -> float:
        self._seconds = self.SHORTEST if moved else min(self._seconds * 1.4, self.LONGEST)
        return self._seconds


class Watch:
    """Follows any number of deployments together, ten services a call, until each has a verdict.

    Deployments may join at any time; each has its own time, from when it joined.
    """

    def __init__(self, ecs: t.Any, *, timeout: float, report: Report, clock: Clock) -> None:
        self._ecs, self._timeout, self._report, self._clock = ecs, timeout, report, clock
        self._natives = Natives(ecs)
        self._said: dict[str, str] = {}
        self._deadlines: dict[str, float] = {}
        self._pace = Pace()
        self._moved = True
        self.open: dict[str, Watched] = {}
        # The last deployment of each service that was followed, open or not.
        self.followed: dict[str, Watched] = {}
        self.states: dict[str, ServiceState] = {}

    def follow(self, watched: Watched) -> None:
        self.open[watched.name] = self.followed[watched.name] = watched
        self._deadlines[watched.name] = self._clock.now() + self._timeout
        self._said.pop(watched.name, None)
        self._moved = True

    def stay(self, name: str) -> None:
        """Go on following a deployment that was only paused; its time goes on too."""
        self.open[name] = self.followed[name]
        self._moved = True

    def leave(self, name: str) -> None:
        """Stop following a deployment that somebody else has a verdict on."""
        del self.open[name]

    def look(self) -> dict[str, Verdict]:
        """Look once at everything that is open, and return what is decided now."""
        if not self.open:
            return {}
        self.states = _look(self._ecs, self.open.values())
        for name, watched in list(self.open.items()):
            self.open[name] = self.followed[name] = _recognised(watched, self.states.get(name))
        natives = self._look_at_natives()
        verdicts: dict[str, Verdict] = {}
        for name, watched in list(self.open.items()):
            verdict = self._look_at(watched, self.states.get(name), natives.get(watched.native or ""))
            if verdict is not None:
                verdicts[name] = verdict
                del self.open[name]
        return verdicts

    def rest(self) -> None:
        """Wait for the next look: shortly while things move, long while they do not, and never beyond a deadline."""
        pause = self._pace.next(moved=self._moved)
        self._moved = False
        left = min((self._deadlines[name] for name in self.open), default=0.0) - self._clock.now()
        self._clock.sleep(min(pause, max(0.1, left)))

    def _look_at_natives(self) -> dict[str, NativeDeployment]:
        known = self._natives.refused
        found = self._natives.look([watched.native for watched in self.open.values() if watched.native])
        if self._natives.refused and not known:
            self._report(", ".join(self.open), f"{self._natives.refused} The counts of the service decide instead.")
        return found

    def _look_at(self, watched: Watched, state: ServiceState | None, native: NativeDeployment | None) -> Verdict | None:
        if state is None:
            return Verdict("stopped", None, "The service no longer exists.")
        # Of a rolling deployment the counts say more, and earlier; of the others only ECS itself can tell.
        staged = native if native is not None and native.strategy != ROLLING else None
        line = staged.line if staged else progress(state, watched)
        if self._said.get(watched.name) != line:
            self._moved, self._said[watched.name] = True, line
            self._report(watched.name, line)
        verdict = judge_native(state, watched, native) if native else judge(state, watched)
        if verdict is None and self._clock.now() >= self._deadlines[watched.name]:
            return Verdict("timed_out", state, f"Not complete after {self._timeout:.0f} s; last seen: {line}.")
        return verdict


def _recognised(watched: Watched, state: ServiceState | None) -> Watched:
    """Learn the service deployment's ARN as soon as the service names another than the one before."""
    if watched.native or state is None or state.native in (None, watched.native_before):
        return watched
    return dataclasses.replace(watched, native=state.native)


def _look(ecs: t.Any, deployments: t.Iterable[Watched]) -> dict[str, ServiceState]:
    by_cluster: dict[str, list[Watched]] = {}
    for watched in deployments:
        by_cluster.setdefault(watched.cluster, []).append(watched)
    states: dict[str, ServiceState] = {}
    for cluster, members in by_cluster.items():
        found = describe_services(ecs, cluster, [watched.service for watched in members])
        states.update({watched.name: found[watched.service] for watched in members if watched.service in found})
    return states


__all__ = ("Clock", "Pace", "Report", "Verdict", "Watch", "Watched", "judge", "judge_native", "progress", "settled")
