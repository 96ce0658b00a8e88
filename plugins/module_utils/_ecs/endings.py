# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""How the deployment of a service ended, as a result and in words."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import ServiceResult

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import Hook
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan

# Ends after which a deployment of ours may still be what the service is set to. Not superseded: that is another's.
OURS_TO_UNDO = frozenset({"failed", "timed_out"})
# Neither good nor bad yet: somebody has to decide.
OPEN = frozenset({"paused"})


def result_of(plan: Plan, outcome: t.Any, **rest: t.Any) -> ServiceResult:
    """Return how a service ended; what is not said is as it was before."""
    known = {"changed": False, "after": plan.running, "release_id": plan.running_release, **rest}
    return ServiceResult(outcome=outcome, before=plan.running, ran_before=plan.state.serves, **known)


def witnessed(result: ServiceResult, diagnoses: t.Sequence[Diagnosis]) -> list[Diagnosis]:
    """Return what explains the end of a service, where the watch saw more of it than can be found out afterwards."""
    known = [item for item in diagnoses if item.code != "unknown"]
    if result.outcome == "superseded" and not any(item.code == "superseded" for item in known):
        fix = "Find out who started it (CloudTrail, UpdateService) and let one of you go first."
        known.insert(0, Diagnosis("superseded", "certain", result.reason or "", fix))
    return known


def waits(hook: Hook, reason: str | None) -> str:
    until = f" until {hook.expires}" if hook.expires else ""
    then = f", and goes {'back' if hook.otherwise == 'ROLLBACK' else 'on'} then" if hook.otherwise else ""
    return f"{reason or 'It is paused.'} It waits{until}{then}. Run this again with on_pause: continue, or roll_back."


def ending(result: ServiceResult) -> str:
    told = f"{result.outcome.replace('_', ' ')} after {result.seconds:.1f} s"
    return f"{told}. {result.cause}" if result.cause else told


def short(arn: str | None) -> str:
    """Return the part of an ARN that people say: C(family:revision)."""
    return (arn or "nothing").rsplit("/", 1)[-1]


__all__ = ("OPEN", "OURS_TO_UNDO", "ending", "result_of", "short", "waits", "witnessed")
