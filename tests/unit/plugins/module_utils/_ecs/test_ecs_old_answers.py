# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers from before an update say nothing about it, and ends that ECS calls stopped have a reason."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import ServiceState
from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import NativeDeployment
from ansible_collections.slipway.aws.plugins.module_utils._ecs.verdicts import Watched, judge, judge_native

ARN = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/shop/web/"
WATCHED = Watched("web", "shop", "web", "ecs-svc/2", "web:2", "web:1", native=f"{ARN}2", native_before=f"{ARN}1")


def service(native: str | None, *deployments: tuple[str, str, str, str]) -> ServiceState:
    return ServiceState.from_api({
        "serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/shop/web",
        "taskDefinition": deployments[0][2],
        "desiredCount": 2,
        "runningCount": 2,
        "currentServiceDeployment": native,
        "deployments": [
            {
                "id": identifier,
                "status": status,
                "taskDefinition": definition,
                "desiredCount": 2,
                "runningCount": 2 if rollout == "COMPLETED" else 0,
                "rolloutState": rollout,
                "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start.",
            }
            for identifier, status, definition, rollout in deployments
        ],
    })  # fmt: skip


def native(status: str) -> NativeDeployment:
    return NativeDeployment.from_api({"serviceDeploymentArn": f"{ARN}2", "status": status})


OLD = ("ecs-svc/1", "PRIMARY", "web:1", "COMPLETED")
NEW = ("ecs-svc/2", "PRIMARY", "web:2", "COMPLETED")


@pytest.mark.parametrize(
    ("named", "outcome"),
    [(f"{ARN}1", None), (f"{ARN}2", "rolled_back"), (None, "rolled_back")],
    ids=["from-before", "since-then", "does-not-say"],
)
def test_only_a_new_answer_tells_that_a_deployment_is_gone(named: str | None, outcome: str | None) -> None:
    verdict = judge(service(named, OLD), WATCHED)
    assert (verdict and verdict.outcome) == outcome


@pytest.mark.parametrize(
    ("named", "listed", "outcome"),
    [(f"{ARN}1", OLD, None), (f"{ARN}2", NEW, "succeeded"), (f"{ARN}3", OLD, "superseded")],
    ids=["from-before", "since-then", "of-another"],
)
def test_success_waits_for_an_answer_that_is_new(named: str, listed: t.Any, outcome: str | None) -> None:
    verdict = judge_native(service(named, listed), WATCHED, native("SUCCESSFUL"))
    assert (verdict and verdict.outcome) == outcome


@pytest.mark.parametrize(
    ("rollout", "outcome"), [("FAILED", "failed"), ("IN_PROGRESS", "stopped")], ids=["breaker", "person"]
)
def test_what_the_circuit_breaker_stopped_has_failed(rollout: str, outcome: str) -> None:
    state = service(
        f"{ARN}2", ("ecs-svc/2", "PRIMARY", "web:2", rollout), ("ecs-svc/1", "ACTIVE", "web:1", "COMPLETED")
    )
    verdict = judge_native(state, WATCHED, native("STOPPED"))
    assert verdict is not None
    assert verdict.outcome == outcome
