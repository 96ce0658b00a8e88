# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of M(slipway.aws.ecs_task): what an interrupted run still says, and that it ends as it would have."""

from __future__ import annotations

import os
import signal
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.action import ecs_task
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import ARGUMENTS
from ansible_collections.slipway.aws.plugins.plugin_utils import _live

if t.TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def ended_by() -> Iterator[list[int]]:
    """The signals that reach what handled them before, as Ansible does."""
    received: list[int] = []
    before = {number: signal.signal(number, lambda number, dummy: received.append(number)) for number in SIGNALS}
    yield received
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS, ids=["interrupted", "terminated"])
def test_it_speaks_on_the_screen_and_then_ends(
    number: int, ended_by: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, there = os.pipe()
    monkeypatch.setattr(_live, "_screen", lambda: there)
    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt), _live.interruptible() as interruption:
        say = interruption.heard_by(lambda unit, line: lines.append(f"{unit}: {line}"))
        say("backend", "running")
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # Ansible is impatient
            assert ended_by == []
            say("backend", "interrupted")
    assert ended_by == [number]
    assert lines == ["backend: running"]
    assert os.read(screen, 1000) == b"\nbackend: interrupted\n"
    os.close(screen)


def test_without_a_screen_it_speaks_as_ever(ended_by: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_live, "_screen", lambda: None)
    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt), _live.interruptible() as interruption:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            interruption.heard_by(lambda dummy, line: lines.append(line))("backend", "interrupted")
    assert lines == ["interrupted"] and ended_by == [signal.SIGINT]


def test_undisturbed_it_leaves_the_signals_as_they_were(ended_by: list[int]) -> None:
    handlers = [signal.getsignal(number) for number in SIGNALS]
    with _live.interruptible() as interruption:
        assert [signal.getsignal(number) for number in SIGNALS] != handlers
    assert [signal.getsignal(number) for number in SIGNALS] == handlers
    assert interruption.signal is None and ended_by == []


def test_action_and_module_take_the_same_options() -> None:
    assert set(ARGUMENTS) < set(ecs_task.ActionModule.ARGUMENTS)
    assert "endpoint_url" in ecs_task.ActionModule.ARGUMENTS
