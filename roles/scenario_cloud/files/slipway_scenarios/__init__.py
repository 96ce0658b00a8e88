# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripted ECS for tests without an account: deployments that take time, go wrong, pause, and come back.

    from slipway_scenarios import ScenarioCloud

    with ScenarioCloud({"existing": {"shop": ["web"]}, "services": {"web": "crash_loop"}}) as cloud:
        ecs = cloud.client("ecs")

docs/scenarios.md of the collection slipway.aws lists what a script may say.
"""

from __future__ import annotations

import typing as t

from .errors import ScenarioError

if t.TYPE_CHECKING:
    from .cloud import ScenarioCloud

__all__ = ("ScenarioCloud", "ScenarioError")


def __getattr__(name: str) -> t.Any:
    # Whoever only starts and stops a cloud needs no moto, and is told if it is missing.
    if name == "ScenarioCloud":
        from .cloud import ScenarioCloud

        return ScenarioCloud
    raise AttributeError(f"module {__name__} has no attribute {name}")
