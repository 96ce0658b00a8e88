# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a stack in the controller process: once per run, and without showing what is secret."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.info import ARGUMENTS, DECRYPT, stack_info
from ansible_collections.slipway.aws.plugins.plugin_utils._live import LiveAction
from ansible_collections.slipway.aws.plugins.plugin_utils._pulumi_run import base_folder, run_cache

if t.TYPE_CHECKING:
    from collections.abc import Callable


class ActionModule(LiveAction):
    """The module of the same name reads the stack wherever this cannot."""

    ARGUMENTS = ARGUMENTS
    NEEDS_BOTO3 = False
    _base = pathlib.Path()

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self._base = base_folder(task_vars or {})
        result = super().run(tmp, task_vars)
        if self._task.args.get("secret_outputs") == DECRYPT and not result.get("failed"):
            # As no_log of the task would: callbacks see nothing, what is registered has everything.
            result["_ansible_no_log"] = True
        return result

    def work(self, params: dict[str, t.Any], report: Callable[[str, str], None]) -> dict[str, t.Any]:  # noqa: ARG002 - too quick to tell of
        return stack_info(params, base=self._base, environment=os.environ, cache=run_cache())
