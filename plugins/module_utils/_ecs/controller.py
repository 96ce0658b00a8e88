# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Who replaces the tasks of a service: how it is told to start, looked at, answered, and told to go back."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import Verdict, Watched

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import ServiceState, Target
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import Hook
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan

Answer = t.Literal["CONTINUE", "ROLLBACK"]


@dataclasses.dataclass(frozen=True)
class Sight:
    """One look at a deployment: all that is known of it now, a line for people, and how it ended if it did."""

    watched: Watched
    line: str
    verdict: Verdict | None = None
    # What it is once nobody waits any longer, where that is not simply too late.
    at_the_latest: Verdict | None = None


class Controller(t.Protocol):
    """A deployment controller of ECS. One drives all services of a run that have it."""

    def survey(
        self, services: t.Sequence[tuple[Target, ServiceState]]
    ) -> dict[str, ServiceState]:  # by the target's name
        """Return the states with what only this controller knows: above all, what is under way."""

    def join(self, plan: Plan) -> Watched:
        """Return what to follow of a deployment that is under way already."""

    def start(self, plan: Plan, revision: str, *, anew: bool) -> Watched:
        """Start a deployment of a revision, ``anew`` of the one that runs, and return what to follow."""

    def look(self, open_ones: t.Sequence[tuple[Watched, ServiceState]]) -> dict[str, Sight]:
        """Look once at deployments of services that exist; by the name of the unit."""

    def answer(self, watched: Watched, hook: Hook, answer: Answer) -> None:
        """Tell a deployment that waits for somebody to decide what to do."""

    def bring_back(self, plan: Plan, watched: Watched, *, unfinished: bool) -> Watched | None:
        """Start the way back to what ran before, and return what to follow; nothing where that runs already.

        ``unfinished`` says that the deployment of ours may still be under way.
        """


__all__ = ("Answer", "Controller", "Sight")
