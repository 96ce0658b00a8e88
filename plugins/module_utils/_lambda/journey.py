# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""One function's way from what its callers get to what they should get, and back if it is not good."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda.making import Maker
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import FunctionResult, Outcome, Release
from ansible_collections.slipway.aws.plugins.module_utils._lambda.patience import Ended, Patience
from ansible_collections.slipway.aws.plugins.module_utils._lambda.traffic import Traffic
from ansible_collections.slipway.aws.plugins.module_utils._lambda.trial import Trial

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._lambda.plan import Plan

RollBack = t.Literal["release", "function", "none"]
# Ends after which callers may get what we shipped. Not superseded: that is another's.
OURS_TO_UNDO = frozenset({"failed", "timed_out"})


@dataclasses.dataclass(frozen=True)
class Hands:
    """The clients a journey works with. The invoker waits for answers, and never calls a function twice by itself."""

    functions: t.Any
    invoker: t.Any
    cloudwatch: t.Any = None


@dataclasses.dataclass(frozen=True)
class Voyage:
    """Everything a shipment needs besides its functions."""

    release: Release
    timeout: float
    rollback: RollBack = "function"
    max_parallel: int | None = None
    show_environment: bool = False
    check_mode: bool = False
    clock: Clock = dataclasses.field(default_factory=Clock)


class Journey:
    """Carries out one plan. Every write is made on the condition that what we know of it still holds."""

    def __init__(
        self, hands: Hands, plan: Plan, voyage: Voyage, say: Callable[[str], None], stop: threading.Event
    ) -> None:
        self._plan, self._voyage = plan, voyage
        patience = Patience(voyage.timeout, voyage.clock, stop, say)
        self._maker = Maker(hands.functions, plan, patience)
        self._trial = Trial(hands.invoker, plan, patience)
        self._traffic = Traffic(hands.functions, hands.cloudwatch, plan, patience)
        self._began = voyage.clock.now()

    def run(self) -> FunctionResult:
        self._began = self._voyage.clock.now()
        try:
            version = self._maker.make()
            if self._plan.action != "join":
                self._trial.run(version)
            self._traffic.shift(version)
        except Ended as end:
            return self._end(end)
        except SlipwayError as error:
            return self._end(Ended("failed", error.message))
        return self._result("succeeded", release_id=self._plan.release_after(self._voyage.release))

    def _end(self, end: Ended) -> FunctionResult:
        outcome, where = self._undo(end)
        # Whatever is left on the alias of ours, it is our release that some callers get.
        ours = self._traffic.moved and outcome not in ("rolled_back", "superseded")
        result = self._result(
            outcome, release_id=self._plan.release_after(self._voyage.release) if ours else self._plan.running_release
        )
        result.reason = end.reason
        result.cause = f"{end.found.told if end.found else end.reason}{where}"
        result.diagnoses = [end.found.as_result()] if end.found else []
        return result

    def _undo(self, end: Ended) -> tuple[Outcome, str]:
        """Bring back what of ours callers may get, and return the outcome with what to say of it."""
        before = self._plan.before
        if end.outcome not in OURS_TO_UNDO:
            return end.outcome, ""
        if not self._traffic.moved:
            return end.outcome, f" Callers still get version {before}." if before else ""
        if self._voyage.rollback == "none":
            return end.outcome, " Nothing was brought back, as asked."
        problem = self._traffic.bring_back()
        return (end.outcome, f" It could not be brought back either: {problem}") if problem else ("rolled_back", "")

    def bring_back(self) -> str | None:
        """Send callers back after all, and return why that was not possible, if it was not."""
        return self._traffic.bring_back()

    @property
    def can_go_back(self) -> bool:
        return self._traffic.moved and self._plan.running is not None

    @property
    def standing(self) -> str:
        return self._traffic.standing(self._maker.version)

    @property
    def seconds(self) -> float:
        return round(self._voyage.clock.now() - self._began, 1)

    def _result(self, outcome: Outcome, *, release_id: str | None) -> FunctionResult:
        alias = self._traffic.alias
        return dataclasses.replace(
            base_result(self._plan, outcome),
            changed=self._maker.wrote or self._traffic.wrote,
            after=alias.version if alias else None,
            weights=dict(alias.weights) if alias and self._plan.action != "join" else {},
            version=self._maker.version,
            release_id=release_id,
            smoke=self._trial.results,
            canary=self._traffic.steps,
            diff=self._plan.diff,
            seconds=self.seconds,
        )


def base_result(plan: Plan, outcome: Outcome, *, cause: str | None = None) -> FunctionResult:
    """Return how a function ended; what is not said is as it was before."""
    return FunctionResult(
        outcome=outcome,
        changed=False,
        alias=plan.target.alias,
        before=plan.before,
        after=plan.before,
        weights=dict(plan.alias.weights) if plan.alias else {},
        ran_before=plan.running is not None,
        version=plan.version,
        code=plan.code,
        release_id=plan.running_release,
        warnings=list(plan.warnings),
        cause=cause,
    )


__all__ = ("Hands", "Journey", "RollBack", "Voyage", "base_result")
