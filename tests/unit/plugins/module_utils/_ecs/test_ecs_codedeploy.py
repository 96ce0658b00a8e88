# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that CodeDeploy deploys: found, deployed, followed to one end, and brought back."""

from __future__ import annotations

import json
import typing as t

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.slipway.aws.plugins.module_utils._ecs import ship as ship_module
from ansible_collections.slipway.aws.plugins.module_utils._ecs.codedeploy_place import check_codedeploy
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import GOOD, Release, ServiceResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.ship import Voyage, ship
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from codedeploy_fake import BEHAVIOURS, PLACE, Behaviour, BothClients, CodeDeploy, Ecs
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_ecs import Time
from test_ship import IMAGE
from trusting_doctor import Doctor

pytestmark = pytest.mark.usefixtures("trusting_doctor")
TIMEOUT = 60.0


class Pier:
    """One service of CodeDeploy's."""

    def __init__(self, behaviour: Behaviour = "works") -> None:
        self.time = Time()
        self.ecs = Ecs(self.time)
        self.codedeploy = CodeDeploy(self.time, self.ecs, behaviour)
        self.lines: list[str] = []

    def ship(self, changes: t.Mapping[str, t.Any] | None = None, **options: t.Any) -> ServiceResult:
        voyage = Voyage(release=Release("r-1"), timeout=TIMEOUT, clock=self.time.clock(), **options)
        targets = [Target.from_options("web", {**PLACE, "image": IMAGE, **(changes or {})})]
        clients = t.cast("t.Any", BothClients(self.ecs, self.codedeploy))
        return ship(clients, targets, voyage, lambda dummy, line: self.lines.append(line))["web"]

    @property
    def made(self) -> list[tuple[str, str | None]]:
        """The deployments in order: their revision, and what each one rolls back."""
        made = self.codedeploy.deployments.values()
        return [(item.definition.rpartition("/")[2], item.rolls_back) for item in made]

    @property
    def serves(self) -> str:
        return self.codedeploy.primary().definition


def test_a_revision_is_registered_and_deployed_once() -> None:
    pier = Pier()
    result = pier.ship()
    assert (result.outcome, result.changed, result.service_deployment) == ("succeeded", True, "d-000000001")
    assert result.deployment_id == "ecs-svc/d-000000001", "the task set, whose id started its tasks"
    assert result.after == pier.serves != result.before
    assert pier.made == [("web:2", None)]
    assert pier.codedeploy.deployments["d-000000001"].description == "r-1"


def test_the_app_spec_changes_the_revision_and_nothing_else() -> None:
    pier = Pier()
    pier.codedeploy.target_revision = {
        "revisionType": "AppSpecContent",
        "appSpecContent": {"content": "version: 0.0\nHooks:\n  - BeforeAllowTraffic: check-it\n"},
    }
    pier.ship()
    spec = json.loads(pier.codedeploy.deployments["d-000000001"].spec)
    assert spec["Hooks"] == [{"BeforeAllowTraffic": "check-it"}]
    assert spec["Resources"][0]["TargetService"]["Properties"] == {
        "TaskDefinition": pier.serves,
        "LoadBalancerInfo": {"ContainerName": "front", "ContainerPort": 8080},
        "PlatformVersion": "1.4.0",
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "DISABLED"}
        },
    }


def test_hooks_that_cannot_be_read_are_not_lost() -> None:
    pier = Pier()
    pier.codedeploy.target_revision = {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "appspec.yaml"}}
    result = pier.ship()
    assert (result.outcome, pier.made) == ("failed", [])
    assert "its hooks would get lost" in str(result.cause)
    assert pier.ship({"codedeploy": {"hooks": []}}).outcome == "succeeded"


def test_its_stages_are_told() -> None:
    pier = Pier()
    pier.ship()
    assert [line for line in pier.lines if line.startswith("CodeDeploy")] == [
        "CodeDeploy, created: no new tasks yet",
        "CodeDeploy, in progress, before install: 1/2 running, 2 of the revision before, 0 % of the traffic",
        "CodeDeploy, in progress, before allow traffic: 1/2 running, 2 of the revision before, 0 % of the traffic",
        "CodeDeploy, in progress, the tasks before are kept for a while: 2/2 running, 100 % of the traffic",
        "CodeDeploy, succeeded, after allow traffic: 2/2 running, 100 % of the traffic",
    ]


def test_without_the_right_to_see_stages_it_is_followed_all_the_same() -> None:
    pier = Pier()
    pier.codedeploy.blind = True
    assert pier.ship().outcome == "succeeded"
    assert len([line for line in pier.lines if "not yours" in line]) == 1
    assert pier.codedeploy.calls.count("BatchGetDeploymentTargets") == 1


def test_the_same_again_is_a_no_op() -> None:
    pier = Pier()
    pier.ship()
    pier.codedeploy.calls.clear()
    result = pier.ship()
    assert (result.outcome, result.changed) == ("no_op", False)
    assert "CreateDeployment" not in pier.codedeploy.calls


def test_the_plan_says_the_same_and_writes_nothing() -> None:
    planned, shipped = Pier(), Pier()
    told, done = planned.ship(check_mode=True), shipped.ship()
    assert (told.outcome, told.changed, told.diff) == (done.outcome, done.changed, done.diff)
    assert planned.made == []
    assert not {"CreateDeployment", "StopDeployment", "ContinueDeployment"} & set(planned.codedeploy.calls)


def test_the_same_revision_is_deployed_anew() -> None:
    pier = Pier()
    pier.ship()
    result = pier.ship({"force_new_deployment": True})
    assert (result.outcome, result.changed) == ("succeeded", True)
    assert pier.made == [("web:2", None), ("web:2", None)]


ENDS: dict[Behaviour, tuple[str, str]] = {
    "works": ("succeeded", ""),
    "lingers": ("succeeded", ""),
    "fails": ("rolled_back", "HOOK_EXECUTION_FAILURE: A hook failed. BeforeInstall: the check said no"),
    "fails for good": ("failed", "HOOK_EXECUTION_FAILURE: A hook failed."),
    "fails to go back": ("failed", "The rollback d-000000002 failed too: HOOK_EXECUTION_FAILURE: A hook failed."),
    "is stopped by an alarm": ("rolled_back", "ALARM_ACTIVE: One or more alarms are active."),
    "is stopped": ("stopped", "MANUAL_STOP: Stopped by a user."),
    "hangs": ("timed_out", "Not complete after 60 s"),
    "waits": ("paused", ""),
    "is superseded": ("superseded", "Another deployment of this service was started meanwhile."),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_how_it_ends(behaviour: Behaviour) -> None:
    pier = Pier(behaviour)
    if behaviour == "is stopped":
        pier.codedeploy.rolled_back_on = []
    result = pier.ship(rollback="none")
    outcome, reason = ENDS[behaviour]
    assert (result.outcome, reason in str(result.reason)) == (outcome, True), result


def test_a_rollback_that_is_named_late_is_waited_for() -> None:
    pier = Pier("fails")
    pier.codedeploy.named_after = 30
    assert pier.ship().outcome == "rolled_back"
    assert pier.made == [("web:2", None), ("web:1", "d-000000001")]


def test_what_codedeploy_does_not_bring_back_serves_still_and_needs_nothing() -> None:
    """It failed before any traffic moved."""
    pier = Pier("fails for good")
    pier.codedeploy.rolled_back_on = []
    result = pier.ship()
    assert (result.outcome, result.after, result.before) == ("rolled_back", result.before, pier.serves)
    assert pier.made == [("web:2", None)]


def test_what_an_alarm_stopped_after_the_traffic_had_moved_is_deployed_back() -> None:
    pier = Pier("is stopped by an alarm")
    pier.codedeploy.rolled_back_on = []
    result = pier.ship()
    assert (result.outcome, result.after) == ("rolled_back", pier.ecs.first)
    assert pier.made == [("web:2", None), ("web:1", None)]
    assert pier.serves == pier.ecs.first


def test_what_takes_too_long_is_stopped_and_codedeploy_goes_back() -> None:
    pier = Pier("hangs")
    result = pier.ship()
    assert (result.outcome, result.after) == ("rolled_back", pier.ecs.first)
    assert pier.made == [("web:2", None), ("web:1", "d-000000001")]
    assert "StopDeployment" in pier.codedeploy.calls


def test_what_waiting_will_not_mend_is_stopped_at_once() -> None:
    pier = Pier("hangs")
    Doctor.hopeless.add("web")
    result = pier.ship()
    assert (result.outcome, result.seconds < TIMEOUT) == ("rolled_back", True)


def test_a_pause_is_an_outcome_that_says_how_long() -> None:
    result = Pier("waits").ship()
    assert (result.outcome, result.hook) == ("paused", "d-000000001")
    assert result.cause == (
        "CodeDeploy deployment d-000000001 has its new tasks ready and waits to be told to move the traffic there. It "
        "stops by itself after 30 min. It waits. Run this again with on_pause: continue, or roll_back."
    )


def test_run_again_it_joins_and_moves_the_traffic() -> None:
    pier = Pier("waits")
    pier.ship()
    result = pier.ship(on_pause="continue")
    assert (result.outcome, result.changed) == ("succeeded", False)
    assert pier.made == [("web:2", None)]


def test_or_goes_back() -> None:
    pier = Pier("waits")
    result = pier.ship(on_pause="roll_back")
    assert result.outcome == "rolled_back"
    assert pier.serves == pier.ecs.first


def test_a_killed_run_is_followed_and_not_started_again() -> None:
    pier = Pier("waits")
    pier.ship()
    result = pier.ship()
    assert (result.outcome, result.changed) == ("paused", False)
    assert pier.made == [("web:2", None)]


def test_another_deployment_under_way_is_refused_before_anything_is_written() -> None:
    pier = Pier()
    pier.codedeploy.start(pier.ecs.first, "hangs")
    pier.time.passed += 5
    with pytest.raises(SlipwayError, match="d-000000001 of service web to web:1 is under way.* one at a time"):
        pier.ship()
    assert "register" not in pier.ecs.calls


def test_one_that_came_in_between_is_no_ones_fault_and_is_told() -> None:
    pier = Pier()
    register = pier.ecs.register_task_definition

    def overtaken(**request: t.Any) -> t.Any:
        pier.codedeploy.start(pier.ecs.first, "hangs")
        return register(**request)

    pier.ecs.register_task_definition = overtaken  # type: ignore[method-assign]
    result = pier.ship()
    assert (result.outcome, result.changed) == ("failed", False)
    assert "d-000000001 to web:1 is under way in web" in str(result.cause)


def test_a_revision_from_before_is_deployed_as_it_is_registered() -> None:
    pier = Pier()
    pier.ship()
    result = pier.ship({"image": None, "revision": pier.ecs.first})
    assert (result.outcome, result.after, pier.serves) == ("succeeded", pier.ecs.first, pier.ecs.first)
    assert pier.made == [("web:2", None), ("web:1", None)]


@pytest.mark.parametrize(
    ("wish", "calls"),
    [
        ({}, ["ListApplications", "BatchGetApplications", "ListDeploymentGroups", "BatchGetDeploymentGroups"]),
        ({"application": "shop"}, ["ListDeploymentGroups", "BatchGetDeploymentGroups"]),
        ({"application": "shop", "deployment_group": "web"}, ["BatchGetDeploymentGroups"]),
    ],
    ids=["nothing named", "application named", "both named"],
)
def test_what_is_named_is_not_looked_for(wish: dict[str, str], calls: list[str]) -> None:
    pier = Pier()
    pier.codedeploy.others = [("lambdas", "Lambda"), ("servers", "Server")]
    pier.ship({"codedeploy": wish}, check_mode=True)
    assert [call for call in pier.codedeploy.calls if call != "ListDeployments"] == calls


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        ({"application": "shop", "deployment_group": "other"}, "group other of application shop"),
        ({"application": "empty"}, "application empty"),
    ],
    ids=["the wrong group", "the wrong application"],
)
def test_a_service_that_codedeploy_does_not_know_is_named(wish: dict[str, str], where: str) -> None:
    with pytest.raises(SlipwayError, match=f"no deployment group has it .{where}"):
        Pier().ship({"codedeploy": wish})


def test_another_configuration_is_passed_on() -> None:
    pier = Pier()
    pier.ship({"codedeploy": {"config": "CodeDeployDefault.ECSCanary10Percent5Minutes"}})
    assert pier.codedeploy.deployments["d-000000001"].config == "CodeDeployDefault.ECSCanary10Percent5Minutes"


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ("shop", "must be a dictionary"),
        ({"app": "shop"}, "unknown keys: app"),
        ({"deployment_group": "web"}, "without its application"),
        ({"hooks": {"BeforeInstall": "f"}}, "must be a list"),
    ],
    ids=["no dictionary", "unknown key", "group alone", "hooks as a dictionary"],
)
def test_what_cannot_be_meant_is_refused(wish: t.Any, complaint: str) -> None:
    with pytest.raises(SlipwayError, match=complaint):
        check_codedeploy("web", wish)


@settings(deadline=None, max_examples=150)
@given(
    behaviours=st.lists(st.sampled_from(BEHAVIOURS), min_size=1, max_size=3),
    rollback=st.sampled_from(["release", "service", "none"]),
    on_pause=st.sampled_from(["report", "continue", "roll_back"]),
    automatic=st.booleans(),
    named_after=st.sampled_from([0.0, 5.0, 45.0, 1000.0]),
)
def test_however_it_goes(
    behaviours: list[Behaviour], rollback: t.Any, on_pause: t.Any, automatic: bool, named_after: float
) -> None:
    """Several releases, one after the other, each of which goes somehow."""
    patched = pytest.MonkeyPatch()
    patched.setattr(ship_module, "Doctor", Doctor)
    pier = Pier()
    pier.codedeploy.named_after = named_after
    if not automatic:
        pier.codedeploy.rolled_back_on = []
    try:
        for number, behaviour in enumerate(behaviours):
            pier.codedeploy.behaviour = behaviour
            image = f"registry.test/app@sha256:{number:064d}"
            known = len(pier.made)
            try:
                result = pier.ship({"image": image}, rollback=rollback, on_pause=on_pause)
            except SlipwayError:
                assert len(pier.made) == known, "refused, and nothing was started"
                continue
            serves = pier.serves
            if result.outcome == "succeeded":
                assert serves == result.after
            if result.outcome == "rolled_back":
                assert serves == result.after == result.before
            if result.outcome not in GOOD:
                assert result.cause
            assert len([item for item in pier.made[known:] if item[1] is None]) <= 2, "one deployment, and one back"
            pier.time.passed += 200
    finally:
        patched.undo()
