# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Watch deployments, each by its own id, until every one has an outcome with a name."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import describe_services
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Sight
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller_ecs import EcsController
from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import (
    Verdict,
    Watched,
    judge,
    judge_native,
    progress,
    settled,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Controller
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import ServiceState

Report = t.Callable[[str, str], None]
"""Told the unit's name and one line whenever something changed."""


@dataclasses.dataclass(frozen=True)
class Clock:
    """Time as the watcher knows it; tests bring their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Pace:
    """Look often while things move and when they are nearly done, rarely while neither is so."""

    SHORTEST = 1.0
    LONGEST = 15.0
    # What is missing at the end comes soon, or takes as long as connections take to drain.
    SOON = 60.0

    def __init__(self) -> None:
        self._seconds = self.SHORTEST
        self._still = 0.0

    def next(self, *, moved: bool, nearly_done: bool = False) -> float:
        self._still = 0.0 if moved else self._still + self._seconds
        soon = moved or (nearly_done and self._still < self.SOON)
        self._seconds = self.SHORTEST if soon else min(self._seconds * 1.4, self.LONGEST)
        return self._seconds


class Watch:
    """Follows any number of deployments together, ten services a call, until each has a verdict.

    Deployments may join at any time; each has its own time, from when it joined.
    """

    def __init__(
        self,
        ecs: t.Any,
        *,
        timeout: float,
        report: Report,
        clock: Clock,
        controllers: Callable[[str], Controller] | None = None,
    ) -> None:
        self._ecs, self._timeout, self._report, self._clock = ecs, timeout, report, clock
        own = EcsController(ecs, report)
        self._controllers = controllers or (lambda dummy: own)
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
        try:
            self.states = _look(self._ecs, self.open.values())
            sights = self._sights()
        except AwsError as error:
            if not error.passing:
                raise
            # Without an answer there is no news: what is under way goes on, and so does its time.
            line = f"cannot be seen at the moment ({error.code})"
            sights = {name: Sight(watched, line) for name, watched in self.open.items()}
        verdicts: dict[str, Verdict] = {}
        for name in list(self.open):
            verdict = self._heard(name, sights.get(name))
            if verdict is not None:
                verdicts[name] = verdict
                del self.open[name]
        return verdicts

    def rest(self) -> None:
        """Wait for the next look: shortly while things move, long while they do not, and never beyond a deadline."""
        nearly = any(_nearly_done(watched, self.states.get(name)) for name, watched in self.open.items())
        pause = self._pace.next(moved=self._moved, nearly_done=nearly)
        self._moved = False
        left = min((self._deadlines[name] for name in self.open), default=0.0) - self._clock.now()
        self._clock.sleep(min(pause, max(0.1, left)))

    def _sights(self) -> dict[str, Sight]:
        """Have each controller look at its own, all of them in one go. A service that is gone is not looked at."""
        groups: dict[str, list[tuple[Watched, ServiceState]]] = {}
        for name, watched in self.open.items():
            state = self.states.get(name)
            if state is not None:
                groups.setdefault(watched.controller, []).append((watched, state))
        sights: dict[str, Sight] = {}
        for kind, members in groups.items():
            sights |= self._controllers(kind).look(members)
        return sights

    def _heard(self, name: str, sight: Sight | None) -> Verdict | None:
        """Take in what was seen of a deployment, and return its end if it has one."""
        if sight is None:
            return Verdict("stopped", None, "The service no longer exists.")
        self.open[name] = self.followed[name] = sight.watched
        if self._said.get(name) != sight.line:
            self._moved, self._said[name] = True, sight.line
            self._report(name, sight.line)
        if sight.verdict is None and self._clock.now() >= self._deadlines[name]:
            late = f"Not complete after {self._timeout:.0f} s; last seen: {sight.line}."
            return sight.at_the_latest or Verdict("timed_out", self.states.get(name), late)
        return sight.verdict


def _nearly_done(watched: Watched, state: ServiceState | None) -> bool:
    """Tell whether all that a deployment brings runs, and only ECS's word is missing."""
    ours = state.deployment(watched.deployment_id) if state else None
    return ours is not None and 0 < ours.desired <= ours.running


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
