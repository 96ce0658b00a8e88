# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The calls a gate makes to CloudWatch."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import aws_call

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Left to its default, DescribeAlarms leaves out every alarm that is not on a metric.
ALARM_TYPES = ("MetricAlarm", "CompositeAlarm")
# The most that one call takes and gives; a page holds only half as many unless asked for more.
NAMES_PER_CALL = 100


@aws_call("describe alarms")
def describe_alarms(cloudwatch: t.Any, names: Sequence[str]) -> list[dict[str, t.Any]]:
    """Describe the alarms with these names. Names that do not exist are silently left out by the service."""
    alarms: list[dict[str, t.Any]] = []
    for start in range(0, len(names), NAMES_PER_CALL):
        some = list(names[start : start + NAMES_PER_CALL])
        for page in _pages(cloudwatch, AlarmNames=some):
            alarms.extend(_alarms_in(page))
    return alarms


@aws_call("list alarms")
def list_alarm_names(cloudwatch: t.Any, *, at_most: int) -> list[str]:
    """List the names of alarms there are, without going through all of a large account."""
    alarms = itertools.chain.from_iterable(_alarms_in(page) for page in _pages(cloudwatch))
    return [alarm["AlarmName"] for alarm in itertools.islice(alarms, at_most)]


def _pages(cloudwatch: t.Any, **arguments: t.Any) -> Iterator[dict[str, t.Any]]:
    paginator = cloudwatch.get_paginator("describe_alarms")
    yield from paginator.paginate(AlarmTypes=list(ALARM_TYPES), MaxRecords=NAMES_PER_CALL, **arguments)


def _alarms_in(page: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]


__all__ = ("describe_alarms", "list_alarm_names")
