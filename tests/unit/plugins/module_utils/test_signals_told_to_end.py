# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that is told to end gets to undo what must not stay, and is not hurried by a second word."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._signals import told_to_end

ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@pytest.mark.parametrize("number", ENDINGS, ids=[number.name for number in ENDINGS])
def test_the_first_signal_is_heard_and_the_others_wait(number: signal.Signals) -> None:
    handlers = [signal.getsignal(each) for each in ENDINGS]
    undone = []
    with pytest.raises(KeyboardInterrupt), told_to_end():
        try:
            os.kill(os.getpid(), number)
        finally:
            for each in ENDINGS:
                os.kill(os.getpid(), each)
            undone.append("everything")
    assert undone == ["everything"]
    assert [signal.getsignal(each) for each in ENDINGS] == handlers


def test_undisturbed_it_leaves_the_signals_as_they_were() -> None:
    handlers = [signal.getsignal(each) for each in ENDINGS]
    with told_to_end():
        assert [signal.getsignal(each) for each in ENDINGS] != handlers
    assert [signal.getsignal(each) for each in ENDINGS] == handlers
