# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments that shift traffic: judged by what ECS says of them, held by hooks, taken back by ECS."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.classify import unknown
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import Finding
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Evidence
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, ServiceResult, ServiceState, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import NativeDeployment
from ansible_collections.slipway.aws.plugins.module_utils._ecs.ship import Voyage, ship
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Watched, judge_native
from slow_ecs import Behaviour, OnlyEcs, Time
from staged_ecs import StagedEcs
from test_ship import IMAGE, TIMEOUT
from trusting_doctor import Doctor

pytestmark = pytest.mark.usefixtures("trusting_doctor")
ARN = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/c/web/1"
WATCHED = Watched("web", "c", "web", "ecs-svc/web-1", "td:2", "td:1", native=ARN)


def native(**changes: t.Any) -> NativeDeployment:
    answer: dict[str, t.Any] = {"serviceDeploymentArn": ARN, "status": "IN_PROGRESS", **changes}
    return NativeDeployment.from_api(answer)


def state(
    definition: str = "td:2", *, running: int = 2, current: str | None = ARN, status: str = "ACTIVE"
) -> ServiceState:
    primary = {
        "id": "ecs-svc/web-1", "status": "PRIMARY", "taskDefinition": definition, "desiredCount": 2,
        "runningCount": running, "rolloutState": "COMPLETED",
    }  # fmt: skip
    return ServiceState.from_api(
        {
            "serviceArn": "arn", "status": status, "taskDefinition": definition, "desiredCount": 2,
            "runningCount": running, "deployments": [primary], "currentServiceDeployment": current,
        }
    )  # fmt: skip


HOOK = {"hookId": "h", "status": "AWAITING_ACTION"}


@pytest.mark.parametrize(
    ("answer", "seen", "outcome"),
    [
        ({"status": "PENDING"}, state(), None),
        ({"status": "IN_PROGRESS"}, state(), None),
        ({"status": "IN_PROGRESS", "lifecycleHookDetails": [HOOK]}, state(), "paused"),
        ({"status": "IN_PROGRESS", "lifecycleHookDetails": [{**HOOK, "status": "SUCCEEDED"}]}, state(), None),
        ({"status": "SUCCESSFUL"}, state(), "succeeded"),
        ({"status": "SUCCESSFUL"}, state(running=1), None),
        ({"status": "SUCCESSFUL"}, state("td:3"), "superseded"),
        ({"status": "ROLLBACK_REQUESTED"}, state(), None),
        ({"status": "ROLLBACK_IN_PROGRESS"}, state(), None),
        ({"status": "ROLLBACK_SUCCESSFUL"}, state("td:1"), "rolled_back"),
        ({"status": "ROLLBACK_FAILED"}, state(), "failed"),
        ({"status": "STOP_REQUESTED"}, state(), None),
        ({"status": "STOPPED"}, state(), "stopped"),
        ({"status": "STOPPED"}, state(current=f"{ARN}0"), "superseded"),
        ({"status": "A_STATUS_OF_TOMORROW"}, state(), None),
        ({"status": "IN_PROGRESS"}, state(status="DRAINING"), "stopped"),
    ],
    ids=[
        "pending", "in progress", "held", "no longer held", "done", "done, a task missing", "done, but another runs",
        "rollback asked for", "rolling back", "rolled back", "rollback failed", "stop asked for", "stopped",
        "stopped by the next", "unknown", "service going",
    ],
)  # fmt: skip
def test_how_a_service_deployment_ended(answer: dict[str, t.Any], seen: ServiceState, outcome: str | None) -> None:
    verdict = judge_native(seen, WATCHED, native(**answer))
    assert (verdict.outcome if verdict else None) == outcome


def test_an_alarm_is_named() -> None:
    answer = {"status": "ROLLBACK_SUCCESSFUL", "alarms": {"status": "TRIGGERED", "triggeredAlarmNames": ["web-5xx"]}}
    verdict = judge_native(state("td:1"), WATCHED, native(**answer))
    assert verdict is not None and verdict.reason == "In alarm: web-5xx."


def test_a_line_says_the_stage_and_the_traffic() -> None:
    told = native(
        lifecycleStage="BAKE_TIME",
        deploymentConfiguration={"strategy": "BLUE_GREEN"},
        targetServiceRevision={
            "requestedTaskCount": 2, "runningTaskCount": 2, "requestedProductionTrafficWeight": 100.0,
        },
    )  # fmt: skip
    assert told.line == "blue/green, in progress, bake time: 2/2 running, 100 % of the traffic"


class Quay:
    """One service, shipped blue/green."""

    def __init__(self, behaviour: Behaviour = "works", **ecs: t.Any) -> None:
        self.time = Time()
        self.ecs = StagedEcs(self.time, {"web": behaviour}, **ecs)
        self.lines: list[str] = []

    def ship(self, **options: t.Any) -> ServiceResult:
        voyage = Voyage(release=Release("r-1"), timeout=TIMEOUT, clock=self.time.clock(), **options)
        place = {"cluster": "c", "service": "web", "container": "app", "image": IMAGE}
        targets = [Target.from_options("web", place)]
        return ship(t.cast("t.Any", OnlyEcs(self.ecs)), targets, voyage, lambda dummy, line: self.lines.append(line))[
            "web"
        ]


def test_success_is_ecs_own_word_for_it() -> None:
    quay = Quay()
    result = quay.ship()
    assert (result.outcome, result.service_deployment) == ("succeeded", ARN)
    assert "blue/green, in progress, post test traffic shift: 1/2 running, 0 % of the traffic" in quay.lines


def test_a_pause_is_an_outcome_that_says_how_to_go_on() -> None:
    result = Quay(pauses=["web"]).ship()
    assert (result.outcome, result.hook) == ("paused", f"hook of {ARN}")
    assert result.cause == (
        "It waits at post test traffic shift for somebody to decide. It waits until 2026-11-21T18:00:00Z, and goes "
        "back then. Run this again with on_pause: continue, or roll_back."
    )


def test_run_again_it_joins_and_goes_on() -> None:
    quay = Quay(pauses=["web"])
    quay.ship()
    result = quay.ship(on_pause="continue")
    assert (result.outcome, result.changed) == ("succeeded", False)
    assert quay.ecs.answered == {ARN: "CONTINUE"}
    assert len(quay.ecs.updated) == 1


def test_or_goes_back() -> None:
    quay = Quay(pauses=["web"])
    result = quay.ship(on_pause="roll_back")
    assert result.outcome == "rolled_back"
    assert quay.ecs.answered == {ARN: "ROLLBACK"}


def test_going_back_as_told_needs_no_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Doctor, "conclude", lambda *_words: Finding(Evidence(), (unknown(Evidence()),)))
    result = Quay(pauses=["web"]).ship(on_pause="roll_back")
    assert (result.cause, result.diagnoses) == ("web: It went back because on_pause says so.", [])


def test_what_takes_too_long_is_taken_back_by_ecs() -> None:
    quay = Quay("hangs")
    result = quay.ship()
    assert (result.outcome, result.after) == ("rolled_back", result.before)
    assert len(quay.ecs.updated) == 1, "stopped, and not deployed once more"


def test_where_ecs_does_not_tell_the_counts_have_to_do() -> None:
    quay = Quay(silent=True)
    assert quay.ship().outcome == "succeeded"
    assert quay.ecs.calls.count("describe service deployments") == 1, "who is refused does not ask again"
    assert [line for line in quay.lines if "not yours" in line] == [
        "Could not describe the service deployments: AccessDeniedException: not yours. "
        "The counts of the service decide instead."
    ]
