# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The alarm gate: required alarms exist, have data, and stay out of ALARM for as long as the release bakes.

All alarms are read in one go at each look. ECS polls the same alarms on the same quota while it deploys,
and a caller who takes too much of it makes ECS miss one.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate import api
from ansible_collections.slipway.aws.plugins.module_utils._gate.alarm import Alarm, NoDataPolicy, alarm_values, judge
from ansible_collections.slipway.aws.plugins.module_utils._gate.engine import Check, run_gate
from ansible_collections.slipway.aws.plugins.module_utils._gate.limits import Limits
from ansible_collections.slipway.aws.plugins.module_utils._gate.options import Options, nearest
from ansible_collections.slipway.aws.plugins.module_utils._gate.outcome import Measurement, Outcome
from ansible_collections.slipway.aws.plugins.module_utils._gate.report import (
    GateResult,
    check_values,
    evidence_line,
    failure_sentence,
    outcome_values,
)
from ansible_collections.slipway.aws.plugins.module_utils._gate.runner import InlineRunner

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import Clock

# Enough to find what a misspelt name was meant to be, without reading a large account to its end.
NAMES_TO_GUESS_FROM = 1000


class AlarmBoard:
    """The alarms as they were at the latest look. However many checks take part in a look, it is one reading."""

    def __init__(self, cloudwatch: t.Any, names: tuple[str, ...]) -> None:
        self._cloudwatch = cloudwatch
        self._names = names
        self._look = 0
        self._failure: SlipwayError | None = None
        self.alarms: dict[str, Alarm] = {}
        self._known: list[str] | None = None

    def at_look(self, number: int) -> dict[str, Alarm]:
        if number != self._look:
            self._look, self._failure = number, None
            try:
                described = api.describe_alarms(self._cloudwatch, self._names)
                self.alarms = {alarm["AlarmName"]: Alarm.from_api(alarm) for alarm in described}
            except SlipwayError as failure:
                self._failure = failure
        if self._failure is not None:
            raise self._failure
        return self.alarms

    def guess(self, name: str) -> str | None:
        """Return the name that was probably meant. Being unable to guess is no failure of its own."""
        if self._known is None:
            try:
                self._known = api.list_alarm_names(self._cloudwatch, at_most=NAMES_TO_GUESS_FROM)
            except SlipwayError:
                self._known = []
        return nearest(name, self._known)


@dataclasses.dataclass(frozen=True)
class AlarmGate:
    """An alarm gate whose options have been read and make sense."""

    names: tuple[str, ...]
    policies: Mapping[str, NoDataPolicy]
    limits: Limits
    not_before: datetime.datetime | None
    allow_empty: bool

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> AlarmGate:
        """Read the options of M(slipway.aws.alarm_check)."""
        names = tuple(dict.fromkeys(options["required"]))
        if not all(name.strip() for name in names):
            raise SlipwayError("Option 'required' holds an empty alarm name.")
        return cls(
            names=names,
            policies=_policies(options, names),
            limits=_limits(options["bake"], options["interval"]),
            not_before=_moment(options.get("not_before")),
            allow_empty=bool(options.get("allow_empty")),
        )

    def run(self, cloudwatch: t.Any, clock: Clock) -> GateResult:
        if not self.names:
            return self._without_alarms()
        board = AlarmBoard(cloudwatch, self.names)
        checks = [self._check(name, board) for name in self.names]
        report = run_gate(checks, clock=clock, runner=InlineRunner(), at_most=len(checks))
        alarms = {check.name: {**check_values(check), **self._state(check.name, board)} for check in report.checks}
        values = {
            **outcome_values(report.outcome, report.duration),
            "alarms": alarms,
            "evidence": [evidence_line(check) for check in report.checks],
        }
        message = failure_sentence("The alarm check", report)
        return GateResult(values["passed"], message, self._warnings(board), values)

    def _check(self, name: str, board: AlarmBoard) -> Check:
        def measure(look: int) -> Measurement:
            alarm = board.at_look(look).get(name)
            if alarm is None:
                return _missing(name, board.guess(name))
            return judge(alarm, self.policies[name])

        return Check(name, measure, self.limits)

    def _state(self, name: str, board: AlarmBoard) -> dict[str, t.Any]:
        alarm = board.alarms.get(name)
        if alarm is not None:
            return alarm_values(alarm, self.not_before)
        return {"state": None, "since": None, "type": None, "actions_enabled": None, "stale": False}

    def _warnings(self, board: AlarmBoard) -> tuple[str, ...]:
        return tuple(
            f"The actions of alarm '{name}' are disabled, so it tells nobody when it goes off."
            for name, alarm in board.alarms.items()
            if not alarm.has_actions_enabled
        )

    def _without_alarms(self) -> GateResult:
        outcome = Outcome.PASSED if self.allow_empty else Outcome.INCONCLUSIVE
        values = {**outcome_values(outcome), "alarms": {}, "evidence": ["No alarm is required, so none was looked at."]}
        message = (
            "The alarm check is inconclusive: no alarm is required, so nothing was looked at. "
            "Name the alarms in required, or set allow_empty if this release really has none."
        )
        return GateResult(self.allow_empty, message, (), values)


def _missing(name: str, guess: str | None) -> Measurement:
    nearest_one = f"; did you mean '{guess}'?" if guess else ", nor one with a similar name"
    return Measurement(
        Outcome.FAILED, f"an alarm named '{name}'", f"no such alarm in this account and region{nearest_one}"
    )


def _limits(bake: float, interval: float) -> Limits:
    """Look at the start and at the end of the bake, and every C(interval) between; one bad look is enough."""
    if not math.isfinite(bake) or bake < 0:
        raise SlipwayError("Option 'bake' must be a number of seconds, 0 or more.")
    if not math.isfinite(interval) or interval < 1:
        raise SlipwayError("Option 'interval' must be a number of seconds, 1 or more.")
    # A last look that came early would leave the end of the bake unseen, so the bake is rounded up.
    looks = 1 + math.ceil(bake / interval)
    pause = min(interval, bake)
    return Limits(attempts=looks, consecutive_success=looks, interval=pause, failure_limit=0, error_limit=0)


def _policies(options: Mapping[str, t.Any], names: tuple[str, ...]) -> dict[str, NoDataPolicy]:
    general = options["insufficient_data"]
    overrides = Options("Option 'overrides'", options.get("overrides") or {}, known=names)
    policies: dict[str, NoDataPolicy] = {}
    for name in names:
        where = f"Option 'overrides', alarm '{name}'"
        override = Options(where, overrides.mapping(name), known=("insufficient_data",))
        policies[name] = NoDataPolicy(override.one_of("insufficient_data", tuple(NoDataPolicy), default=general))
    return policies


def _moment(text: str | None) -> datetime.datetime | None:
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise SlipwayError(
            f"Option 'not_before' is '{text}', which is not a date and time.",
            hint="Write it as in 2026-01-31T12:00:00Z.",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


__all__ = ("AlarmBoard", "AlarmGate")
