# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An ECS that shifts traffic: its deployments have stages, may pause for an answer, and can be stopped."""

from __future__ import annotations

import typing as t

import botocore.exceptions
from slow_ecs import SlowEcs


class StagedEcs(SlowEcs):
    """C(pauses) are services whose deployments wait for an answer. C(silent) ECS knows no service deployments."""

    def __init__(self, *args: t.Any, pauses: t.Collection[str] = (), silent: bool = False, **rest: t.Any) -> None:
        super().__init__(*args, **rest)
        self._pauses = pauses
        self._silent = silent
        self._stopped: set[str] = set()
        self.answered: dict[str, str] = {}

    def describe_service_deployments(self, *, serviceDeploymentArns: list[str]) -> dict[str, t.Any]:
        self.calls.append("describe service deployments")
        if self._silent:
            answer = {"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}
            raise botocore.exceptions.ClientError(answer, "DescribeServiceDeployments")
        return {"serviceDeployments": [self._native(arn) for arn in serviceDeploymentArns]}

    def continue_service_deployment(self, *, serviceDeploymentArn: str, hookId: str, action: str) -> None:
        assert hookId == f"hook of {serviceDeploymentArn}"
        self.answered[serviceDeploymentArn] = action

    def stop_service_deployment(self, *, serviceDeploymentArn: str, stopType: str) -> None:
        assert stopType == "ROLLBACK"
        self._stopped.add(serviceDeploymentArn)

    def _answer(self, service: t.Any) -> dict[str, t.Any]:
        answer = super()._answer(service)
        arn = self._arn(service)
        answer["deploymentConfiguration"] = {"strategy": "BLUE_GREEN"}
        answer["currentServiceDeployment"] = arn
        if self._goes_back(arn) or (self._holds(service, arn) and len(service.rollouts) > 1):
            back = self._goes_back(arn)
            answer["deployments"] = answer["deployments"][-1:] if back else answer["deployments"]
            answer["deployments"][0] |= {"status": "PRIMARY", "rolloutState": "COMPLETED" if back else "IN_PROGRESS"}
            answer["taskDefinition"] = answer["deployments"][0]["taskDefinition"]
        return answer

    def _arn(self, service: t.Any) -> str:
        return f"arn:aws:ecs:eu-west-1:123456789012:service-deployment/c/{service.name}/{len(service.rollouts) - 1}"

    def _holds(self, service: t.Any, arn: str) -> bool:
        return service.name in self._pauses and not arn.endswith("/0") and arn not in self.answered

    def _goes_back(self, arn: str) -> bool:
        return arn in self._stopped or self.answered.get(arn) == "ROLLBACK"

    def _native(self, arn: str) -> dict[str, t.Any]:
        service = self.services[arn.split("/")[-2]]
        current = service.rollouts[int(arn.rpartition("/")[2])]
        over = self._time.passed - current.began >= self.SECONDS
        status, hooks = "IN_PROGRESS", []
        if self._goes_back(arn) or (over and current.behaviour == "breaks"):
            status = "ROLLBACK_SUCCESSFUL"
        elif over and current.behaviour == "breaks without a way back":
            status = "ROLLBACK_FAILED"
        elif self._holds(service, arn):
            hook = {"hookId": f"hook of {arn}", "status": "AWAITING_ACTION", "targetType": "PAUSE"}
            hooks = [{**hook, "expiresAt": "2026-11-21T18:00:00Z", "timeoutAction": "ROLLBACK"}]
        elif over and current.behaviour == "works":
            status = "SUCCESSFUL"
        return {
            "serviceDeploymentArn": arn,
            "status": status,
            "statusReason": "told by ECS",
            "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT",
            "deploymentConfiguration": {"strategy": "BLUE_GREEN"},
            "targetServiceRevision": {
                "requestedTaskCount": 2,
                "runningTaskCount": 2 if over else 1,
                "pendingTaskCount": 0,
                "requestedProductionTrafficWeight": 100.0 if status == "SUCCESSFUL" else 0.0,
            },
            "lifecycleHookDetails": hooks,
        }


__all__ = ("StagedEcs",)
