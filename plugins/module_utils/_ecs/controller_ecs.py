# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""ECS's own deployment controller: one UpdateService starts a deployment, rolling or shifting traffic."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import update_service
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Sight
from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import (
    ROLLING,
    NativeDeployment,
    Natives,
    continue_deployment,
    stop_deployment,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import Watched, judge, judge_native, progress
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Answer
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import ServiceState, Target
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import Hook
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan


class EcsController:
    """Drives services whose deployments ECS makes itself."""

    def __init__(self, ecs: t.Any, report: t.Callable[[str, str], None]) -> None:
        self._ecs, self._report = ecs, report
        self._natives = Natives(ecs)

    def survey(self, services: t.Sequence[tuple[Target, ServiceState]]) -> dict[str, ServiceState]:
        """Return the states as they are: DescribeServices tells all of them."""
        return {target.name: state for target, state in services}

    def join(self, plan: Plan) -> Watched:
        return _watched(plan, plan.state, plan.running)

    def start(self, plan: Plan, revision: str, *, anew: bool) -> Watched:
        target = plan.target
        state = update_service(self._ecs, target.cluster, target.service, revision, anew=anew)
        if state.primary is None:
            raise SlipwayError(f"ECS accepted the update of {target.service} but names no deployment for it.")
        return _watched(plan, state, revision)

    def look(self, open_ones: t.Sequence[tuple[Watched, ServiceState]]) -> dict[str, Sight]:
        recognised = [(_recognised(watched, state), state) for watched, state in open_ones]
        natives = self._look_at_natives([watched for watched, _state in recognised])
        return {
            watched.name: _unseen(watched, state)
            if self._natives.unheard and watched.native
            else _sight(watched, state, natives.get(watched.native or ""))
            for watched, state in recognised
        }

    def answer(self, watched: Watched, hook: Hook, answer: Answer) -> None:
        if watched.native is not None:
            continue_deployment(self._ecs, watched.native, hook.id, answer)

    def bring_back(self, plan: Plan, watched: Watched, *, unfinished: bool) -> Watched | None:
        if unfinished and plan.state.strategy != ROLLING and self._stopped(watched):
            return watched
        target = plan.target
        state = update_service(self._ecs, target.cluster, target.service, plan.way_back)
        if state.primary is None:
            raise SlipwayError("ECS names no deployment for it.")
        return _watched(plan, state, plan.way_back, before=watched.native)

    def _stopped(self, watched: Watched) -> bool:
        """Have ECS take back a deployment that shifts traffic: it does so at once, and the way it came."""
        if watched.native is None:
            return False
        try:
            stop_deployment(self._ecs, watched.native)
        except SlipwayError as error:
            self._report(watched.name, f"{error.message} It is deployed back instead.")
            return False
        return True

    def _look_at_natives(self, open_ones: t.Sequence[Watched]) -> dict[str, NativeDeployment]:
        known = self._natives.refused
        found = self._natives.look([watched.native for watched in open_ones if watched.native])
        if self._natives.refused and not known:
            names = ", ".join(watched.name for watched in open_ones)
            self._report(names, f"{self._natives.refused} The counts of the service decide instead.")
        return found


def _unseen(watched: Watched, state: ServiceState) -> Sight:
    """Return what is known where ECS does not tell of the deployment this time: the counts alone decide nothing."""
    return Sight(watched, progress(state, watched))


def _sight(watched: Watched, state: ServiceState, native: NativeDeployment | None) -> Sight:
    # Of a rolling deployment the counts say more, and earlier; of the others only ECS itself can tell.
    staged = native if native is not None and native.strategy != ROLLING else None
    line = staged.line if staged else progress(state, watched)
    if native is not None and native.status == "STOPPED" and not watched.stopped:
        # The service was asked a moment before: only the next answer can know of a newer deployment that stopped ours.
        return Sight(dataclasses.replace(watched, stopped=True), line)
    return Sight(watched, line, judge_native(state, watched, native) if native else judge(state, watched))


def _recognised(watched: Watched, state: ServiceState) -> Watched:
    """Learn the service deployment's ARN as soon as the service names another than the one before."""
    if watched.native or state.native in (None, watched.native_before):
        return watched
    return dataclasses.replace(watched, native=state.native)


def _watched(plan: Plan, state: ServiceState, revision: str, *, before: str | None = None) -> Watched:
    """Return what to follow after an update was answered with a state; of a joined one that is the plan's own.

    The service may go on naming the service deployment C(before) for a moment.
    """
    before = before or (None if state is plan.state else plan.state.native)
    ours = state.bringing(revision)
    return Watched(
        name=plan.target.name,
        cluster=plan.target.cluster,
        service=plan.target.service,
        deployment_id=ours.id if ours else "",
        task_definition=revision,
        previous=plan.way_back,
        native=None if state.native == before else state.native,
        native_before=before,
    )


__all__ = ("EcsController",)
