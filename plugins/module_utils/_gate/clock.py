# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Time, as something that can be handed in: tests bring a clock of their own and never wait."""

from __future__ import annotations

import datetime
import time
import typing as t


class Clock(t.Protocol):
    def now(self) -> datetime.datetime:
        """Return the date and time, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, to measure durations with."""

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def timestamp(moment: datetime.datetime) -> str:
    """Write a moment as a report shows it."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


__all__ = ("Clock", "SystemClock", "timestamp")
