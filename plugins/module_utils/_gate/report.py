# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Turn the report of a gate into a result for programs and sentences for people."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import timestamp
from ansible_collections.slipway.aws.plugins.module_utils._gate.outcome import Outcome

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._gate.engine import Attempt, CheckReport, GateReport


@dataclasses.dataclass(frozen=True)
class GateResult:
    """What a module hands back: ``values`` always, ``message`` when the gate did not pass."""

    passed: bool
    message: str
    warnings: tuple[str, ...]
    values: dict[str, t.Any]


def attempt_values(attempt: Attempt) -> dict[str, t.Any]:
    measurement = attempt.measurement
    words = {"expected": measurement.expected, "got": measurement.got, "error": measurement.error}
    return {
        "at": timestamp(attempt.at),
        "seconds": round(attempt.seconds, 3),
        "outcome": measurement.outcome.value,
        **measurement.facts,
        **{name: text for name, text in words.items() if text},
    }


def check_values(check: CheckReport) -> dict[str, t.Any]:
    return {
        "outcome": check.outcome.value,
        "required": check.required,
        "reason": check.reason,
        "attempts": [attempt_values(attempt) for attempt in check.attempts],
    }


def outcome_values(outcome: Outcome, duration: float = 0.0) -> dict[str, t.Any]:
    """Return the part of a result that every kind of gate has."""
    return {"outcome": outcome.value, "passed": outcome is Outcome.PASSED, "duration": round(duration, 3)}


def telling_attempt(check: CheckReport) -> Attempt | None:
    """Return the attempt that explains a check: the last one that ended as the check did, else the last one."""
    alike = [attempt for attempt in check.attempts if attempt.measurement.outcome is check.outcome]
    attempts = alike or check.attempts
    return attempts[-1] if attempts else None


def what_happened(check: CheckReport) -> str:
    """Tell in half a sentence how a check ended, starting with its name."""
    attempt = telling_attempt(check)
    if attempt is None or check.outcome is Outcome.PASSED:
        return f"{check.name}: {check.reason}"
    measurement = attempt.measurement
    if measurement.error:
        seen = measurement.error.rstrip(".")
    elif measurement.expected:
        seen = f"expected {measurement.expected}, got {measurement.got}"
    else:
        seen = measurement.got
    return f"{check.name}: {seen} ({check.reason})" if seen else f"{check.name}: {check.reason}"


def evidence_line(check: CheckReport) -> str:
    """Tell one check in one line, for a log or a summary."""
    took = sum(attempt.seconds for attempt in check.attempts)
    kind = "" if check.required else "best effort, "
    return f"{check.outcome.value.upper()} {what_happened(check)} [{kind}{len(check.attempts)}x, {took:.2f} s]"


def failure_sentence(gate: str, report: GateReport) -> str:
    """Name the required checks that kept the gate from passing, the decisive ones first."""
    required = [check for check in report.checks if check.required]
    if not required:
        return f"{gate} is inconclusive: it has no required check, so it proves nothing."
    blamed = [check for check in required if check.outcome is report.outcome]
    others = [check for check in required if check.outcome not in (Outcome.PASSED, report.outcome) and check.attempts]
    verb = {Outcome.FAILED: "failed", Outcome.ERROR: "could not be measured"}.get(report.outcome, "is inconclusive")
    sentence = f"{gate} {verb}. {_listed(blamed)}."
    return f"{sentence} Besides: {_listed(others)}." if others else sentence


def _listed(checks: list[CheckReport]) -> str:
    return "; ".join(what_happened(check).rstrip(".") for check in checks)


def best_effort_warnings(report: GateReport) -> tuple[str, ...]:
    return tuple(
        f"Best-effort check {what_happened(check)}."
        for check in report.checks
        if not check.required and check.outcome is not Outcome.PASSED
    )


__all__ = (
    "GateResult",
    "attempt_values",
    "best_effort_warnings",
    "check_values",
    "evidence_line",
    "failure_sentence",
    "outcome_values",
    "what_happened",
)
