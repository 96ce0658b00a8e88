# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that outlive the run that starts them, and how to be sure later that a pid is still theirs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROC = Path("/proc")


class Identity(t.NamedTuple):
    """A pid is reused; a pid with its start time and command line is not."""

    started: str
    command: tuple[str, ...]


def identity(pid: int) -> Identity | None:
    """Return who runs under this pid, or nothing when nobody (or only a zombie) does."""
    if not PROC.is_dir() or not (PROC / "self").exists():
        return _identity_from_ps(pid)
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        command = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
    # The program's name stands in brackets and may hold anything, spaces and brackets too.
    fields = stat.rpartition(")")[2].split()
    if fields[0] in ("Z", "X"):
        return None
    return Identity(fields[19], tuple(command.decode(errors="replace").rstrip("\0").split("\0")))


def _identity_from_ps(pid: int) -> Identity | None:
    found = subprocess.run(
        ["ps", "-o", "lstart=,command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    # lstart is five words: Fri Nov 20 10:00:00 2026
    words = found.stdout.split()
    return Identity(" ".join(words[:5]), tuple(words[5:])) if found.returncode == 0 and len(words) > 5 else None


def record(pid: int) -> dict[str, t.Any]:
    """Return what a state file keeps of a process."""
    known = identity(pid)
    return {"pid": pid, "started": known.started if known else ""}


def is_ours(kept: Mapping[str, t.Any], mark: str) -> bool:
    """Tell whether the recorded process still runs: same pid, same start, and our mark in its command line."""
    pid = kept.get("pid")
    if not isinstance(pid, int) or pid <= 1:
        return False
    found = identity(pid)
    return found is not None and found.started == kept.get("started") and any(mark in word for word in found.command)


def start(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> int:
    """Start a program that goes on when this run ends: own session, no pipe of ours, output in a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
            cwd="/",
            env=dict(environment),
        )
    # Popen would complain that the child is still running when we leave; that is the point of it.
    child.returncode = 0
    return child.pid


def stop(pid: int, timeout: float) -> None:
    """Ask a process to end, wait, and end it if it does not. The caller has made sure that it is ours."""
    known = identity(pid)
    for wish, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, 10.0)):
        if known is None or not _lives(pid, known):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, wish)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and _lives(pid, known):
            _reap(pid)
            time.sleep(0.05)


def _lives(pid: int, known: Identity) -> bool:
    """Tell whether the process is still there. On its way out it has no command line any more, but the same start."""
    now = identity(pid)
    return now is not None and now.started == known.started


def _reap(pid: int) -> None:
    """Take leave of the process if it was started by this very run."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def last_lines(log: Path, count: int) -> str:
    """Return the end of a log, for a message that says why something did not start."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join([line for line in lines if line.strip()][-count:])
