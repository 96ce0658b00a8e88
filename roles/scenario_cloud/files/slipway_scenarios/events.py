# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scheduler says about a service, in its own words."""

from __future__ import annotations

import hashlib
import math
import typing as t

from .course import Dying
from .tasks import moment

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .timeline import Reign, Timeline

AT_MOST = 100
"""ECS keeps so many events of a service."""
UNABLE_AFTER = 2
"""Rounds of dying tasks after which the scheduler says that it cannot start them."""


def events(timeline: Timeline, service: str, now: float) -> list[dict[str, t.Any]]:
    """Return the events there are by now, the newest first."""
    told: list[tuple[float, str]] = []
    for reign in timeline.reigns():
        if reign.since <= now:
            told += _told(timeline, reign, min(now, timeline.replaced(reign)))
    told = sorted((item for item in told if item[0] <= now), key=lambda item: item[0])[-AT_MOST:]
    return [
        {
            "id": hashlib.sha256(f"{timeline.service} {when} {message}".encode()).hexdigest()[:32],
            "createdAt": moment(when),
            "message": f"(service {service}) {message}",
        }
        for when, message in reversed(told)
    ]


def _told(timeline: Timeline, reign: Reign, end: float) -> Iterator[tuple[float, str]]:
    course, failure = reign.course, reign.course.failure
    for after, message in course.events:
        if reign.since + after <= end:
            yield reign.since + after, message
    if isinstance(course.tasks, Dying):
        deaths = course.tasks.deaths(min(end, reign.fails) - reign.since)
        if len(deaths) >= UNABLE_AFTER:
            yield reign.since + deaths[UNABLE_AFTER - 1], "is unable to consistently start tasks successfully."
    if failure and reign.fails <= end:
        if failure.event:
            yield reign.fails, f"(deployment {reign.identifier}) {failure.event}"
        back = timeline.way_back_of(reign)
        if back:
            yield back.since, f"rolling back to deployment {back.identifier}."
    elif reign.completes <= end < math.inf:
        yield reign.completes, f"(deployment {reign.identifier}) deployment completed."
        yield reign.completes, "has reached a steady state."
