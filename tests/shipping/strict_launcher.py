# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local cloud's launcher with AUTH=true, so that a task may do what its role says, and nothing else.

Whoever comes with the account's own keys may do everything, as these tests do.
"""

from __future__ import annotations

import os
import sys
import typing as t

from slipway_local_cloud import launcher

set_environment = launcher.set_environment


def set_strict_environment(orders: t.Mapping[str, t.Any]) -> None:
    set_environment(orders)
    os.environ["AUTH"] = "true"


if __name__ == "__main__":
    launcher.set_environment = set_strict_environment
    launcher.main(sys.argv[1])
