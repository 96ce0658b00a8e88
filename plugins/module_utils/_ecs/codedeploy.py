# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""A CodeDeploy deployment: what it says of itself, and what it came to.

A rollback is a deployment of its own there, which the first one names a moment after it has ended.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.appspec import revision_of
from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import Hook
from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import Verdict, settled

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import ServiceState
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import Watched

UNDER_WAY = frozenset({"Created", "Queued", "InProgress", "Baking", "Ready"})
ALARM = "ALARM_ACTIVE"
DONE = frozenset({"Succeeded", "Skipped"})


@dataclasses.dataclass(frozen=True)
class CodeDeployment:
    """One deployment, as BatchGetDeployments answers it."""

    id: str
    status: str
    revision: str | None
    created: float = 0.0
    error: str | None = None
    reason: str | None = None
    # The deployment that brings back what was before, and what is said about there being one.
    rollback: str | None = None
    rollback_message: str | None = None
    rolled_back_on: frozenset[str] = frozenset()
    ready_minutes: int | None = None
    stops_when_ready: bool = False

    @classmethod
    def from_api(cls, answer: Mapping[str, t.Any]) -> CodeDeployment:
        error = answer.get("errorInformation") or {}
        back = answer.get("rollbackInfo") or {}
        automatic = answer.get("autoRollbackConfiguration") or {}
        ready = (answer.get("blueGreenDeploymentConfiguration") or {}).get("deploymentReadyOption") or {}
        created: t.Any = answer.get("createTime")
        return cls(
            id=answer["deploymentId"],
            status=answer.get("status", "Created"),
            revision=revision_of(answer.get("revision") or {}),
            created=created.timestamp() if hasattr(created, "timestamp") else float(created or 0),
            error=error.get("code"),
            reason=error.get("message"),
            rollback=back.get("rollbackDeploymentId"),
            rollback_message=back.get("rollbackMessage"),
            rolled_back_on=frozenset(automatic.get("events") or ()) if automatic.get("enabled") else frozenset(),
            ready_minutes=ready.get("waitTimeInMinutes"),
            stops_when_ready=ready.get("actionOnTimeout") == "STOP_DEPLOYMENT",
        )

    @property
    def is_under_way(self) -> bool:
        return self.status in UNDER_WAY

    @property
    def why(self) -> str:
        """Say why it ended, in CodeDeploy's own words as far as it has any."""
        told = " ".join(word for word in (self.error and f"{self.error}:", self.reason) if word)
        return told or f"CodeDeploy says {self.status}, and not why."

    @property
    def comes_back(self) -> bool:
        """Tell whether CodeDeploy itself brings back what was before, now that it has ended like this."""
        if self.rollback_message and not self.rollback:
            return False
        if self.status == "Failed":
            return "DEPLOYMENT_FAILURE" in self.rolled_back_on
        on = "DEPLOYMENT_STOP_ON_ALARM" if self.error == ALARM else "DEPLOYMENT_STOP_ON_REQUEST"
        return self.status == "Stopped" and on in self.rolled_back_on


@dataclasses.dataclass(frozen=True)
class Progress:
    """What a deployment has done with the service so far: its lifecycle events, and where the traffic goes."""

    events: tuple[tuple[str, str], ...] = ()
    weight: float | None = None
    # What a hook that failed has said.
    diagnostics: str | None = None

    @classmethod
    def from_api(cls, answer: Mapping[str, t.Any]) -> Progress:
        events = answer.get("lifecycleEvents") or []
        green: Mapping[str, t.Any] = next(
            (item for item in answer.get("taskSetsInfo") or () if item.get("taskSetLabel") == "Green"), {}
        )
        failed = next((event.get("diagnostics") or {} for event in events if event.get("status") == "Failed"), {})
        return cls(
            events=tuple((str(event.get("lifecycleEventName")), str(event.get("status"))) for event in events),
            weight=green.get("trafficWeight"),
            diagnostics=failed.get("message"),
        )

    @property
    def traffic_moved(self) -> bool:
        """Tell whether every event is over and went well: what is left is to remove the tasks before."""
        return bool(self.events) and all(status in DONE for _name, status in self.events)

    @property
    def event(self) -> str | None:
        """Return the event it is at: what is in progress or failed, else the last that is over."""
        begun = [(name, status) for name, status in self.events if status not in ("Pending", "Unknown")]
        now = [name for name, status in begun if status not in DONE]
        return now[0] if now else begun[-1][0] if begun else None


def line(ours: CodeDeployment, back: CodeDeployment | None, progress: Progress, counts: str) -> str:
    """Say where a deployment stands."""
    if back is not None:
        return f"CodeDeploy, {_words(ours.status)}, goes back with {back.id}: {_words(back.status)}"
    told = ["CodeDeploy", _words(ours.status)]
    if progress.traffic_moved and ours.is_under_way:
        told.append("the tasks before are kept for a while")
    elif progress.event:
        told.append(_words(progress.event))
    traffic = "" if progress.weight is None else f", {progress.weight:.0f} % of the traffic"
    return f"{', '.join(told)}: {counts}{traffic}"


def _words(name: str) -> str:
    """Write a name of CodeDeploy's, such as BeforeAllowTraffic, as words."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def judge(
    state: ServiceState,
    watched: Watched,
    ours: CodeDeployment,
    back: CodeDeployment | None = None,
    *,
    asked_back: bool = False,
    patience: bool = True,
) -> Verdict | None:
    """Return the outcome of a deployment, or nothing while it is open.

    ``asked_back`` says that we stopped it and wanted what was before. As long as there is ``patience``, a rollback
    that should come is waited for although the deployment that ended does not name it yet.
    """
    if state.status != "ACTIVE":
        return Verdict("stopped", state, f"The service is {state.status}.")
    if ours.status == "Succeeded":
        return _judge_succeeded(state, watched, ours)
    if ours.status == "Ready":
        return Verdict("paused", state, _ready(ours), Hook(ours.id, "AWAITING_ACTION"))
    if ours.status not in ("Stopped", "Failed"):
        return None
    if ours.rollback:
        return _judge_way_back(state, ours, back)
    if patience and (asked_back or ours.comes_back):
        return None
    if asked_back and is_back(state, watched.previous):
        return Verdict("rolled_back", state, ours.why)
    # Stopped by an alarm it is as bad as failed; stopped by a person, that person knows what to do.
    outcome: t.Literal["stopped", "failed"] = "stopped"
    if ours.status == "Failed" or ours.error == ALARM or asked_back:
        outcome = "failed"
    return Verdict(outcome, state, f"{ours.why} {ours.rollback_message or ''}".strip())


def _judge_succeeded(state: ServiceState, watched: Watched, ours: CodeDeployment) -> Verdict | None:
    primary = state.primary
    if primary is None:
        return None
    if primary.made_for == ours.id or primary.task_definition == watched.task_definition:
        return Verdict("succeeded", state) if settled(state) else None
    if primary.task_definition == watched.previous:
        # ECS tells of it a moment later.
        return None
    return Verdict("superseded", state, "Another deployment of this service was started meanwhile.")


def _judge_way_back(state: ServiceState, ours: CodeDeployment, back: CodeDeployment | None) -> Verdict | None:
    if back is None or back.is_under_way:
        return None
    if back.status == "Succeeded":
        return Verdict("rolled_back", state, ours.why) if settled(state) else None
    if back.status in ("Stopped", "Failed"):
        return Verdict("failed", state, f"{ours.why} The rollback {back.id} failed too: {back.why}")
    return None


def judge_late(state: ServiceState, ours: CodeDeployment, progress: Progress) -> Verdict | None:
    """Return what a deployment is once nobody waits any longer, where that is not simply too late.

    With all traffic on the new tasks, only removing the others is left, and that may be set to take two days.
    """
    primary = state.primary
    if ours.is_under_way and progress.traffic_moved and primary is not None and primary.made_for == ours.id:
        why = "All traffic is there; CodeDeploy keeps the tasks before for a while, and nobody waited for that."
        return Verdict("succeeded", state, why) if settled(state) else None
    return None


def is_back(state: ServiceState, revision: str | None) -> bool:
    """Tell whether a revision serves alone, and completely."""
    return settled(state) and {item.task_definition for item in state.deployments} == {revision}


def _ready(ours: CodeDeployment) -> str:
    told = f"CodeDeploy deployment {ours.id} has its new tasks ready and waits to be told to move the traffic there."
    if not ours.ready_minutes:
        return told
    then = "stops" if ours.stops_when_ready else "goes on"
    return f"{told} It {then} by itself after {ours.ready_minutes} min."


__all__ = ("UNDER_WAY", "CodeDeployment", "Progress", "is_back", "judge", "judge_late", "line")
