# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a deployment came to: told from single looks at the service, and from nothing else."""

from __future__ import annotations

import dataclasses

from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Deployment, Outcome, ServiceState
from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import UNDER_WAY, Hook, NativeDeployment


@dataclasses.dataclass(frozen=True)
class Watched:
    """A deployment we started, or found running and joined."""

    name: str
    cluster: str
    service: str
    deployment_id: str
    task_definition: str
    previous: str | None
    # The service deployment, where ECS tells of it; and the one before, as long as ours is not known.
    native: str | None = None
    native_before: str | None = None
    # Whether ECS said once that it is stopped.
    stopped: bool = False
    # The kind of controller that makes it.
    controller: str = "ECS"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a watched deployment ended, and what the service looked like then."""

    outcome: Outcome
    state: ServiceState | None
    reason: str | None = None
    hook: Hook | None = None


def judge(state: ServiceState, watched: Watched) -> Verdict | None:
    """Return the outcome of the watched deployment, or nothing while it is open.

    "Stable again" is not the question: after a circuit breaker rolled back, the service is stable too.
    Only our own deployment being primary, complete and fully running counts as success.
    """
    if state.status != "ACTIVE":
        return Verdict("stopped", state, f"The service is {state.status}.")
    if _from_before(state, watched):
        return None
    ours = state.deployment(watched.deployment_id)
    primary = state.primary
    if ours is None:
        return _judge_vanished(state, watched, primary)
    if ours.rollout == "FAILED":
        return _judge_failed(state, ours, primary)
    if primary is None or primary.id != ours.id:
        return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")
    return Verdict("succeeded", state) if settled(state) else None


def judge_native(state: ServiceState, watched: Watched, native: NativeDeployment) -> Verdict | None:
    """Return the outcome of a service deployment, or nothing while it is open.

    ECS's word alone is not success: the service has to run what we shipped, completely.
    """
    if state.status != "ACTIVE":
        return Verdict("stopped", state, f"The service is {state.status}.")
    if _from_before(state, watched):
        return None
    if native.status in UNDER_WAY:
        hook = native.waiting_hook
        if hook is not None:
            return Verdict("paused", state, f"It waits at {_stage(native)} for somebody to decide.", hook)
        return None
    if native.status == "SUCCESSFUL":
        primary = state.primary
        if primary is not None and primary.task_definition != watched.task_definition:
            return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")
        return Verdict("succeeded", state) if settled(state) else None
    if native.status == "ROLLBACK_SUCCESSFUL":
        return Verdict("rolled_back", state, _why(native))
    if native.status == "ROLLBACK_FAILED":
        return Verdict("failed", state, f"The rollback failed too: {_why(native)}")
    if native.status == "STOPPED":
        if state.native not in (None, native.arn):
            return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")
        ours = state.deployment(watched.deployment_id)
        if ours is not None and ours.rollout == "FAILED":
            # The circuit breaker or an alarm ended it, and ECS was not asked to go back by itself.
            return _judge_failed(state, ours, state.primary)
        return Verdict("stopped", state, _why(native))
    return None


def _from_before(state: ServiceState, watched: Watched) -> bool:
    """Tell whether an answer is older than the update: ECS does not tell everybody at once."""
    return watched.native is not None and watched.native_before is not None and state.native == watched.native_before


def _stage(native: NativeDeployment) -> str:
    return (native.stage or "a stage without a name").lower().replace("_", " ")


def _why(native: NativeDeployment) -> str:
    if native.triggered_alarms:
        return f"In alarm: {', '.join(native.triggered_alarms)}."
    return native.reason or "ECS gives no reason."


def settled(state: ServiceState) -> bool:
    """Tell whether the primary deployment is complete and all its tasks run."""
    primary = state.primary
    if primary is None or primary.running < primary.desired or primary.running < state.desired:
        return False
    # Controllers without a rollout state are complete when nothing else is left.
    return primary.rollout == "COMPLETED" if primary.rollout else len(state.deployments) == 1


def at_rest(state: ServiceState) -> bool:
    """Tell whether nothing is under way at a service."""
    return settled(state) if state.under_way is None else not state.under_way


def _judge_vanished(state: ServiceState, watched: Watched, primary: Deployment | None) -> Verdict | None:
    if primary is None:
        return None
    if primary.task_definition != watched.previous:
        return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")
    return Verdict("rolled_back", state, primary.reason) if settled(state) else None


def _judge_failed(state: ServiceState, ours: Deployment, primary: Deployment | None) -> Verdict | None:
    if primary is None or primary.id == ours.id:
        # ECS marks the deployment failed a moment before the one that rolls it back appears.
        if "rolling back" in (ours.reason or ""):
            return None
        return Verdict("failed", state, ours.reason)
    if primary.rollout == "FAILED":
        return Verdict("failed", state, f"The rollback failed too: {primary.reason}")
    return Verdict("rolled_back", state, ours.reason) if settled(state) else None


def progress(state: ServiceState, watched: Watched) -> str:
    """Return one line about where the deployment stands."""
    ours = state.deployment(watched.deployment_id)
    if ours is None:
        return "the deployment is no longer listed"
    parts = [f"{ours.running}/{ours.desired} running"]
    if ours.pending:
        parts.append(f"{ours.pending} pending")
    if ours.failed:
        parts.append(f"{ours.failed} failed")
    old = sum(item.running for item in state.deployments if item.id != ours.id)
    if old:
        parts.append(f"{old} of the revision before")
    return f"{(ours.rollout or ours.status).lower().replace('_', ' ')}: {', '.join(parts)}"


__all__ = ("Verdict", "Watched", "at_rest", "judge", "judge_native", "progress", "settled")
