# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Drive the checks of a gate: start attempts when they are due, and stop as soon as the gate is decided.

One thread holds all the state; only the attempts themselves run elsewhere. So nothing here is locked,
and the decisions can be tested with a clock that does not tick by itself.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.decision import (
    Tally,
    Verdict,
    decide,
    decide_gate,
    is_decisive,
)
from ansible_collections.slipway.aws.plugins.module_utils._gate.limits import Limits
from ansible_collections.slipway.aws.plugins.module_utils._gate.outcome import Measurement, Outcome

if t.TYPE_CHECKING:
    import concurrent.futures
    import datetime
    from collections.abc import Callable, Iterable, Sequence

    from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import Clock
    from ansible_collections.slipway.aws.plugins.module_utils._gate.runner import Runner

# Attempts keep their own time; this long after it the engine gives one up as lost.
OVERDUE_SECONDS = 2.0
# Once a gate has failed, attempts under way may still land: they often tell why.
LANDING_SECONDS = 2.0
# Nobody makes a release wait longer than this by asking us to come back later.
RETRY_AFTER_LIMIT = 30.0


@dataclasses.dataclass(frozen=True)
class Check:
    """Something that can be measured, again and again. ``measure`` is told the number of the attempt, from 1."""

    name: str
    measure: Callable[[int], Measurement]
    limits: Limits = dataclasses.field(default_factory=Limits)
    required: bool = True
    # Checks that must have passed before this one is attempted; they stand earlier in the list.
    after: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Attempt:
    at: datetime.datetime
    seconds: float
    measurement: Measurement


@dataclasses.dataclass(frozen=True)
class CheckReport:
    name: str
    required: bool
    outcome: Outcome
    reason: str
    attempts: tuple[Attempt, ...]


@dataclasses.dataclass(frozen=True)
class GateReport:
    outcome: Outcome
    checks: tuple[CheckReport, ...]
    duration: float


@dataclasses.dataclass
class _Course:
    """One check on its way to a verdict."""

    check: Check
    due: float
    tally: Tally = dataclasses.field(default_factory=Tally)
    verdict: Verdict | None = None
    attempts: list[Attempt] = dataclasses.field(default_factory=list)
    in_flight: bool = False

    def record(self, attempt: Attempt, now: float) -> None:
        measurement = attempt.measurement
        self.in_flight = False
        self.attempts.append(attempt)
        self.tally = self.tally.count(measurement.outcome)
        self.verdict = decide(self.tally, self.check.limits)
        self.due = now + max(self.check.limits.interval, min(measurement.retry_after or 0.0, RETRY_AFTER_LIMIT))

    def report(self) -> CheckReport:
        verdict = self.verdict or Verdict(Outcome.INCONCLUSIVE, "not decided when another check ended the gate")
        return CheckReport(self.check.name, self.check.required, verdict.outcome, verdict.reason, tuple(self.attempts))


@dataclasses.dataclass(frozen=True)
class _Flight:
    """One attempt that is under way."""

    course: _Course
    at: datetime.datetime
    started: float

    @property
    def lost_at(self) -> float:
        return self.started + self.course.check.limits.timeout + OVERDUE_SECONDS


class _Gate:
    def __init__(self, checks: Sequence[Check], clock: Clock, runner: Runner, at_most: int) -> None:
        self._clock = clock
        self._runner = runner
        self._at_most = at_most
        self._courses = {check.name: _Course(check, clock.monotonic()) for check in checks}
        self._flights: dict[concurrent.futures.Future[t.Any], _Flight] = {}
        self._landing_until: float | None = None

    def run(self) -> GateReport:
        started = self._clock.monotonic()
        while not self._is_over():
            if self._landing_until is None:
                self._start_what_is_due()
            self._wait_for_the_next_event()
            self._land()
            self._skip_what_cannot_start()
        reports = tuple(course.report() for course in self._courses.values())
        outcome = decide_gate((report.required, report.outcome) for report in reports)
        return GateReport(outcome, reports, self._clock.monotonic() - started)

    def _is_over(self) -> bool:
        if self._landing_until is not None:
            return not self._flights or self._clock.monotonic() >= self._landing_until
        return not self._undecided()

    def _undecided(self) -> list[_Course]:
        return [course for course in self._courses.values() if course.verdict is None]

    def _skip_what_cannot_start(self) -> None:
        for course in self._undecided():
            for name in course.check.after:
                verdict = self._courses[name].verdict
                if verdict is not None and verdict.outcome is not Outcome.PASSED:
                    course.verdict = Verdict(Outcome.INCONCLUSIVE, f"not attempted, because {name} did not pass")

    def _can_start(self, course: _Course) -> bool:
        if course.in_flight or course.verdict is not None:
            return False
        verdicts = (self._courses[name].verdict for name in course.check.after)
        return all(verdict is not None for verdict in verdicts)

    def _start_what_is_due(self) -> None:
        now = self._clock.monotonic()
        for course in sorted(self._undecided(), key=lambda course: course.due):
            if course.due <= now and len(self._flights) < self._at_most and self._can_start(course):
                self._start(course)

    def _start(self, course: _Course) -> None:
        course.in_flight = True
        flight = _Flight(course, self._clock.now(), self._clock.monotonic())
        self._flights[self._runner.submit(self._attempt(course, flight.at))] = flight

    def _attempt(self, course: _Course, at: datetime.datetime) -> Callable[[], Attempt]:
        number = course.tally.attempts + 1
        clock = self._clock

        def attempt() -> Attempt:
            started = clock.monotonic()
            measurement = course.check.measure(number)
            return Attempt(at, clock.monotonic() - started, measurement)

        return attempt

    def _wait_for_the_next_event(self) -> None:
        events = [flight.lost_at for flight in self._flights.values()]
        if self._landing_until is not None:
            events.append(self._landing_until)
        elif len(self._flights) < self._at_most:
            events.extend(course.due for course in self._undecided() if self._can_start(course))
        if not events:
            return
        seconds = max(0.0, min(events) - self._clock.monotonic())
        if self._flights:
            self._runner.wait(self._flights.keys(), seconds)
        elif seconds:
            self._clock.sleep(seconds)

    def _land(self) -> None:
        now = self._clock.monotonic()
        for future, flight in list(self._flights.items()):
            if future.done():
                attempt = _outcome_of(future, flight, now)
            elif now >= flight.lost_at:
                attempt = Attempt(flight.at, now - flight.started, _lost(flight.course.check.limits.timeout))
            else:
                continue
            del self._flights[future]
            flight.course.record(attempt, now)
        if self._landing_until is None and any(self._settles(course) for course in self._courses.values()):
            self._landing_until = now + LANDING_SECONDS

    def _settles(self, course: _Course) -> bool:
        return course.verdict is not None and is_decisive(course.check.required, course.verdict.outcome)


def _outcome_of(future: concurrent.futures.Future[t.Any], flight: _Flight, now: float) -> Attempt:
    error = future.exception()
    if error is None:
        attempt: Attempt = future.result()
        return attempt
    if isinstance(error, SlipwayError):
        sentence = str(error.as_result()["msg"])
    else:
        # Its text is left out: nobody has looked at what may be in it.
        sentence = f"The attempt broke off with {type(error).__name__}, which is a fault of the check itself."
    return Attempt(flight.at, now - flight.started, Measurement(Outcome.ERROR, error=sentence))


def _lost(timeout: float) -> Measurement:
    return Measurement(Outcome.ERROR, error=f"The attempt did not come back within {timeout:g} seconds.")


def _refuse_impossible(checks: Iterable[Check]) -> None:
    earlier: set[str] = set()
    for check in checks:
        if check.name in earlier:
            raise SlipwayError(f"Two checks are named '{check.name}'.", hint="Give every check a name of its own.")
        for name in check.after:
            if name not in earlier:
                raise SlipwayError(f"Check '{check.name}' waits for '{name}', and no earlier check has that name.")
        earlier.add(check.name)


def run_gate(checks: Sequence[Check], *, clock: Clock, runner: Runner, at_most: int = 64) -> GateReport:
    """Attempt all checks side by side until the gate is decided.

    No checks at all makes an inconclusive gate. ``at_most`` bounds the attempts under way at one time.
    """
    _refuse_impossible(checks)
    return _Gate(checks, clock, runner, at_most).run()


__all__ = ("Attempt", "Check", "CheckReport", "GateReport", "run_gate")
