# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Say now and then how far many small things have come."""

from __future__ import annotations

import threading
import time
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

Report = t.Callable[[str, str], None]
SECONDS_BETWEEN = 5.0
UNITS = ("KiB", "MiB", "GiB")


class Ticker:
    """Counts from several threads; says the count at most every few seconds, and at the end."""

    def __init__(
        self, report: Report, unit: str, what: str, total: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._report, self._unit, self._what, self._total, self._now = report, unit, what, total, now
        self._lock = threading.Lock()
        self._done = self._bytes = 0
        self._spoke = now()

    def tick(self, size: int = 0) -> None:
        with self._lock:
            self._done += 1
            self._bytes += size
            if self._done == self._total or self._now() - self._spoke >= SECONDS_BETWEEN:
                self._spoke = self._now()
                self._report(self._unit, f"{self._what}: {self._done} of {self._total}, {readable(self._bytes)}")


def readable(size: int) -> str:
    """Return a size as people say it."""
    if size < 1024:
        return f"{size} bytes"
    power = min((size.bit_length() - 1) // 10, len(UNITS))
    return f"{size / 1024**power:.1f} {UNITS[power - 1]}"


def silent(unit: str, line: str) -> None:
    """Report to nobody: a module cannot speak before it ends."""


__all__ = ("Report", "Ticker", "readable", "silent")
