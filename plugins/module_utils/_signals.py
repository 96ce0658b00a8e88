# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A program that is told to end gets to undo what must not stay."""

from __future__ import annotations

import contextlib
import signal
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# The second is what a program gets whose connection is lost.
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def told_to_end() -> Iterator[None]:
    """Have the signals that end a program raise KeyboardInterrupt inside, the first of them alone."""

    def interrupt(*dummy: t.Any) -> None:
        for number in (*ENDINGS, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (*ENDINGS, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


__all__ = ("told_to_end",)
