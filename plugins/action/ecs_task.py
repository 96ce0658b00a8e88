# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ecs_task in the controller process, so that a job's progress and log are read while it runs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off import ARGUMENTS, Mode, run_one_off
from ansible_collections.slipway.aws.plugins.plugin_utils._live import LiveAction, silent

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class ActionModule(LiveAction):
    """The module of the same name does the same work silently wherever this cannot."""

    ARGUMENTS = {**aws_argument_spec(), **ARGUMENTS}

    def work(self, params: dict[str, t.Any], report: Callable[[str, str], None]) -> dict[str, t.Any]:
        mode = Mode(check=self._task.check_mode, diff=self._task.diff, live=report is not silent)
        with interruptible() as interruption:
            return run_one_off(params, mode=mode, report=interruption.heard_by(report))


@dataclasses.dataclass
class Interruption:
    """Whether Ansible was told to end, and a way to the screen that is open even then."""

    screen: int | None
    signal: int | None = None

    def heard_by(self, report: Callable[[str, str], None]) -> Callable[[str, str], None]:
        def tell(unit: str, line: str) -> None:
            if self.signal is None or self.screen is None:
                report(unit, line)
            else:
                os.write(self.screen, f"\n{unit}: {line}\n".encode())

        return tell


@contextlib.contextmanager
def interruptible() -> Iterator[Interruption]:
    """Let the work inside say what goes on without it when it is interrupted, and then end as Ansible would have."""
    interruption = Interruption(_screen())

    def interrupt(number: int, dummy: t.Any) -> None:
        interruption.signal = number
        for each in before:  # the main process is impatient, and one signal is enough
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if interruption.screen is not None:
            os.close(interruption.screen)
        if interruption.signal is not None:
            os.kill(os.getpid(), interruption.signal)


def _screen() -> int | None:
    """Open what Ansible's main process writes its errors to, where the system lets us.

    A worker has no terminal of its own, and the main process shows nothing of what workers say once it is interrupted.
    """
    try:
        return os.open(f"/proc/{os.getppid()}/fd/2", os.O_WRONLY | os.O_APPEND)
    except OSError:
        return None
