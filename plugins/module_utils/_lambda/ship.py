# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Ship functions: plan every one, start each as soon as what it comes after is up, and see all to their ends."""

from __future__ import annotations

import concurrent.futures
import threading
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda.health import Watcher
from ansible_collections.slipway.aws.plugins.module_utils._lambda.journey import (
    Hands,
    Journey,
    Voyage,
    base_result,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import GOOD, FunctionResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._lambda.patience import Interrupted
from ansible_collections.slipway.aws.plugins.module_utils._lambda.plan import Plan, Planner
from ansible_collections.slipway.aws.plugins.module_utils._lambda.prepare import prepare
from ansible_collections.slipway.aws.plugins.module_utils._waves import waves

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Report

AT_ONCE = 16


def ship(
    clients: Clients, invokers: Clients, targets: t.Sequence[Target], voyage: Voyage, report: Report
) -> dict[str, FunctionResult]:
    """Bring every target to what its callers should get, in dependency order, and say how each one ended.

    All plans are made before the first write: bad input stops the release while nothing has happened.
    """
    ordered = waves({target.name: target.after for target in targets}, "function")
    targets = prepare(clients, targets, report, check_mode=voyage.check_mode)
    watched = [target for target in targets if target.canary.watches]
    hands = Hands(clients("lambda"), invokers("lambda"), clients("cloudwatch") if watched else None)
    plans = Planner(hands.functions, voyage.release, voyage.show_environment).plan_all(targets)
    _refuse_unknown_alarms(hands, [plan for plan in plans.values() if plan.changes])
    shipment = Shipment(hands, [plans[name] for wave in ordered for name in wave], voyage, report)
    shipment.ship()
    if not voyage.check_mode:
        shipment.go_back()
    return {target.name: shipment.results[target.name] for target in targets}


def _refuse_unknown_alarms(hands: Hands, plans: t.Sequence[Plan]) -> None:
    for plan in plans:
        canary = plan.target.canary
        if not canary.alarms:
            continue
        missing = Watcher(hands.cloudwatch, canary, plan.target.function, plan.target.alias).missing_alarms()
        if missing:
            raise SlipwayError(
                f"functions.{plan.target.name}.canary watches alarms that do not exist: {', '.join(missing)}.",
                hint="Correct their names, or make them in the infrastructure. Nothing was changed.",
            )


class Shipment:
    """One run: what waits, what is under way, and how the rest ended."""

    def __init__(self, hands: Hands, plans: t.Sequence[Plan], voyage: Voyage, report: Report) -> None:
        self._voyage = voyage
        self._stop, self._voice = threading.Event(), threading.Lock()
        self._report = report
        self._waiting = list(plans)
        self._order = [plan.target.name for plan in plans]
        self._plans = {plan.target.name: plan for plan in plans}
        self._journeys = {
            name: Journey(hands, plan, voyage, self._teller(name), self._stop) for name, plan in self._plans.items()
        }
        self.results: dict[str, FunctionResult] = {}

    def ship(self) -> None:
        under_way: dict[concurrent.futures.Future[FunctionResult], str] = {}
        most = min(self._voyage.max_parallel or AT_ONCE, AT_ONCE)
        with concurrent.futures.ThreadPoolExecutor(max_workers=most) as pool:
            try:
                while self._waiting or under_way:
                    for plan in self._ready():
                        under_way[pool.submit(self._journeys[plan.target.name].run)] = plan.target.name
                    done, _rest = concurrent.futures.wait(under_way, return_when=concurrent.futures.FIRST_COMPLETED)
                    for future in done:
                        self._conclude(under_way.pop(future), future.result)
            except BaseException:
                # Also a fault of ours in one of them ends the others where they stand, told.
                self._stop.set()
                self._say_where_they_stand(under_way)
                raise

    def go_back(self) -> None:
        """Bring back all that this run shipped well, the last first, if that is what a failure asks for."""
        if self._voyage.rollback != "release" or all(item.outcome in GOOD for item in self.results.values()):
            return
        for name in reversed(self._order):
            if self.results[name].outcome == "succeeded" and self._journeys[name].can_go_back:
                self._bring_back(name)

    def _bring_back(self, name: str) -> None:
        result, plan = self.results[name], self._plans[name]
        problem = self._journeys[name].bring_back()
        if problem:
            result.outcome, result.cause = "failed", f"It could not be brought back: {problem}"
        else:
            result.outcome, result.after, result.release_id = "rolled_back", plan.before, plan.running_release
            result.weights = {}
            result.cause = "Brought back, because another function of this release failed."
        result.seconds = self._journeys[name].seconds

    def _ready(self) -> list[Plan]:
        """Return what need not wait any longer; what has nothing to do, or never will be able to, is settled here."""
        ready: list[Plan] = []
        settled = True
        while settled:
            settled = False
            for plan in list(self._waiting):
                before = [self.results.get(needed) for needed in plan.target.after]
                broken = [
                    needed for needed, result in zip(plan.target.after, before, strict=True)
                    if result and result.outcome not in GOOD
                ]  # fmt: skip
                if not broken and None in before:
                    continue
                self._waiting.remove(plan)
                result = self._settle(plan, broken)
                if result is None:
                    ready.append(plan)
                else:
                    self.results[plan.target.name] = result
                    settled = True
        return ready

    def _settle(self, plan: Plan, broken: t.Sequence[str]) -> FunctionResult | None:
        if broken:
            return base_result(plan, "stopped", cause=f"Not started, because {', '.join(broken)} did not get there.")
        if plan.action == "nothing":
            self._tell(plan.target.name, f"callers get this already: version {plan.before}")
            return base_result(plan, "no_op")
        if not self._voyage.check_mode:
            return None
        result = base_result(plan, "succeeded")
        result.changed, result.diff = plan.changes, plan.diff
        result.after, result.weights = plan.version, {}
        result.release_id = plan.release_after(self._voyage.release)
        return result

    def _conclude(self, name: str, ending: Callable[[], FunctionResult]) -> None:
        result = self.results[name] = ending()
        told = f"{result.outcome.replace('_', ' ')} after {result.seconds:.1f} s"
        self._tell(name, f"{told}. {result.cause}" if result.cause else told)

    def _say_where_they_stand(self, under_way: t.Mapping[concurrent.futures.Future[FunctionResult], str]) -> None:
        concurrent.futures.wait(under_way)
        for future, name in under_way.items():
            if isinstance(future.exception(), Interrupted):
                self._tell(name, self._journeys[name].standing)
        if self._waiting:
            self._tell(", ".join(plan.target.name for plan in self._waiting), "interrupted before it was touched")

    def _teller(self, name: str) -> Callable[[str], None]:
        def say(line: str) -> None:
            self._tell(name, line)

        return say

    def _tell(self, name: str, line: str) -> None:
        with self._voice:
            self._report(name, line)


__all__ = ("Shipment", "ship")
