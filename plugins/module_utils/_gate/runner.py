# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Where attempts are carried out: each in a thread of its own, or one after the other."""

from __future__ import annotations

import concurrent.futures
import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Work = Callable[[], t.Any]
    Futures = Collection["concurrent.futures.Future[t.Any]"]


class Runner(t.Protocol):
    def submit(self, work: Work) -> concurrent.futures.Future[t.Any]:
        """Start the work, or do it at once."""

    def wait(self, futures: Futures, seconds: float) -> None:
        """Return as soon as one of the futures is done, at the latest after so many seconds."""


class ThreadRunner:
    """For attempts that wait on a network.

    Not a thread pool: the interpreter joins a pool's threads before it exits, and a thread
    that hangs in a name look-up cannot be interrupted. Daemon threads can be left behind.
    """

    def submit(self, work: Work) -> concurrent.futures.Future[t.Any]:
        future: concurrent.futures.Future[t.Any] = concurrent.futures.Future()
        threading.Thread(target=_carry_out, args=(work, future), daemon=True).start()
        return future

    def wait(self, futures: Futures, seconds: float) -> None:
        concurrent.futures.wait(futures, timeout=seconds, return_when=concurrent.futures.FIRST_COMPLETED)


class InlineRunner:
    """For attempts that all read from one source, which is asked once for all of them."""

    def submit(self, work: Work) -> concurrent.futures.Future[t.Any]:
        future: concurrent.futures.Future[t.Any] = concurrent.futures.Future()
        _carry_out(work, future)
        return future

    def wait(self, futures: Futures, seconds: float) -> None:
        """All futures are done already."""


def _carry_out(work: Work, future: concurrent.futures.Future[t.Any]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # whatever went wrong belongs to whoever asked
        future.set_exception(error)


__all__ = ("InlineRunner", "Runner", "ThreadRunner")
