# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.parallel import in_parallel, require_concurrency
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def test_results_keep_the_order_of_the_items() -> None:
    assert in_parallel(lambda number: number * 2, range(50), workers=8) == (list(range(0, 100, 2)), None)
    assert in_parallel(str, [], workers=8) == ([], None)


def test_an_error_stops_what_has_not_started_and_waits_for_what_has() -> None:
    both_started = threading.Barrier(2, timeout=10)
    failed = threading.Event()

    def work(number: int) -> int:
        if number < 2:
            both_started.wait()
        if number == 0:
            failed.set()
            raise ValueError("broken")
        failed.wait(10)
        time.sleep(0.01)
        return number

    done, error = in_parallel(work, range(200), workers=2)
    assert isinstance(error, ValueError)
    assert 1 in done
    assert len(done) < 100


def test_work_really_overlaps() -> None:
    together = threading.Barrier(4, timeout=10)
    done, error = in_parallel(lambda _: together.wait() >= 0, range(4), workers=4)
    assert (done, error) == ([True] * 4, None)


@pytest.mark.parametrize("number", [0, -1, 129])
def test_senseless_concurrency_is_refused(number: int) -> None:
    with pytest.raises(SlipwayError, match="from 1 to 128"):
        require_concurrency(number)
