# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""CodeDeploy as a service's deployment controller: it makes task sets, and moves the traffic from one to the other.

ECS refuses an UpdateService that names a task definition for such a service, so none is ever made here.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import describe_services
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_codedeploy import (
    batch_get_deployments,
    create_deployment,
    deployment_target,
    list_deployments,
    reroute_traffic,
    stop_deployment,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.appspec import app_spec
from ansible_collections.slipway.aws.plugins.module_utils._ecs.codedeploy import (
    UNDER_WAY,
    CodeDeployment,
    Progress,
    is_back,
    judge,
    judge_late,
    line,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.codedeploy_place import Place, find_places
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Sight
from ansible_collections.slipway.aws.plugins.module_utils._ecs.endings import short
from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import Watched, progress
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Answer
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, ServiceState, Target
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import Hook
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock

KIND = "CODE_DEPLOY"
# How long a deployment that ended may take to name the one that brings back what was before.
PATIENCE = 60.0
ALREADY_ONE = "DeploymentLimitExceededException"
OVER_ALREADY = "DeploymentAlreadyCompletedException"
# Between the start of a deployment and its first event there is no target to tell of.
NOT_YET = frozenset({"DeploymentNotStartedException", "DeploymentTargetDoesNotExistException"})


class CodeDeployController:
    """Drives services that CodeDeploy deploys."""

    def __init__(self, clients: Clients, release: Release, report: Callable[[str, str], None], clock: Clock) -> None:
        self._clients, self._release, self._report, self._clock = clients, release, report, clock
        self._places: dict[str, Place] = {}
        # Deployments that we stopped, and when each deployment was first seen to have ended.
        self._asked_back: set[str] = set()
        self._ended: dict[str, float] = {}
        self._unseen: str | None = None

    @functools.cached_property
    def _codedeploy(self) -> t.Any:
        return self._clients("codedeploy")

    def survey(self, services: Sequence[tuple[Target, ServiceState]]) -> dict[str, ServiceState]:
        """Find where CodeDeploy has the services, and what it has under way there.

        As with ECS itself, a service counts as set to the revision that is under way, so that a run that was killed
        finds its own deployment again.
        """
        self._places |= find_places(self._codedeploy, [target for target, _state in services])
        return {target.name: self._surveyed(target, state) for target, state in services}

    def join(self, plan: Plan) -> Watched:
        primary = plan.state.primary
        previous = primary.task_definition if primary else None
        return self._watched(plan, plan.running, plan.state.native or "", previous)

    def start(self, plan: Plan, revision: str, *, anew: bool) -> Watched:  # noqa: ARG002 - it is always a new one here
        return self._watched(plan, revision, self._create(plan, revision), plan.running)

    def look(self, open_ones: Sequence[tuple[Watched, ServiceState]]) -> dict[str, Sight]:
        deployments = self._get([watched.native for watched, _state in open_ones if watched.native])
        backs = self._get([item.rollback for item in deployments.values() if item.rollback])
        return {
            watched.name: self._sight(watched, state, deployments.get(watched.native or ""), backs)
            for watched, state in open_ones
        }

    def answer(self, watched: Watched, hook: Hook, answer: Answer) -> None:  # noqa: ARG002 - the hook is the deployment
        if answer == "CONTINUE":
            reroute_traffic(self._codedeploy, hook.id)
        else:
            self._stop(hook.id)

    def bring_back(self, plan: Plan, watched: Watched, *, unfinished: bool) -> Watched | None:  # noqa: ARG002 - it knows
        """Stop what is under way, which has CodeDeploy go back; or deploy what was before, unless it serves alone."""
        ours = self._get([watched.native or ""]).get(watched.native or "")
        if ours is not None and ours.is_under_way and self._stop(ours.id):
            return watched
        target = plan.target
        state = describe_services(self._clients("ecs"), target.cluster, [target.service]).get(target.service)
        if state is not None and is_back(state, plan.running):
            return None
        return self._watched(plan, plan.running, self._create(plan, plan.running), watched.task_definition)

    def _surveyed(self, target: Target, state: ServiceState) -> ServiceState:
        place = self._places[target.name]
        found = self._under_way(place)
        if found is None:
            return dataclasses.replace(state, under_way=False)
        if found.revision is None:
            raise SlipwayError(
                f"CodeDeploy deployment {found.id} of service {target.service} is under way, and its AppSpec cannot be "
                "read: it is not known what it deploys.",
                hint="Wait for it, or stop it, and run this again.",
            )
        return dataclasses.replace(state, task_definition=found.revision, native=found.id, under_way=True)

    def _under_way(self, place: Place) -> CodeDeployment | None:
        identifiers = list_deployments(self._codedeploy, place.application, place.group, UNDER_WAY)
        # One may have ended since it was listed.
        found = [item for item in self._get(identifiers).values() if item.is_under_way]
        return max(found, key=lambda item: item.created, default=None)

    def _create(self, plan: Plan, revision: str) -> str:
        place = self._places[plan.target.name]
        if place.hooks is None:
            raise SlipwayError(
                f"The last CodeDeploy deployment of {plan.target.service} had an AppSpec that cannot be read here, and "
                "its hooks would get lost.",
                hint="Say in the service's key codedeploy.hooks which there are; an empty list is an answer.",
            )
        content = app_spec(plan.state.answer, revision, place.hooks)
        try:
            return create_deployment(
                self._codedeploy, place.application, place.group,
                content=content, description=self._release.id, config=place.config,
            )  # fmt: skip
        except AwsError as error:
            if error.code != ALREADY_ONE:
                raise
            return self._same_under_way(place, revision, error)

    def _same_under_way(self, place: Place, revision: str, refused: AwsError) -> str:
        """Attach to the deployment that is in the way if it is the one wanted: an answer may have got lost."""
        found = self._under_way(place)
        if found is not None and found.revision == revision:
            return found.id
        what = f"{found.id} to {short(found.revision)}" if found else "Another one"
        raise SlipwayError(
            f"CodeDeploy makes one deployment of a group at a time. {what} is under way in {place.group}.",
            hint=WAIT_FOR_IT,
        ) from refused

    def _stop(self, identifier: str) -> bool:
        """Have CodeDeploy go back. Returns whether there was still something to stop."""
        try:
            stop_deployment(self._codedeploy, identifier)
        except AwsError as error:
            if error.code != OVER_ALREADY:
                raise
            return False
        self._asked_back.add(identifier)
        return True

    def _get(self, identifiers: Sequence[str]) -> dict[str, CodeDeployment]:
        if not identifiers:
            return {}
        answers = batch_get_deployments(self._codedeploy, identifiers)
        return {item.id: item for item in map(CodeDeployment.from_api, answers)}

    def _sight(
        self, watched: Watched, state: ServiceState, ours: CodeDeployment | None, backs: dict[str, CodeDeployment]
    ) -> Sight:
        watched = _recognised(watched, state)
        if ours is None:
            return Sight(watched, f"CodeDeploy does not tell of {watched.native} yet")
        back = backs.get(ours.rollback or "")
        done = self._progress(watched, ours)
        asked_back = ours.id in self._asked_back
        verdict = judge(state, watched, ours, back, asked_back=asked_back, patience=self._is_patient(ours))
        if verdict is not None and done.diagnostics and verdict.outcome != "succeeded":
            verdict = dataclasses.replace(verdict, reason=f"{verdict.reason} {done.event}: {done.diagnostics}")
        late = judge_late(state, ours, done)
        if late is None and not ours.is_under_way:
            late = judge(state, watched, ours, back, asked_back=asked_back, patience=False)
        return Sight(watched, line(ours, back, done, _counts(state, watched)), verdict, late)

    def _is_patient(self, ours: CodeDeployment) -> bool:
        if ours.is_under_way:
            return True
        now = self._clock.now()
        return now - self._ended.setdefault(ours.id, now) < PATIENCE

    def _progress(self, watched: Watched, ours: CodeDeployment) -> Progress:
        if self._unseen is not None:
            return Progress()
        cluster, service = watched.cluster.rsplit("/", 1)[-1], watched.service.rsplit("/", 1)[-1]
        try:
            return Progress.from_api(deployment_target(self._codedeploy, ours.id, cluster, service))
        except AwsError as error:
            if error.code not in NOT_YET:
                self._unseen = error.message
                self._report(watched.name, f"{error.message} Its stages are not told.")
            return Progress()

    def _watched(self, plan: Plan, revision: str, identifier: str, previous: str | None) -> Watched:
        target = plan.target
        return Watched(
            name=target.name,
            cluster=target.cluster,
            service=target.service,
            deployment_id="",
            task_definition=revision,
            previous=previous,
            native=identifier,
            controller=KIND,
        )


WAIT_FOR_IT = (
    "Run its release again to follow it, or stop it. One that has moved all traffic and only keeps the tasks before "
    "for a while ends at once when it is continued with the wait type TERMINATION_WAIT."
)


def refuse_a_second(plan: Plan) -> None:
    """Refuse a deployment where CodeDeploy has another one under way: it makes one at a time."""
    if plan.state.under_way and plan.action not in ("join", "nothing"):
        raise SlipwayError(
            f"CodeDeploy deployment {plan.state.native} of service {plan.target.service} to {short(plan.running)} is "
            "under way, and CodeDeploy makes one at a time.",
            hint=WAIT_FOR_IT,
        )


def _recognised(watched: Watched, state: ServiceState) -> Watched:
    """Learn the task set of a deployment as soon as there is one: its tasks are started by its id."""
    if watched.deployment_id:
        return watched
    found = next((item.id for item in state.deployments if item.made_for == watched.native), "")
    return dataclasses.replace(watched, deployment_id=found)


def _counts(state: ServiceState, watched: Watched) -> str:
    if state.deployment(watched.deployment_id) is None:
        return "no new tasks yet"
    return progress(state, watched).partition(": ")[2]


__all__ = ("KIND", "CodeDeployController", "refuse_a_second")
