# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The targets of the load balancers, and the one watch over them that several corrections ask."""

from __future__ import annotations

import functools
import typing as t

from ..target_health import Check, Target, TargetHealth

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType


@functools.cache
def health(alb: ModuleType) -> TargetHealth:
    """Return the watch over all targets; the first to ask starts it."""
    found = TargetHealth(lambda: registered(alb))
    found.start()
    return found


def of_group(group: Mapping[str, t.Any], registrations: Iterable[Mapping[str, t.Any]]) -> list[Target]:
    return [
        Target(group["TargetGroupArn"], str(one["Id"]), int(one.get("Port") or group.get("Port") or 80))
        for one in registrations
    ]


def registered(alb: ModuleType) -> dict[Target, Check]:
    """Return every target that can be probed, in all accounts and regions: the stores themselves show the asker's."""
    registrations = {arn: targets for (_account, arn), targets in [*alb._targets._data.items()]}
    return {
        target: Check.of(group)
        for group in [*alb._tgs._data.values()]
        if group.get("TargetType") in ("ip", "instance") and group.get("HealthCheckEnabled", True)
        for target in of_group(group, registrations.get(group["TargetGroupArn"], []))
    }
