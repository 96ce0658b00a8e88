# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a row of attempts amounts to. Pure: no clock, no network, so that every situation fits in a table of tests."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._gate.outcome import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.slipway.aws.plugins.module_utils._gate.limits import Limits


@dataclasses.dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    reason: str


@dataclasses.dataclass(frozen=True)
class Tally:
    """What has happened to one check so far."""

    passed: int = 0
    passed_in_a_row: int = 0
    failed: int = 0
    inconclusive: int = 0
    errors: int = 0

    @property
    def attempts(self) -> int:
        return self.passed + self.failed + self.inconclusive + self.errors

    def count(self, outcome: Outcome) -> Tally:
        """Return the tally after one more attempt; anything but a success breaks the row."""
        if outcome is Outcome.PASSED:
            return dataclasses.replace(self, passed=self.passed + 1, passed_in_a_row=self.passed_in_a_row + 1)
        broken = dataclasses.replace(self, passed_in_a_row=0)
        if outcome is Outcome.FAILED:
            return dataclasses.replace(broken, failed=self.failed + 1)
        if outcome is Outcome.INCONCLUSIVE:
            return dataclasses.replace(broken, inconclusive=self.inconclusive + 1)
        return dataclasses.replace(broken, errors=self.errors + 1)


def decide(tally: Tally, limits: Limits) -> Verdict | None:
    """Return the verdict on a check, or C(None) as long as another attempt can still change it."""
    needed = limits.consecutive_success
    if tally.passed_in_a_row >= max(needed, 1):
        return Verdict(Outcome.PASSED, "passed" if needed == 1 else f"passed {needed} times in a row")
    for outcome, count, limit, words in (
        (Outcome.FAILED, tally.failed, limits.failure_limit, "failed"),
        (Outcome.ERROR, tally.errors, limits.error_limit, "had no answer"),
        (Outcome.INCONCLUSIVE, tally.inconclusive, limits.inconclusive_limit, "was inconclusive"),
    ):
        if limit is not None and count > limit:
            return Verdict(outcome, f"{words} {_times(count)}" + (f", and the limit is {limit}" if limit else ""))
    attempts_left = limits.attempts - tally.attempts
    if tally.passed_in_a_row + attempts_left < needed:
        return Verdict(_worst(tally), _used_up(tally, limits))
    return None


def _worst(tally: Tally) -> Outcome:
    """Name a row of attempts that did not pass: what was measured counts for more than what was not."""
    if tally.failed:
        return Outcome.FAILED
    if tally.errors:
        return Outcome.ERROR
    return Outcome.INCONCLUSIVE


def _used_up(tally: Tally, limits: Limits) -> str:
    if limits.consecutive_success == 1 or not tally.passed:
        return f"did not pass in {_count(tally.attempts, 'attempt')}"
    return f"passed {_times(tally.passed)} in {tally.attempts} attempts, but not {limits.consecutive_success} in a row"


def decide_gate(checks: Iterable[tuple[bool, Outcome]]) -> Outcome:
    """Return the outcome of a gate from (required, outcome) of each check.

    Best-effort checks are reported and decide nothing, so a gate that has no other kind proves nothing either.
    """
    required = {outcome for is_required, outcome in checks if is_required}
    for worst in (Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE):
        if worst in required:
            return worst
    return Outcome.PASSED if required else Outcome.INCONCLUSIVE


def is_decisive(required: bool, outcome: Outcome) -> bool:
    """Say whether this outcome of one check settles the whole gate."""
    return required and outcome in (Outcome.FAILED, Outcome.ERROR)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


__all__ = ("Tally", "Verdict", "decide", "decide_gate", "is_decisive")
