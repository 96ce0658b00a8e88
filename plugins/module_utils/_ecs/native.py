# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A deployment as ECS itself tells of it: its strategy, its stage, the hooks that hold it, and how it ended.

DescribeServices only counts tasks. Blue/green, linear and canary deployments have stages, shift traffic, bake, and may
pause until somebody decides; of that only the service deployment knows.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, aws_call
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_deployments import describe_service_deployments

Pause = t.Literal["report", "continue", "roll_back"]
ROLLING = "ROLLING"
UNDER_WAY = frozenset({"PENDING", "IN_PROGRESS"})
GOING_BACK = frozenset({"STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})


@dataclasses.dataclass(frozen=True)
class Hook:
    """Something that holds a deployment at a stage until it is answered."""

    id: str
    status: str
    expires: str | None = None
    otherwise: str | None = None

    @property
    def waits(self) -> bool:
        return self.status == "AWAITING_ACTION"


@dataclasses.dataclass(frozen=True)
class NativeDeployment:
    """A service deployment."""

    arn: str
    status: str
    reason: str | None
    strategy: str
    stage: str | None
    requested: int
    running: int
    pending: int
    production_weight: float | None
    hooks: tuple[Hook, ...]
    triggered_alarms: tuple[str, ...]

    @classmethod
    def from_api(cls, answer: t.Mapping[str, t.Any]) -> NativeDeployment:
        target = answer.get("targetServiceRevision") or {}
        rollback = answer.get("rollback") or {}
        return cls(
            arn=answer["serviceDeploymentArn"],
            status=answer.get("status", "PENDING"),
            reason=rollback.get("reason") or answer.get("statusReason"),
            strategy=(answer.get("deploymentConfiguration") or {}).get("strategy") or ROLLING,
            stage=answer.get("lifecycleStage"),
            requested=target.get("requestedTaskCount", 0),
            running=target.get("runningTaskCount", 0),
            pending=target.get("pendingTaskCount", 0),
            production_weight=target.get("requestedProductionTrafficWeight"),
            hooks=tuple(_hook(item) for item in answer.get("lifecycleHookDetails") or []),
            triggered_alarms=tuple((answer.get("alarms") or {}).get("triggeredAlarmNames") or ()),
        )

    @property
    def waiting_hook(self) -> Hook | None:
        return next((hook for hook in self.hooks if hook.waits), None)

    @property
    def line(self) -> str:
        """Where it stands, in one line."""
        words = [self.status.lower().replace("_", " ")]
        if self.strategy != ROLLING:
            words.insert(0, self.strategy.lower().replace("_", "/"))
            words += [self.stage.lower().replace("_", " ")] if self.stage else []
        counts = [f"{self.running}/{self.requested} running"]
        counts += [f"{self.pending} pending"] if self.pending else []
        if self.strategy != ROLLING and self.production_weight is not None:
            counts.append(f"{self.production_weight:.0f} % of the traffic")
        return f"{', '.join(words)}: {', '.join(counts)}"


def _hook(answer: t.Mapping[str, t.Any]) -> Hook:
    return Hook(
        id=str(answer.get("hookId", "")),
        status=str(answer.get("status", "")),
        expires=_moment(answer.get("expiresAt")),
        otherwise=answer.get("timeoutAction"),
    )


def _moment(given: t.Any) -> str | None:
    if isinstance(given, datetime.datetime):
        return given.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return None if given is None else str(given)


class Natives:
    """Looks at service deployments, twenty a call, as long as ECS lets us.

    Where it does not know them, or we may not ask, the counts of DescribeServices have to do: it says so once. Where
    only this look failed, nobody knows anything until the next.
    """

    def __init__(self, ecs: t.Any) -> None:
        self._ecs = ecs
        self.refused: str | None = None
        self.unheard = False

    def look(self, arns: t.Sequence[str]) -> dict[str, NativeDeployment]:
        self.unheard = False
        if not arns or self.refused is not None:
            return {}
        try:
            answers = describe_service_deployments(self._ecs, arns)
        except AwsError as error:
            self.unheard = error.passing
            self.refused = None if error.passing else error.message
            return {}
        found = (NativeDeployment.from_api(answer) for answer in answers)
        return {deployment.arn: deployment for deployment in found}


@aws_call("continue the paused ECS deployment")
def continue_deployment(ecs: t.Any, arn: str, hook: str, action: t.Literal["CONTINUE", "ROLLBACK"]) -> None:
    ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook, action=action)


@aws_call("stop the ECS deployment")
def stop_deployment(ecs: t.Any, arn: str) -> None:
    """Let ECS go back to the revision before, the way the deployment's strategy does."""
    ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")


__all__ = (
    "GOING_BACK", "ROLLING", "UNDER_WAY", "Hook", "NativeDeployment", "Natives", "Pause", "continue_deployment",
    "stop_deployment",
)  # fmt: skip
