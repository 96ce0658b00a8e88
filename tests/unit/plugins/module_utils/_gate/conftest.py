# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time that tests move forward themselves, and checks that follow a script."""

from __future__ import annotations

import concurrent.futures
import datetime
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._gate.engine import Check, GateReport, run_gate
from ansible_collections.slipway.aws.plugins.module_utils._gate.limits import Limits
from ansible_collections.slipway.aws.plugins.module_utils._gate.outcome import Measurement, Outcome
from ansible_collections.slipway.aws.plugins.module_utils._gate.runner import InlineRunner

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

OUTCOMES = {"p": Outcome.PASSED, "f": Outcome.FAILED, "i": Outcome.INCONCLUSIVE, "e": Outcome.ERROR}


class FakeClock:
    """Starts at noon, and moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime.datetime:
        return datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC) + datetime.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0, "Sleeping for no time at all is a busy loop."
        self.slept.append(seconds)
        self.seconds += seconds


class StuckRunner(InlineRunner):
    """Attempts named as stuck never come back; waiting for them takes the time it says."""

    def __init__(self, clock: FakeClock, stuck: Collection[int]) -> None:
        self.clock = clock
        self.stuck = stuck
        self.submitted = 0

    def submit(self, work: Callable[[], t.Any]) -> concurrent.futures.Future[t.Any]:
        self.submitted += 1
        if self.submitted in self.stuck:
            return concurrent.futures.Future()
        return super().submit(work)

    def wait(self, futures: Collection[concurrent.futures.Future[t.Any]], seconds: float) -> None:
        if not any(future.done() for future in futures):
            self.clock.sleep(seconds)


def script(letters: str) -> Iterator[str]:
    """Yield the letters, and the last one for ever after."""
    yield from letters
    while True:
        yield letters[-1]


def scripted(name: str, letters: str, *, required: bool = True, after: tuple[str, ...] = (), **limits: t.Any) -> Check:
    """Make a check whose attempts end as the letters say: passed, failed, inconclusive, error."""
    following = script(letters)

    def measure(_number: int) -> Measurement:
        return Measurement(OUTCOMES[next(following)], "a pass", "something else")

    return Check(name, measure, Limits(**{"interval": 1.0, **limits}), required, after)


class Bench:
    """Runs a gate on the fake clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.scripted = scripted

    def run(self, *checks: Check, stuck: Collection[int] = (), at_most: int = 64) -> GateReport:
        return run_gate(checks, clock=self.clock, runner=StuckRunner(self.clock, stuck), at_most=at_most)


@pytest.fixture
def bench() -> Bench:
    return Bench()
