# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that other programs read while we write them, and the lock that keeps two runs apart."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import typing as t
from pathlib import Path

from .errors import LocalCloudError

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class Outcome(t.NamedTuple):
    """What one step found or made, and whether it had to make anything."""

    changed: bool
    record: dict[str, t.Any]


def read_json(path: Path) -> dict[str, t.Any]:
    """Return the object in a state file; an absent or half-written file is an empty one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: t.Mapping[str, t.Any]) -> None:
    """Replace a state file in one step, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(path)


@contextlib.contextmanager
def exclusive(lock: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of one home: two runs at once would start two engines in one folder."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A run that ended with `absent` has removed the file under us: then this is a lock on nothing.
            if os.fstat(handle).st_ino == lock.stat().st_ino:
                break
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(handle)
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"Another run has been working on {lock.parent} for {timeout:.0f} seconds.",
                "Wait for it, or choose another state folder with SLIPWAY_STATE_DIR.",
            )
        lock.parent.mkdir(parents=True, exist_ok=True)
        time.sleep(0.2)
    try:
        yield
    finally:
        os.close(handle)
