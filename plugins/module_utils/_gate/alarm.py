# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""One CloudWatch alarm, and what its state means for a release. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import timestamp
from ansible_collections.slipway.aws.plugins.module_utils._gate.outcome import Measurement, Outcome


class NoDataPolicy(enum.StrEnum):
    """What C(INSUFFICIENT_DATA) counts as."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    OK = "ok"


_WITHOUT_DATA = {
    NoDataPolicy.FAIL: Outcome.FAILED,
    NoDataPolicy.INCONCLUSIVE: Outcome.INCONCLUSIVE,
    NoDataPolicy.OK: Outcome.PASSED,
}


@dataclasses.dataclass(frozen=True)
class Alarm:
    name: str
    kind: str
    state: str
    reason: str
    since: datetime.datetime | None
    has_actions_enabled: bool

    @classmethod
    def from_api(cls, described: dict[str, t.Any]) -> Alarm:
        return cls(
            name=described["AlarmName"],
            kind="composite" if described.get("AlarmRule") else "metric",
            state=described.get("StateValue", ""),
            reason=described.get("StateReason", ""),
            since=described.get("StateUpdatedTimestamp"),
            has_actions_enabled=bool(described.get("ActionsEnabled", False)),
        )

    def is_older_than(self, moment: datetime.datetime | None) -> bool:
        """Say whether the state was already there at that moment, so that it says nothing about what came after."""
        return moment is not None and self.since is not None and self.since < moment


def judge(alarm: Alarm, policy: NoDataPolicy) -> Measurement:
    """Say what one look at the alarm shows."""
    outcome = _outcome(alarm.state, policy)
    expected = "state OK or INSUFFICIENT_DATA" if policy is NoDataPolicy.OK else "state OK"
    because = f": {alarm.reason}" if alarm.reason and outcome is not Outcome.PASSED else ""
    return Measurement(outcome, expected, f"{alarm.state or 'no state'}{because}", facts={"state": alarm.state})


def _outcome(state: str, policy: NoDataPolicy) -> Outcome:
    if state == "OK":
        return Outcome.PASSED
    if state == "ALARM":
        return Outcome.FAILED
    if state == "INSUFFICIENT_DATA":
        return _WITHOUT_DATA[policy]
    return Outcome.ERROR


def alarm_values(alarm: Alarm, not_before: datetime.datetime | None) -> dict[str, t.Any]:
    """Return what a result says about an alarm, beside how its check ended."""
    return {
        "state": alarm.state,
        "reason": alarm.reason,
        "since": timestamp(alarm.since) if alarm.since else None,
        "type": alarm.kind,
        "actions_enabled": alarm.has_actions_enabled,
        "stale": alarm.is_older_than(not_before),
    }


__all__ = ("Alarm", "NoDataPolicy", "alarm_values", "judge")
