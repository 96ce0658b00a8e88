# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The arithmetic of a rolling update: how far percentages let it go, and whether it ends."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject


@dataclasses.dataclass(frozen=True)
class Bounds:
    """How many tasks must stay healthy and how many may be there, while ``desired`` of them are replaced."""

    desired: int
    least: int
    most: int

    @classmethod
    def of(cls, desired: int, least_percent: int, most_percent: int, places: int | None = None) -> Bounds:
        """ECS rounds the lower bound up and the upper one down. ``places`` are all there is room for."""
        most = desired * most_percent // 100
        if places is not None:
            most = min(most, max(places, desired))
        return cls(desired, -(-desired * least_percent // 100), most)

    @property
    def ends(self) -> bool:
        """Tell whether the update can be completed: there must be room to start one, or leave to stop one."""
        if not self.desired:
            return True
        allowed_in_the_end = self.least <= self.desired <= self.most
        return allowed_in_the_end and self.least < self.most

    @property
    def extra(self) -> int:
        """How many tasks there are at most beyond those that run anyway."""
        return max(0, self.most - self.desired)


@dataclasses.dataclass(frozen=True)
class Rounds:
    """How often a rolling update waits for new tasks, and how often for old ones to go."""

    starts: int
    stops: int


def rounds(bounds: Bounds) -> Rounds | None:
    """Walk through the update, as much at once as is allowed; None if it never ends."""
    old, new, starts, stops = bounds.desired, 0, 0, 0
    while old or new < bounds.desired:
        started = max(0, min(bounds.desired - new, bounds.most - old - new))
        new += started
        stopped = max(0, min(old, old + new - bounds.least))
        old -= stopped
        if not started and not stopped:
            return None
        starts += bool(started)
        stops += bool(stopped)
    return Rounds(starts, stops)


def bounds_of(subject: Subject, places: int | None = None) -> Bounds:
    if subject.strategy != "ROLLING":
        # All the new tasks come up beside the old ones.
        return Bounds(subject.desired, subject.desired, 2 * subject.desired)
    return Bounds.of(subject.desired, *subject.percents, places)


__all__ = ("Bounds", "Rounds", "bounds_of", "rounds")
