# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run site_publish in the controller process, so that it can show how far the upload has come."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_options import ARGUMENTS, publish_site
from ansible_collections.slipway.aws.plugins.plugin_utils._live import LiveAction

if t.TYPE_CHECKING:
    from collections.abc import Callable


class ActionModule(LiveAction):
    """The module of the same name does the same work silently wherever this cannot."""

    ARGUMENTS = {**aws_argument_spec(), **ARGUMENTS}

    def work(self, params: dict[str, t.Any], report: Callable[[str, str], None]) -> dict[str, t.Any]:
        return publish_site(params, check=self._task.check_mode, diff=self._task.diff, report=report)
