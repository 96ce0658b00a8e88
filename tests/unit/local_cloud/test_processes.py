# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from slipway_local_cloud import processes

if t.TYPE_CHECKING:
    from collections.abc import Iterator

SLEEP = "import time; time.sleep(60)  # slipway-test-mark"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[int]:
    pid = processes.start([sys.executable, "-c", SLEEP], tmp_path / "log", os.environ)
    wait_until(lambda: "slipway-test-mark" in str(processes.identity(pid)))
    yield pid
    processes.stop(pid, 5)


def wait_until(look: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_recorded_process_is_recognised(child: int) -> None:
    assert processes.is_ours(processes.record(child), "slipway-test-mark")


def test_a_reused_pid_is_not_ours(child: int) -> None:
    kept = processes.record(child)
    assert not processes.is_ours({**kept, "started": str(int(kept["started"]) - 1)}, "slipway-test-mark")
    assert not processes.is_ours(kept, "another-mark")


@pytest.mark.parametrize("kept", [{}, {"pid": "12"}, {"pid": None}, {"pid": 1, "started": "1"}, {"pid": 2**22 + 1}])
def test_a_broken_record_is_nobody(kept: dict[str, t.Any]) -> None:
    assert not processes.is_ours(kept, "")


def test_a_stopped_process_is_gone(child: int) -> None:
    kept = processes.record(child)
    processes.stop(child, 5)
    assert processes.identity(child) is None
    assert not processes.is_ours(kept, "slipway-test-mark")


def test_who_does_not_end_is_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    pid = processes.start([sys.executable, "-c", STUBBORN], log, os.environ)
    wait_until(lambda: "ready" in log.read_text(encoding="utf-8"))
    processes.stop(pid, 0.3)
    assert processes.identity(pid) is None


def test_a_zombie_is_nobody() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        wait_until(lambda: processes.identity(dead.pid) is None)
        assert Path(f"/proc/{dead.pid}").exists()


def test_a_started_program_holds_no_pipe_of_ours(child: int) -> None:
    held = {str(entry.readlink()) for entry in Path(f"/proc/{child}/fd").iterdir()}
    assert not [target for target in held if target.startswith("pipe:")]
    assert os.getsid(child) == child


def test_last_lines_skip_the_empty_ones(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\n\ntwo\n\nthree\n\n", encoding="utf-8")
    assert processes.last_lines(tmp_path / "log", 2) == "two\nthree"
    assert processes.last_lines(tmp_path / "none", 2) == ""
