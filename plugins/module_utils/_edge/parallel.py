# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Do many small things at once, and stop starting new ones when one goes wrong."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = t.TypeVar("T")
R = t.TypeVar("R")
MOST_WORKERS = 128


def require_concurrency(number: int) -> int:
    """Return the number of workers, if it can be one."""
    if not 1 <= number <= MOST_WORKERS:
        raise SlipwayError(f"The option concurrency is {number}.", hint=f"Choose a number from 1 to {MOST_WORKERS}.")
    return number


def in_parallel(
    function: Callable[[T], R], items: Sequence[T], *, workers: int
) -> tuple[list[R], BaseException | None]:
    """Return the results of what was done, in the order of the items, and the first error if there was one."""
    if not items:
        return [], None
    with concurrent.futures.ThreadPoolExecutor(min(workers, len(items))) as pool:
        futures = [pool.submit(function, item) for item in items]
        concurrent.futures.wait(futures, return_when=concurrent.futures.FIRST_EXCEPTION)
        # What is under way is still waited for, and may still succeed.
        pool.shutdown(cancel_futures=True)
    finished = [future for future in futures if not future.cancelled()]
    error = next((each for future in finished if (each := future.exception()) is not None), None)
    return [future.result() for future in finished if future.exception() is None], error


__all__ = ("in_parallel", "require_concurrency")
