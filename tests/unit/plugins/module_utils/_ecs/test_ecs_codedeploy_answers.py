# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CodeDeploy may answer, moment by moment: a table of ends, and every sequence there can be."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.slipway.aws.plugins.module_utils._ecs.appspec import app_spec, hooks_of, revision_of
from ansible_collections.slipway.aws.plugins.module_utils._ecs.codedeploy import (
    CodeDeployment,
    Progress,
    judge,
    judge_late,
    line,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controller_codedeploy import CodeDeployController
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, ServiceState, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.ship import Voyage, ship
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Verdict, Watch, Watched
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from codedeploy_fake import EVENTS, checked
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_ecs import OnlyEcs, SlowEcs, Time
from test_ship import IMAGE

ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:"
OURS, BEFORE, OTHER = f"{ARN}2", f"{ARN}1", f"{ARN}3"
WATCHED = Watched("web", "c", "web", "", OURS, BEFORE, native="d-1", controller="CODE_DEPLOY")
Answer = dict[str, t.Any]


def task_set(
    definition: str = OURS, made_for: str = "d-1", *, status: str = "PRIMARY", running: int = 2, steady: bool = True
) -> Answer:
    return {
        "id": f"ecs-svc/{made_for}", "status": status, "taskDefinition": definition, "externalId": made_for,
        "computedDesiredCount": 2, "runningCount": running, "pendingCount": 0,
        "stabilityStatus": "STEADY_STATE" if steady else "STABILIZING",
    }  # fmt: skip


def service(*sets: Answer, status: str = "ACTIVE") -> Answer:
    return {
        "serviceArn": "arn", "serviceName": "web", "status": status, "desiredCount": 2, "runningCount": 2,
        "deploymentController": {"type": "CODE_DEPLOY"}, "taskSets": list(sets),
    }  # fmt: skip


def state(*sets: Answer, status: str = "ACTIVE") -> ServiceState:
    return ServiceState.from_api(service(*sets, status=status))


def deployment(status: str, identifier: str = "d-1", **more: t.Any) -> CodeDeployment:
    return CodeDeployment.from_api({"deploymentId": identifier, "status": status, **more})


NEW, OLD, ANOTHER = task_set(), task_set(BEFORE, "d-0"), task_set(OTHER, "d-9")
BACK = {"rollbackInfo": {"rollbackDeploymentId": "d-2"}}
ON_FAILURE = {"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}}
ON_ALARM = {"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]}}
SWITCHED_OFF = {"autoRollbackConfiguration": {"enabled": False, "events": ["DEPLOYMENT_FAILURE"]}}
NOTHING_BEFORE = {"rollbackInfo": {"rollbackMessage": "There is nothing to go back to."}}
BY_ALARM = {"errorInformation": {"code": "ALARM_ACTIVE", "message": "m"}}

MOMENTS: list[tuple[str, CodeDeployment, ServiceState, str | None, str | None]] = [
    ("created", deployment("Created"), state(OLD), None, None),
    ("queued", deployment("Queued"), state(OLD), None, None),
    ("under way", deployment("InProgress"), state(OLD), None, None),
    ("baking", deployment("Baking"), state(NEW), None, None),
    ("ready", deployment("Ready"), state(OLD), None, "paused"),
    ("unknown", deployment("StatusOfTomorrow"), state(NEW), None, None),
    ("done", deployment("Succeeded"), state(NEW), None, "succeeded"),
    ("done, a task missing", deployment("Succeeded"), state(task_set(running=1)), None, None),
    ("done, not steady", deployment("Succeeded"), state(task_set(steady=False)), None, None),
    ("done, not seen yet", deployment("Succeeded"), state(OLD), None, None),
    ("done, another serves", deployment("Succeeded"), state(ANOTHER), None, "superseded"),
    ("done, nothing primary", deployment("Succeeded"), state(), None, None),
    ("failed", deployment("Failed"), state(OLD), None, "failed"),
    ("failed, a rollback will come", deployment("Failed", **ON_FAILURE), state(OLD), None, None),
    ("failed, rollbacks switched off", deployment("Failed", **SWITCHED_OFF), state(OLD), None, "failed"),
    ("failed, rollbacks for alarms only", deployment("Failed", **ON_ALARM), state(OLD), None, "failed"),
    ("failed, nothing to go back to", deployment("Failed", **ON_FAILURE, **NOTHING_BEFORE), state(OLD), None, "failed"),
    ("failed, going back", deployment("Failed", **BACK), state(OLD), "InProgress", None),
    ("failed, back", deployment("Failed", **BACK), state(OLD), "Succeeded", "rolled_back"),
    (
        "failed, back, not steady",
        deployment("Failed", **BACK),
        state(task_set(BEFORE, steady=False)),
        "Succeeded",
        None,
    ),
    ("failed, and so did the rollback", deployment("Failed", **BACK), state(OLD), "Failed", "failed"),
    ("failed, the rollback was stopped", deployment("Failed", **BACK), state(OLD), "Stopped", "failed"),
    ("failed, the rollback not seen yet", deployment("Failed", **BACK), state(OLD), None, None),
    ("stopped", deployment("Stopped"), state(OLD), None, "stopped"),
    ("stopped, rollbacks for alarms only", deployment("Stopped", **ON_ALARM), state(OLD), None, "stopped"),
    ("stopped by an alarm", deployment("Stopped", **BY_ALARM), state(OLD), None, "failed"),
    ("stopped by an alarm, a rollback comes", deployment("Stopped", **BY_ALARM, **ON_ALARM), state(OLD), None, None),
    ("stopped, back", deployment("Stopped", **BACK), state(OLD), "Succeeded", "rolled_back"),
    ("service going", deployment("InProgress"), state(OLD, status="DRAINING"), None, "stopped"),
]


@pytest.mark.parametrize(("ours", "seen", "back", "outcome"), [row[1:] for row in MOMENTS], ids=[m[0] for m in MOMENTS])
def test_what_a_moment_means(ours: CodeDeployment, seen: ServiceState, back: str | None, outcome: str | None) -> None:
    other = deployment(back, "d-2") if back else None
    verdict = judge(seen, WATCHED, ours, other)
    assert (verdict.outcome if verdict else None) == outcome


@pytest.mark.parametrize(
    ("ours", "seen", "outcome"),
    [
        (deployment("Failed", **ON_FAILURE), state(OLD), "failed"),
        (deployment("Stopped"), state(OLD), "rolled_back"),
        (deployment("Stopped"), state(NEW), "failed"),
        (deployment("Stopped"), state(OLD, task_set(status="ACTIVE")), "failed"),
    ],
    ids=["it failed", "stopped by us, the old one serves alone", "the new one serves", "both are there"],
)
def test_a_rollback_that_never_comes(ours: CodeDeployment, seen: ServiceState, outcome: str) -> None:
    verdict = judge(seen, WATCHED, ours, asked_back=ours.status == "Stopped", patience=False)
    assert verdict is not None and verdict.outcome == outcome


OVER = Progress.from_api({"lifecycleEvents": [{"lifecycleEventName": name, "status": "Succeeded"} for name in EVENTS]})
HALF = dataclasses.replace(OVER, events=(*OVER.events[:4], ("AllowTraffic", "InProgress")))


@pytest.mark.parametrize(
    ("ours", "done", "seen", "good"),
    [
        (deployment("InProgress"), OVER, state(NEW, task_set(BEFORE, "d-0", status="ACTIVE")), True),
        (deployment("InProgress"), HALF, state(NEW), False),
        (deployment("InProgress"), Progress(), state(NEW), False),
        (deployment("InProgress"), OVER, state(OLD), False),
        (deployment("InProgress"), OVER, state(task_set(running=1)), False),
        (deployment("Failed"), OVER, state(NEW), False),
    ],
    ids=["only the old tasks are left", "traffic moves", "no events seen", "the old one serves", "a task missing",
         "failed"],
)  # fmt: skip
def test_what_is_not_waited_for(ours: CodeDeployment, done: Progress, seen: ServiceState, good: bool) -> None:
    verdict = judge_late(seen, ours, done)
    assert (verdict.outcome if verdict else None) == ("succeeded" if good else None)


def test_a_line_about_the_way_back_names_its_deployment() -> None:
    told = line(deployment("Failed", **BACK), deployment("InProgress", "d-2"), HALF, "2/2 running")
    assert told == "CodeDeploy, failed, goes back with d-2: in progress"


# --- every sequence ------------------------------------------------------------------------------------------------

STATUSES = ("Created", "Queued", "InProgress", "Baking", "Ready", "Succeeded", "Failed", "Stopped")
sets = st.lists(
    st.builds(
        task_set,
        definition=st.sampled_from([OURS, BEFORE, OTHER]),
        made_for=st.sampled_from(["d-0", "d-1", "d-2", "d-9"]),
        status=st.sampled_from(["PRIMARY", "ACTIVE", "DRAINING"]),
        running=st.integers(0, 2),
        steady=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda item: item["id"],
)


@dataclasses.dataclass(frozen=True)
class Moment:
    sets: list[Answer]
    status: str
    more: Answer
    back: str
    events: list[str]
    going: bool


moments = st.builds(
    Moment,
    sets=sets,
    status=st.sampled_from(STATUSES),
    more=st.sampled_from([{}, BACK, ON_FAILURE, ON_ALARM, NOTHING_BEFORE, BY_ALARM, {**BACK, **ON_FAILURE}]),
    back=st.sampled_from(STATUSES),
    events=st.lists(st.sampled_from(["Pending", "InProgress", "Succeeded", "Failed", "Skipped"]), max_size=4),
    going=st.sampled_from([False, False, False, True]),
)


class Script:
    """CodeDeploy and ECS, which answer one moment after the other, and the last one for ever."""

    def __init__(self, history: t.Sequence[Moment]) -> None:
        self._history = list(history)
        self._next = 0
        self.now = history[0]

    def describe_services(self, **dummy: t.Any) -> Answer:
        self.now = self._history[self._next]
        self._next = min(self._next + 1, len(self._history) - 1)
        return {"services": [service(*self.now.sets, status="DRAINING" if self.now.going else "ACTIVE")]}

    def batch_get_deployments(self, *, deploymentIds: list[str]) -> Answer:
        of = {"d-1": (self.now.status, self.now.more), "d-2": (self.now.back, {})}
        told = [{"deploymentId": name, "status": of[name][0], **of[name][1]} for name in deploymentIds]
        return checked("codedeploy", "BatchGetDeployments", "output_shape", {"deploymentsInfo": told})

    def batch_get_deployment_targets(self, **dummy: t.Any) -> Answer:
        events = [{"lifecycleEventName": "e", "status": status} for status in self.now.events]
        answer = {"deploymentTargets": [{"ecsTarget": {"lifecycleEvents": events}}]}
        return checked("codedeploy", "BatchGetDeploymentTargets", "output_shape", answer)

    def __call__(self, dummy: str) -> Script:
        return self


def ends(history: t.Sequence[Moment]) -> tuple[list[Verdict], Script]:
    script, time = Script(history), Time()
    clock = time.clock()
    driver = CodeDeployController(t.cast("t.Any", script), Release("r-1"), lambda *dummy: None, clock)
    watch = Watch(script, timeout=120, report=lambda *dummy: None, clock=clock, controllers=lambda dummy: driver)
    watch.follow(WATCHED)
    found: list[Verdict] = []
    while watch.open:
        found += watch.look().values()
        if watch.open:
            watch.rest()
    assert time.passed <= 121
    return found, script


@settings(deadline=None, max_examples=400)
@given(history=st.lists(moments, min_size=1, max_size=6))
def test_any_sequence_of_answers_ends_once_and_is_good_only_if_the_new_tasks_serve(history: list[Moment]) -> None:
    found, script = ends(history)
    assert len(found) == 1
    (verdict,) = found
    seen = verdict.state
    primary = seen.primary if seen else None
    if verdict.outcome == "succeeded":
        assert primary is not None
        assert primary.task_definition == OURS or primary.made_for == "d-1"
        assert (primary.running, primary.rollout) == (2, "COMPLETED")
        assert script.now.status not in ("Failed", "Stopped")
    if verdict.outcome == "rolled_back":
        assert script.now.status in ("Failed", "Stopped")
        assert script.now.back == "Succeeded"
    if verdict.outcome == "paused":
        assert verdict.hook is not None and script.now.status == "Ready"
    if verdict.outcome not in ("succeeded", "paused"):
        assert verdict.reason


# --- the AppSpec ---------------------------------------------------------------------------------------------------


def location(content: str, kind: str = "appSpecContent") -> Answer:
    return {"revisionType": "AppSpecContent", kind: {"content": content}}


@pytest.mark.parametrize(
    ("given_location", "revision", "hooks"),
    [
        ({}, None, []),
        (location(f'{{"TaskDefinition":"{OURS}","Hooks":[{{"BeforeInstall":"f"}}]}}'), OURS, [{"BeforeInstall": "f"}]),
        (location(f"x: {{TaskDefinition: {OURS}}}\nhooks:\n- BeforeInstall: f\n"), OURS, [{"BeforeInstall": "f"}]),
        (location(f'x: "{OURS}"\n', "string"), OURS, []),
        (location("[1"), None, None),
        ({"revisionType": "S3", "s3Location": {"bucket": "b"}}, None, None),
    ],
    ids=["none yet", "json", "yaml", "the old kind", "neither", "in a bucket"],
)
def test_an_app_spec_is_read(given_location: Answer, revision: str | None, hooks: t.Any) -> None:
    assert (revision_of(given_location), hooks_of(given_location)) == (revision, hooks)


def test_what_an_app_spec_says_can_be_read_again() -> None:
    balancers = {"loadBalancers": [{"containerName": "app", "containerPort": 80}]}
    strategy = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]}
    spec = app_spec({"serviceName": "web", **balancers, **strategy}, OURS, [{"AfterInstall": "f"}])
    assert (revision_of(location(spec)), hooks_of(location(spec))) == (OURS, [{"AfterInstall": "f"}])
    assert '"CapacityProviderStrategy":[{"CapacityProvider":"FARGATE_SPOT","Weight":1,"Base":0}]' in spec
    assert "PlatformVersion" not in spec


def test_without_a_load_balancer_there_is_nothing_to_shift() -> None:
    with pytest.raises(SlipwayError, match="web has no load balancer"):
        app_spec({"serviceName": "web"}, OURS)


# --- EXTERNAL ------------------------------------------------------------------------------------------------------


class ExternalEcs(SlowEcs):
    """Some of its services are another program's."""

    def _answer(self, service: t.Any) -> Answer:
        kind = {"deploymentController": {"type": "EXTERNAL"}} if service.name == "theirs" else {}
        return {**super()._answer(service), **kind}


@pytest.mark.parametrize("check_mode", [False, True], ids=["release", "plan"])
def test_a_service_of_another_program_is_refused_with_what_to_do_before_anything_is_written(check_mode: bool) -> None:
    time = Time()
    ecs = ExternalEcs(time, {"ours": "works", "theirs": "works"})
    place = {"cluster": "c", "container": "app", "image": IMAGE}
    targets = [Target.from_options(name, {**place, "service": name}) for name in ecs.services]
    voyage = Voyage(release=Release("r-1"), timeout=9, clock=time.clock(), check_mode=check_mode)
    with pytest.raises(SlipwayError) as refused:
        ship(t.cast("t.Any", OnlyEcs(ecs)), targets, voyage, lambda *dummy: None)
    assert str(refused.value) == (
        "Service theirs has the deployment controller EXTERNAL: another program makes and removes its task sets, and "
        "decides which of them serves. ECS has no deployment there that could be started, followed or taken back. "
        "Release it with that program, or give it the deployment controller ECS in the infrastructure (with the "
        "strategy BLUE_GREEN, LINEAR or CANARY where traffic shall shift)."
    )
    assert set(ecs.calls) == {"describe services"}
