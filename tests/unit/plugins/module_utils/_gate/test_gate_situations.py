# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Situations of a gate, each with the outcome it must have. The clock is fake: none of this waits."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import SystemClock
from ansible_collections.slipway.aws.plugins.module_utils._gate.decision import Tally, decide
from ansible_collections.slipway.aws.plugins.module_utils._gate.engine import Check, run_gate
from ansible_collections.slipway.aws.plugins.module_utils._gate.limits import Limits
from ansible_collections.slipway.aws.plugins.module_utils._gate.outcome import Measurement, Outcome
from ansible_collections.slipway.aws.plugins.module_utils._gate.runner import ThreadRunner

# One check: what its attempts are (passed, failed, inconclusive, error; the last one repeats), its limits,
# how it must end, and after how many attempts.
ONE_CHECK: dict[str, tuple[str, dict[str, t.Any], str, int]] = {
    "good at once": ("p", {}, "passed", 1),
    "good after failures": ("ffp", {}, "passed", 3),
    "good after errors": ("eep", {}, "passed", 3),
    "good after being inconclusive": ("iip", {}, "passed", 3),
    "good at the very last attempt": ("ffffp", {"attempts": 5}, "passed", 5),
    "good one attempt too late": ("fffffp", {"attempts": 5}, "failed", 5),
    "never good": ("f", {"attempts": 4}, "failed", 4),
    "errors only": ("e", {"attempts": 6}, "error", 6),
    "inconclusive only": ("i", {"attempts": 6}, "inconclusive", 6),
    "errors and nothing measured": ("eie", {"attempts": 3}, "error", 3),
    "one failure among errors": ("eefe", {"attempts": 4}, "failed", 4),
    "one single attempt": ("fp", {"attempts": 1}, "failed", 1),
    "no failure tolerated": ("fp", {"failure_limit": 0}, "failed", 1),
    "one failure tolerated": ("fp", {"failure_limit": 1}, "passed", 2),
    "one failure tolerated, two came": ("ffp", {"failure_limit": 1}, "failed", 2),
    "failures add up across successes": ("fpfp", {"failure_limit": 1, "consecutive_success": 2}, "failed", 3),
    "errors do not count as failures": ("eep", {"failure_limit": 0}, "passed", 3),
    "no error tolerated": ("ep", {"error_limit": 0}, "error", 1),
    "two errors tolerated": ("eep", {"error_limit": 2}, "passed", 3),
    "failures do not count as errors": ("ffp", {"error_limit": 0}, "passed", 3),
    "nothing inconclusive tolerated": ("ip", {"inconclusive_limit": 0}, "inconclusive", 1),
    "one inconclusive tolerated": ("ip", {"inconclusive_limit": 1}, "passed", 2),
    "three in a row": ("p", {"consecutive_success": 3}, "passed", 3),
    "three in a row after trouble": ("ppfppp", {"consecutive_success": 3, "attempts": 9}, "passed", 6),
    "old and new release in turn": ("pfpfpfpfpf", {"consecutive_success": 2, "attempts": 10}, "failed", 10),
    "old and new in turn, and more of the new": ("pfppfppf", {"consecutive_success": 3, "attempts": 8}, "failed", 8),
    "an error breaks the row": ("pepe", {"consecutive_success": 2, "attempts": 4}, "error", 4),
    "no data breaks the row": ("pipi", {"consecutive_success": 2, "attempts": 4}, "inconclusive", 4),
    "gives up when the row can no longer be full": ("ppf", {"consecutive_success": 4, "attempts": 6}, "failed", 3),
    "data disappears half way": ("ppi", {"consecutive_success": 5, "attempts": 5}, "inconclusive", 3),
    "turns bad during the bake": (
        "pppf",
        {"consecutive_success": 20, "attempts": 20, "failure_limit": 0},
        "failed",
        4,
    ),
    "quiet for the whole bake": ("p", {"consecutive_success": 20, "attempts": 20, "failure_limit": 0}, "passed", 20),
    "limits wider than the attempts": ("f", {"failure_limit": 99, "attempts": 3}, "failed", 3),
}


@pytest.mark.parametrize("situation", ONE_CHECK)
def test_one_check(bench: t.Any, situation: str) -> None:
    letters, limits, outcome, attempts = ONE_CHECK[situation]
    report = bench.run(bench.scripted("only", letters, **limits))
    assert (report.outcome.value, len(report.checks[0].attempts)) == (outcome, attempts)
    assert report.checks[0].outcome is report.outcome
    assert report.checks[0].reason


# Several checks: (letters, required) of each with one attempt, and how the gate must end.
SEVERAL_CHECKS: dict[str, tuple[list[tuple[str, bool]], str]] = {
    "no check at all": ([], "inconclusive"),
    "all good": ([("p", True), ("p", True)], "passed"),
    "one of two failed": ([("p", True), ("f", True)], "failed"),
    "one of two not measured": ([("p", True), ("e", True)], "error"),
    "one of two inconclusive": ([("p", True), ("i", True)], "inconclusive"),
    "failed counts for more than error": ([("e", True), ("f", True)], "failed"),
    "error counts for more than inconclusive": ([("i", True), ("e", True)], "error"),
    "a best effort that failed": ([("p", True), ("f", False)], "passed"),
    "a best effort that was not measured": ([("p", True), ("e", False)], "passed"),
    "best efforts alone, all good": ([("p", False), ("p", False)], "inconclusive"),
    "best efforts alone, all bad": ([("f", False)], "inconclusive"),
    "a good best effort rescues nothing": ([("f", True), ("p", False)], "failed"),
    "everything in error": ([("e", True), ("e", True), ("e", False)], "error"),
}


@pytest.mark.parametrize("situation", SEVERAL_CHECKS)
def test_several_checks(bench: t.Any, situation: str) -> None:
    checks, outcome = SEVERAL_CHECKS[situation]
    report = bench.run(
        *(
            bench.scripted(f"check {number}", letters, required=required, attempts=1)
            for number, (letters, required) in enumerate(checks)
        )
    )
    assert report.outcome.value == outcome


def test_a_check_that_asks_for_no_success_still_needs_one() -> None:
    assert decide(Tally(), Limits(consecutive_success=0)) is None


def test_the_first_decisive_failure_ends_the_gate(bench: t.Any) -> None:
    report = bench.run(
        bench.scripted("bad", "f", attempts=2, interval=1.0),
        bench.scripted("slow", "f", attempts=50, interval=10.0),
    )
    assert report.outcome is Outcome.FAILED
    assert report.duration == pytest.approx(1.0)
    assert report.checks[1].outcome is Outcome.INCONCLUSIVE
    assert len(report.checks[1].attempts) == 1


def test_a_failed_best_effort_does_not_end_the_gate(bench: t.Any) -> None:
    report = bench.run(
        bench.scripted("extra", "f", required=False, attempts=1), bench.scripted("real", "ffp", attempts=3)
    )
    assert report.outcome is Outcome.PASSED


def test_attempts_are_an_interval_apart(bench: t.Any) -> None:
    report = bench.run(bench.scripted("only", "ffp", interval=7.0))
    assert bench.clock.slept == [7.0, 7.0]
    assert [attempt.at.second for attempt in report.checks[0].attempts] == [0, 7, 14]


@pytest.mark.parametrize(("asked", "waited"), [(None, 2.0), (1.0, 2.0), (20.0, 20.0), (3600.0, 30.0)])
def test_retry_after_is_honoured_within_limits(bench: t.Any, asked: float | None, waited: float) -> None:
    answers = iter([Measurement(Outcome.FAILED, retry_after=asked), Measurement(Outcome.PASSED)])
    report = bench.run(Check("busy", lambda _number: next(answers), Limits(interval=2.0)))
    assert report.outcome is Outcome.PASSED
    assert bench.clock.slept == [waited]


def test_a_check_waits_for_the_one_it_comes_after(bench: t.Any) -> None:
    report = bench.run(bench.scripted("release", "ffp", interval=1.0), bench.scripted("chat", "p", after=("release",)))
    assert report.outcome is Outcome.PASSED
    assert report.checks[1].attempts[0].at == report.checks[0].attempts[-1].at


def test_a_check_after_one_that_did_not_pass_is_not_attempted(bench: t.Any) -> None:
    report = bench.run(
        bench.scripted("release", "f", required=False, attempts=2), bench.scripted("chat", "p", after=("release",))
    )
    assert report.outcome is Outcome.INCONCLUSIVE
    assert report.checks[1].attempts == ()
    assert "release did not pass" in report.checks[1].reason


def test_an_attempt_that_never_comes_back_is_an_error(bench: t.Any) -> None:
    report = bench.run(bench.scripted("hung", "p", timeout=5.0, attempts=1), stuck=[1])
    assert report.outcome is Outcome.ERROR
    assert report.duration == pytest.approx(7.0)
    assert "did not come back within 5 seconds" in report.checks[0].attempts[0].measurement.error


def test_an_attempt_that_never_comes_back_is_tried_again(bench: t.Any) -> None:
    report = bench.run(bench.scripted("hung", "p", timeout=5.0, interval=1.0, attempts=2), stuck=[1])
    assert report.outcome is Outcome.PASSED
    assert report.duration == pytest.approx(8.0)


def test_a_failed_gate_does_not_wait_long_for_what_is_under_way(bench: t.Any) -> None:
    report = bench.run(bench.scripted("hung", "p", timeout=600.0), bench.scripted("bad", "f", attempts=1), stuck=[1])
    assert report.outcome is Outcome.FAILED
    assert report.duration == pytest.approx(2.0)
    assert report.checks[0].outcome is Outcome.INCONCLUSIVE


def test_only_so_many_attempts_are_under_way(bench: t.Any) -> None:
    report = bench.run(
        bench.scripted("hung", "p", timeout=5.0, attempts=1, required=False),
        bench.scripted("next", "p"),
        stuck=[1],
        at_most=1,
    )
    assert report.outcome is Outcome.PASSED
    assert report.checks[1].attempts[0].at.second == 7


def test_a_check_that_breaks_is_an_error_and_its_text_stays_unsaid(bench: t.Any) -> None:
    def broken(_number: int) -> Measurement:
        raise KeyError("hush-hush")

    report = bench.run(Check("broken", broken, Limits(attempts=2, interval=1.0)))
    assert report.outcome is Outcome.ERROR
    assert "KeyError" in report.checks[0].attempts[0].measurement.error
    assert "hush" not in report.checks[0].attempts[0].measurement.error


def test_a_told_failure_is_an_error_in_its_own_words(bench: t.Any) -> None:
    def refused(_number: int) -> Measurement:
        raise SlipwayError("The door is shut.", hint="Knock.")

    report = bench.run(Check("door", refused, Limits(attempts=1)))
    assert report.outcome is Outcome.ERROR
    assert report.checks[0].attempts[0].measurement.error == "The door is shut. Knock."


def test_attempts_know_their_number(bench: t.Any) -> None:
    numbers: list[int] = []

    def measure(number: int) -> Measurement:
        numbers.append(number)
        return Measurement(Outcome.FAILED)

    bench.run(Check("counted", measure, Limits(attempts=3, interval=1.0)))
    assert numbers == [1, 2, 3]


def test_two_checks_of_one_name_are_refused(bench: t.Any) -> None:
    with pytest.raises(SlipwayError, match="named 'twin'"):
        bench.run(bench.scripted("twin", "p"), bench.scripted("twin", "p"))


@pytest.mark.parametrize("after", ["later", "nobody", "first"])
def test_a_check_can_only_come_after_an_earlier_one(bench: t.Any, after: str) -> None:
    with pytest.raises(SlipwayError, match=f"waits for '{after}'"):
        bench.run(bench.scripted("first", "p", after=(after,)), bench.scripted("later", "p"))


def test_attempts_really_run_side_by_side() -> None:
    """Twenty attempts meet at a barrier, which opens only when all of them are there."""
    import threading

    barrier = threading.Barrier(20, timeout=10)

    def measure(_number: int) -> Measurement:
        barrier.wait()
        return Measurement(Outcome.PASSED)

    checks = [Check(f"check {number}", measure, Limits(attempts=1)) for number in range(20)]
    assert run_gate(checks, clock=SystemClock(), runner=ThreadRunner()).outcome is Outcome.PASSED
