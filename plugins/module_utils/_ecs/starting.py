# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""Start the deployments of services side by side."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import register_task_definition
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import (
    ASKED_TAG,
    FINGERPRINT_TAG,
    RELEASE_TAG,
    asked,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.endings import short
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller import Controller
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.scaling import Scaling
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import Watched

# More at once would only meet ECS's limits sooner: it registers twenty revisions at once, and then one a second.
STARTED_AT_ONCE = 16


class Started(t.NamedTuple):
    """What to say of a deployment that was started, and what to follow."""

    line: str
    watched: Watched


class Starter:
    """Only the calls are made in threads; whoever asked for them tells and keeps what they answer."""

    def __init__(
        self, ecs: t.Any, release: Release, controllers: Callable[[str], Controller], scaling: Scaling
    ) -> None:
        self._ecs, self._release, self._controllers, self._scaling = ecs, release, controllers, scaling
        self._begun: dict[str, concurrent.futures.Future[Started]] = {}

    def start(self, plans: t.Sequence[Plan]) -> Iterator[tuple[str, Started | SlipwayError]]:
        """Start all of them, and return how each began, in the order of the plans."""
        with concurrent.futures.ThreadPoolExecutor(max_workers=STARTED_AT_ONCE) as pool:
            self._begun = {plan.target.name: pool.submit(self._start, plan) for plan in plans}
            yield from self.rest()

    def rest(self) -> Iterator[tuple[str, Started | SlipwayError]]:
        """Return how those began that nobody has heard of yet: after an interruption there may be some."""
        for name, future in list(self._begun.items()):
            try:
                started: Started | SlipwayError = future.result()
            except SlipwayError as error:
                started = error
            del self._begun[name]
            yield name, started

    def _start(self, plan: Plan) -> Started:
        """Make the calls that start a deployment."""
        controller = self._controllers(plan.state.controller)
        self._scaling.hold(plan.target.name)
        if plan.action == "join":
            return Started(f"joins the deployment already under way: {short(plan.running)}", controller.join(plan))
        if plan.action == "anew":
            line = f"starts anew with what it runs: {short(plan.running)}"
            return Started(line, controller.start(plan, plan.running, anew=True))
        revision = plan.revision or register_task_definition(self._ecs, plan.definition or {}, self._tags(plan))
        line = f"{short(plan.running)} -> {short(revision)}"
        return Started(line, controller.start(plan, revision, anew=False))

    def _tags(self, plan: Plan) -> dict[str, str]:
        return {
            **plan.base_tags,
            ASKED_TAG: asked(plan.target),
            FINGERPRINT_TAG: plan.fingerprint or "",
            RELEASE_TAG: self._release.id,
        }


__all__ = ("Started", "Starter")
