# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Whether a version that callers get already does well: its alarms, and the share of its invocations that failed."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._gate.api import describe_alarms
from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import metric_sums

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.canary import Canary, ErrorLimit

METRICS = ("Invocations", "Errors")


@dataclasses.dataclass(frozen=True)
class Health:
    """What one look showed. C(bad) is a reason to go back at once, C(missing) only if it is still so at the end."""

    line: str
    bad: str | None = None
    missing: str | None = None


class Watcher:
    """Looks at one version, from the moment it gets traffic.

    Of a share of the traffic, CloudWatch counts what each version did. When an alias has one version only, it counts by
    alias, so the minute in which the traffic moved is left out: it was not all of this version.
    """

    def __init__(self, cloudwatch: t.Any, canary: Canary, function: str, alias: str) -> None:
        self._cloudwatch, self._canary, self._function, self._alias = cloudwatch, canary, function, alias
        self._dimensions: dict[str, str] = {}
        self._start = _now()

    def begin(self, version: str, *, shared: bool) -> None:
        resource = {"FunctionName": self._function, "Resource": f"{self._function}:{self._alias}"}
        dimensions = {**resource, "ExecutedVersion": version} if shared else resource
        if dimensions != self._dimensions:
            minute = _now().replace(second=0, microsecond=0)
            self._start = minute if shared else minute + datetime.timedelta(minutes=1)
            self._dimensions = dimensions

    def missing_alarms(self) -> list[str]:
        known = {alarm["AlarmName"] for alarm in describe_alarms(self._cloudwatch, self._canary.alarms)}
        return [name for name in self._canary.alarms if name not in known]

    def look(self) -> Health:
        """Look once. What cannot be read is no data, and tells neither good nor bad."""
        try:
            return _together([self._look_at_alarms(), self._look_at_errors()])
        except AwsError as error:
            return Health("cannot be judged at the moment", missing=error.message)

    def _look_at_alarms(self) -> Health:
        if not self._canary.alarms:
            return Health("")
        alarms = {alarm["AlarmName"]: alarm for alarm in describe_alarms(self._cloudwatch, self._canary.alarms)}
        states = {name: str(alarms.get(name, {}).get("StateValue") or "missing") for name in self._canary.alarms}
        ringing = [name for name, state in states.items() if state == "ALARM"]
        rung = [f"{name}: {alarms[name].get('StateReason', '')}".rstrip(": ") for name in ringing]
        if rung:
            return Health(f"in alarm: {', '.join(rung)}", bad=f"In alarm: {'; '.join(rung)}".rstrip(".") + ".")
        silent = [name for name, state in states.items() if state != "OK"]
        if silent and self._canary.insufficient_data == "fail":
            told = ", ".join(f"{name} ({states[name]})" for name in silent)
            return Health(f"no data for {told}", missing=f"These alarms have no data: {told}.")
        return Health(f"{len(states)} {'alarm' if len(states) == 1 else 'alarms'} quiet")

    def _look_at_errors(self) -> Health:
        limit = self._canary.errors
        if limit is None:
            return Health("")
        sums = metric_sums(self._cloudwatch, self._dimensions, METRICS, self._start)
        return judge_errors(limit, sums["Invocations"], sums["Errors"])


def judge_errors(limit: ErrorLimit, invocations: float | None, errors: float | None) -> Health:
    """Hold a share of errors against its limit. Too few invocations say nothing, and nothing is not good."""
    count, failed = int(invocations or 0), int(errors or 0)
    line = f"{failed} of {count} invocations failed"
    if count >= limit.invocations and failed > limit.rate * count:
        return Health(line, bad=f"{line}, which is more than {100 * limit.rate:g} %.")
    if count < limit.invocations and limit.no_data == "fail":
        return Health(line, missing=f"Only {count} of the {limit.invocations} invocations it takes to tell were seen.")
    return Health(line)


def _together(looks: t.Sequence[Health]) -> Health:
    return Health(
        line=", ".join(look.line for look in looks if look.line),
        bad=" ".join(look.bad for look in looks if look.bad) or None,
        missing=" ".join(look.missing for look in looks if look.missing) or None,
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


__all__ = ("Health", "Watcher", "judge_errors")
