# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection.

"""Actions that work in the controller process, tell what happens while it happens, and end well when interrupted."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

# Loaded with the action plugin, once, in the controller: every forked worker then inherits it.
try:
    import boto3

    BOTO3 = boto3.__name__
except ImportError:
    BOTO3 = ""

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

display = Display()


class LiveAction(ActionBase):
    """Base of actions whose engine runs here on a local connection, and as the plain module everywhere else."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {}
    NEEDS_BOTO3 = True
    TRANSFERS_FILES = False

    def work(self, params: dict[str, t.Any], report: Callable[[str, str], None]) -> dict[str, t.Any]:
        """Do the work and return its result; each subclass says what that is."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its work is")

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        task_vars = task_vars or {}
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        if not self._stays_here():
            result.update(self._execute_module(task_vars=task_vars))
            return result
        _valid, params = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        speak = boolean(self._templar.template(task_vars.get("slipway_progress", True)))
        host = str(task_vars.get("inventory_hostname", ""))
        try:
            result.update(self.work(params, narrator(host, self._task.action) if speak else silent))
        except SlipwayError as error:
            result.update(error.as_result(), failed=True)
        return result

    def _stays_here(self) -> bool:
        """Tell whether working here is the same as working where the module would run."""
        local = self._connection.transport == "local"
        # A task's environment and privileges reach a module, not the controller process.
        plain = not any(self._task.environment or []) and not self._play_context.become
        if local and plain and self.NEEDS_BOTO3 and not BOTO3:
            raise AnsibleActionFail("boto3 is needed on the controller: install it for the Python that runs Ansible.")
        return local and plain and not self._task.async_val


def narrator(host: str, action: str) -> Callable[[str, str], None]:
    """Return a function that prints one line per event, with host, unit and elapsed time."""
    started = time.monotonic()
    verb = action.rsplit(".", 1)[-1]

    def report(unit: str, line: str) -> None:
        display.display(f"  {time.monotonic() - started:6.1f}s  {host} | {verb} | {unit}: {line}")

    return report


def silent(unit: str, line: str) -> None:
    """Report to nobody."""


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


__all__ = ("Interruption", "LiveAction", "interruptible", "narrator", "silent")
