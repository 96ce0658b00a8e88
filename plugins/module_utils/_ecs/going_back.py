# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""Bring services back to what they ran before, where a release did not get there."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.endings import OPEN, OURS_TO_UNDO, ending, short
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import GOOD, ServiceResult
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Controller
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Report, Verdict, Watch

RollBack = t.Literal["release", "service", "none"]


def to_bring_back(plans: t.Mapping[str, Plan], results: t.Mapping[str, ServiceResult], policy: RollBack) -> set[str]:
    """Return the services whose deployment of ours still stands, as far as the policy wants them back."""
    failed = {name for name, result in results.items() if result.outcome in OURS_TO_UNDO}
    wanted = set() if policy == "none" else failed
    if policy == "release" and any(result.outcome not in GOOD | OPEN for result in results.values()):
        wanted |= {name for name, result in results.items() if result.outcome == "succeeded"}
    return {name for name in wanted if can_go_back(plans[name], results[name])}


def can_go_back(plan: Plan, result: ServiceResult) -> bool:
    """Tell whether there is a revision before: not when joined or started anew; and a placeholder is none either."""
    return result.changed and plan.state.serves and plan.action in ("register", "revision")


class WayBack:
    """The way back of one run. It changes the results of those that go.

    What failed goes back at once: nothing that comes after it was started. What succeeded goes when the whole release
    is over, the last that started first.
    """

    def __init__(
        self,
        plans: t.Mapping[str, Plan],
        results: t.Mapping[str, ServiceResult],
        watch: Watch,
        controllers: Callable[[str], Controller],
        report: Report,
        seconds: Callable[[str], float],
    ) -> None:
        self._plans, self._results, self._watch = plans, results, watch
        self._controllers, self._report, self._seconds = controllers, report, seconds
        # Once is enough: what could not be brought back is not tried again.
        self.begun: set[str] = set()

    def go(self, waves_back: t.Sequence[t.Sequence[str]], policy: RollBack) -> None:
        names = to_bring_back(self._plans, self._results, policy) - self.begun
        for wave in waves_back:
            for name in wave:
                if name in names:
                    self.begin(name)
            while self._watch.open:
                for name, verdict in self._watch.look().items():
                    self.conclude(name, verdict)
                if self._watch.open:
                    self._watch.rest()

    def begin(self, name: str) -> None:
        plan = self._plans[name]
        self.begun.add(name)
        self._report(name, f"goes back to {short(plan.way_back)}")
        controller = self._controllers(plan.state.controller)
        unfinished = self._results[name].outcome in OURS_TO_UNDO
        try:
            watched = controller.bring_back(plan, self._watch.followed[name], unfinished=unfinished)
        except SlipwayError as error:
            self._could_not(name, error.message)
            return
        if watched is None:
            self._is_back(name)
        else:
            self._watch.follow(watched)

    def conclude(self, name: str, verdict: Verdict) -> None:
        if verdict.outcome in ("succeeded", "rolled_back"):
            self._is_back(name)
        else:
            self._could_not(name, verdict.reason or verdict.outcome.replace("_", " "))

    def _is_back(self, name: str) -> None:
        result, plan = self._results[name], self._plans[name]
        if result.outcome == "succeeded":
            result.cause = "Brought back, because another service of this release failed."
        result.outcome, result.after = "rolled_back", plan.way_back
        # Of a revision that nobody looked at, nobody knows the release.
        result.release_id = plan.running_release if plan.way_back == plan.running else None
        result.seconds = self._seconds(name)
        self._report(name, f"rolled back: {short(plan.way_back)} runs again after {result.seconds:.1f} s")

    def _could_not(self, name: str, why: str) -> None:
        result = self._results[name]
        result.outcome = "failed"
        result.cause = f"{result.cause or ''} It could not be brought back either: {why}".strip()
        self._report(name, ending(result))


__all__ = ("RollBack", "WayBack", "can_go_back", "to_bring_back")
