# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ecs_deploy in the controller process, so that a long wait shows live what happens."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.slipway.aws.plugins.module_utils._ecs.options import ARGUMENTS, deploy
from ansible_collections.slipway.aws.plugins.plugin_utils._live import LiveAction, interruptible

if t.TYPE_CHECKING:
    from collections.abc import Callable


class ActionModule(LiveAction):
    """The module of the same name does the same work silently wherever this cannot."""

    ARGUMENTS = {**aws_argument_spec(), **ARGUMENTS}

    def work(self, params: dict[str, t.Any], report: Callable[[str, str], None]) -> dict[str, t.Any]:
        with interruptible() as interruption:
            say = interruption.heard_by(report)
            return deploy(params, check_mode=self._task.check_mode, diff=self._task.diff, report=say)
