# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from slipway_local_cloud.errors import LocalCloudError
from slipway_local_cloud.state import exclusive, read_json, write_json


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "state.json", {"pid": 7})
    assert read_json(tmp_path / "new" / "state.json") == {"pid": 7}
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["state.json"]


@pytest.mark.parametrize("content", ["", '{"pid": 7', "[7]", "null"])
def test_a_half_written_file_is_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content, encoding="utf-8")
    assert read_json(tmp_path / "state.json") == {}


def test_no_file_is_an_empty_one(tmp_path: Path) -> None:
    assert read_json(tmp_path / "state.json") == {}


def test_a_second_run_waits_and_then_says_so(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "lock", 1),
        pytest.raises(LocalCloudError, match="Another run has been working"),
        exclusive(tmp_path / "lock", 0.3),
    ):
        pass


def test_a_lock_on_a_removed_file_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run before removes the file between our opening it and our locking it: the lock is on the new file."""
    lock = tmp_path / "lock"
    real, tries = fcntl.flock, []

    def late(handle: int, wish: int) -> None:
        tries.append(handle)
        if len(tries) == 1:
            lock.unlink()
            lock.touch()
        real(handle, wish)

    with monkeypatch.context() as patched:
        patched.setattr("slipway_local_cloud.state.fcntl.flock", late)
        entered = exclusive(lock, 5)
        entered.__enter__()
    with lock.open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    entered.__exit__(None, None, None)
    assert len(tries) == 2
