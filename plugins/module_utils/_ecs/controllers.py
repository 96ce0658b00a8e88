# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""The deployment controllers that we can drive, each made on first use."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller_codedeploy import CodeDeployController
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller_ecs import EcsController
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Controller
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock

ECS = "ECS"
CODE_DEPLOY = "CODE_DEPLOY"
DRIVEN = frozenset({ECS, CODE_DEPLOY})


class Controllers:
    """Called with a service's kind of controller, it returns the one that drives it."""

    def __init__(self, clients: Clients, release: Release, report: Callable[[str, str], None], clock: Clock) -> None:
        self._clients, self._release, self._report, self._clock = clients, release, report, clock
        self._made: dict[str, Controller] = {}

    def __call__(self, kind: str) -> Controller:
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]

    def _make(self, kind: str) -> Controller:
        if kind == ECS:
            return EcsController(self._clients("ecs"), self._report)
        if kind == CODE_DEPLOY:
            return CodeDeployController(self._clients, self._release, self._report, self._clock)
        raise SlipwayError(f"There is no way to drive the deployment controller {kind}.")


def refuse_controller(service: str, kind: str) -> None:
    """Refuse a service whose tasks are not replaced by anything that we can drive."""
    if kind in DRIVEN:
        return
    raise SlipwayError(
        f"Service {service} has the deployment controller {kind}: another program makes and removes its task sets, "
        "and decides which of them serves. ECS has no deployment there that could be started, followed or taken back.",
        hint="Release it with that program, or give it the deployment controller ECS in the infrastructure "
        "(with the strategy BLUE_GREEN, LINEAR or CANARY where traffic shall shift).",
    )


__all__ = ("CODE_DEPLOY", "ECS", "Controllers", "refuse_controller")
