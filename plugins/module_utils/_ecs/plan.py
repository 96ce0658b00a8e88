# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Decide what each service needs, before anything is written."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import describe_services, describe_task_definition
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller_codedeploy import refuse_a_second
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controllers import ECS, refuse_controller
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import (
    ASKED_TAG,
    FINGERPRINT_TAG,
    asked,
    difference,
    fingerprint,
    overlay,
    release_of,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Definition, Release, ServiceState, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import at_rest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Controller

Action = t.Literal["nothing", "join", "register", "revision", "anew"]
"""Leave it, follow what is under way, ship a new revision, ship one that is there, or start the same one anew."""

DESCRIBED_AT_ONCE = 16
Described = tuple[Definition, dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one service runs, what it should run, and the step from here to there."""

    target: Target
    action: Action
    state: ServiceState
    running: str
    running_release: str | None
    # What runs, and what shall run instead, where that is known before it is registered.
    running_definition: Definition | None = None
    definition: Definition | None = None
    revision: str | None = None
    revision_release: str | None = None
    fingerprint: str | None = None
    base_tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    diff: dict[str, str] | None = None

    @property
    def way_back(self) -> str:
        """The revision to go back to: what ran, and not what somebody else had only begun to deploy."""
        return self.state.last_complete or self.running

    def release_after(self, release: Release) -> str | None:
        """Return the release that runs once the plan is carried out."""
        if self.action == "register":
            return release.id
        return self.revision_release if self.action == "revision" else self.running_release


class Planner:
    """Plans the services of one stack with as few describes as it takes.

    One call for ten services, and one for the revision each of them runs. Its tags say what was asked for when it was
    made: where the same is asked for again, nobody looks at the base.
    """

    def __init__(self, ecs: t.Any, release: Release, controllers: t.Callable[[str], Controller] | None = None) -> None:
        self._ecs = ecs
        self._release = release
        self._controllers = controllers
        self._definitions: dict[str, Described] = {}

    def plan_all(self, targets: t.Sequence[Target]) -> dict[str, Plan]:
        states = self._surveyed(targets, self._states(targets))
        self._describe(states[target.name].task_definition for target in targets)
        self._describe(base for target in targets if (base := self._needed_beside(target, states[target.name])))
        plans = {target.name: self._plan(target, states[target.name]) for target in targets}
        for plan in plans.values():
            refuse_a_second(plan)
        return plans

    def _describe(self, identifiers: t.Iterable[str]) -> None:
        """Look at revisions side by side."""
        wanted = sorted(set(identifiers) - set(self._definitions))
        with concurrent.futures.ThreadPoolExecutor(max_workers=DESCRIBED_AT_ONCE) as pool:
            looked = pool.map(lambda identifier: describe_task_definition(self._ecs, identifier), wanted)
            self._definitions.update(zip(wanted, looked, strict=True))

    def _needed_beside(self, target: Target, state: ServiceState) -> str | None:
        """Return the revision that has to be seen before the target can be planned, beside the one that runs."""
        if target.revision:
            return target.revision
        return None if target.template or self._asked_before(target, state) else target.base

    def _asked_before(self, target: Target, state: ServiceState) -> bool:
        if not (target.base or target.template):
            # Laid over what runs, the same request may mean something else each time.
            return False
        return self._definitions[state.task_definition][1].get(ASKED_TAG) == asked(target)

    def _surveyed(
        self, targets: t.Sequence[Target], states: t.Mapping[str, ServiceState]
    ) -> t.Mapping[str, ServiceState]:
        """Ask other controllers than ECS's own what they have under way. ECS itself has told already."""
        kinds: dict[str, list[tuple[Target, ServiceState]]] = {}
        for target in targets:
            kinds.setdefault(states[target.name].controller, []).append((target, states[target.name]))
        surveyed = dict(states)
        for kind, members in kinds.items():
            if kind != ECS and self._controllers is not None:
                surveyed |= self._controllers(kind).survey(members)
        return surveyed

    def _states(self, targets: t.Sequence[Target]) -> dict[str, ServiceState]:
        states: dict[str, ServiceState] = {}
        missing: list[str] = []
        for cluster in sorted({target.cluster for target in targets}):
            members = [target for target in targets if target.cluster == cluster]
            found = describe_services(self._ecs, cluster, [target.service for target in members])
            states |= {target.name: found[target.service] for target in members if target.service in found}
            missing += [f"{target.service} in cluster {cluster}" for target in members if target.service not in found]
        if missing:
            raise SlipwayError(
                f"There is no ECS service {', no '.join(missing)}.",
                hint="Is the stack up, and are region and account the right ones?",
            )
        for target in targets:
            self._refuse_what_we_cannot_drive(target, states[target.name])
        return states

    @staticmethod
    def _refuse_what_we_cannot_drive(target: Target, state: ServiceState) -> None:
        if state.status != "ACTIVE":
            raise SlipwayError(f"Service {target.service} is {state.status} and takes no deployment.")
        refuse_controller(target.service, state.controller)

    def _plan(self, target: Target, state: ServiceState) -> Plan:
        running, running_tags = self._definitions[state.task_definition]
        common: dict[str, t.Any] = {
            "target": target,
            "state": state,
            "running": state.task_definition,
            "running_release": release_of(running, target.container),
            "running_definition": running,
        }
        # What is under way is followed to its end: a run that was killed is not started a second time.
        still: Action = "join" if not at_rest(state) else "anew" if target.force else "nothing"
        if target.revision:
            wanted, _tags = self._definitions[target.revision]
            if wanted["taskDefinitionArn"] == state.task_definition:
                return Plan(action=still, **common)
            return Plan(
                action="revision",
                definition=wanted,
                revision=wanted["taskDefinitionArn"],
                revision_release=release_of(wanted, target.container),
                diff=difference(running, wanted),
                **common,
            )
        if self._asked_before(target, state) or target.keeps_what_runs:
            return Plan(action=still, **common)
        base, base_tags = self._base(target, state)
        wanted = overlay(base, target, self._release)
        digest = fingerprint(wanted)
        if digest in (running_tags.get(FINGERPRINT_TAG), fingerprint(running)):
            return Plan(action=still, **common)
        return Plan(
            action="register",
            definition=wanted,
            fingerprint=digest,
            base_tags={key: value for key, value in base_tags.items() if not key.startswith(("slipway:", "aws:"))},
            diff=difference(running, wanted),
            **common,
        )

    def _base(self, target: Target, state: ServiceState) -> Described:
        if target.template is not None:
            # It replaces a revision of the same family, and keeps that one's tags.
            return dict(target.template), self._definitions[state.task_definition][1]
        return self._definitions[target.base or state.task_definition]


__all__ = ("Plan", "Planner")
