# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Run programs side by side: their last words are kept, and none outlives us."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import signal
import subprocess
import threading
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Sequence

LINES_KEPT = 400
SECONDS_TO_LEAVE = 10
MASK = "********"


@dataclasses.dataclass(frozen=True)
class Finished:
    """How a program ended, and the last lines of what it said."""

    code: int
    lines: tuple[str, ...]

    def tail(self, count: int = 20) -> list[str]:
        """Return the last lines that say something."""
        return [line for line in self.lines if line.strip()][-count:]


class Programs:
    """The programs of one run; leaving the context stops those still going, also after a SIGTERM."""

    def __init__(self, environment: t.Mapping[str, str] | None = None) -> None:
        self.environment = dict(os.environ if environment is None else environment)
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self._previous_handler: t.Any = None

    def run(
        self,
        command: Sequence[str],
        *,
        environment: t.Mapping[str, str | None] | None = None,
        masked: Iterable[str] = (),
    ) -> Finished:
        """Run a program to its end, with both outputs in one; C(masked) never reaches what is kept."""
        secrets = sorted((secret for secret in masked if secret), key=len, reverse=True)
        lines: collections.deque[str] = collections.deque(maxlen=LINES_KEPT)
        process = self._start(command, environment, stderr=subprocess.STDOUT)
        try:
            for line in process.stdout or ():
                for secret in secrets:
                    line = line.replace(secret, MASK)
                lines.append(line.rstrip())
            return Finished(process.wait(), tuple(lines))
        finally:
            self._forget(process)

    def ask(
        self, command: Sequence[str], *, environment: t.Mapping[str, str | None] | None = None
    ) -> tuple[int, str, str]:
        """Run a short program and return exit code, output and error output."""
        process = self._start(command, environment, stderr=subprocess.PIPE)
        try:
            output, errors = process.communicate()
            return process.returncode, output, errors
        finally:
            self._forget(process)

    def stop_all(self) -> None:
        """Ask what is running to leave, make it leave, and let nothing start any more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in running:
            try:
                process.wait(timeout=SECONDS_TO_LEAVE)
            except subprocess.TimeoutExpired:
                process.kill()

    def __enter__(self) -> Programs:
        if threading.current_thread() is threading.main_thread():
            self._previous_handler = signal.signal(signal.SIGTERM, _raise_stopped)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self.stop_all()
        if self._previous_handler is not None:
            signal.signal(signal.SIGTERM, self._previous_handler)

    def _start(
        self, command: Sequence[str], environment: t.Mapping[str, str | None] | None, *, stderr: int
    ) -> subprocess.Popen[str]:
        merged = {**self.environment, **(environment or {})}
        with self._lock:
            if self._stopped:
                raise _stopped()
            try:
                process = subprocess.Popen(
                    command,
                    env={name: value for name, value in merged.items() if value is not None},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    text=True,
                    errors="replace",
                )
            except OSError as error:
                raise SlipwayError(f"Could not start {command[0]}: {error.strerror}.") from error
            self._running.add(process)
        return process

    def _forget(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            process.terminate()
            process.wait()
        with self._lock:
            self._running.discard(process)


def _stopped() -> SlipwayError:
    return SlipwayError(
        "The work was stopped before its end.",
        hint="Run it again: what is done stays done.",
        details={"outcome": "stopped"},
    )


def _raise_stopped(_number: int, _frame: types.FrameType | None) -> t.NoReturn:
    raise _stopped()


__all__ = ("Finished", "Programs")
