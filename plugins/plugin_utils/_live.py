# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection.

"""Actions that work in the controller process and tell what happens while it happens."""

from __future__ import annotations

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
    from collections.abc import Callable

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


__all__ = ("LiveAction", "narrator")
