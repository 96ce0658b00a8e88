# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shipments where little things decide: who is asked, what is told, and what is left alone."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, ServiceResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.ship import Voyage, ship
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import Policy
from slow_ecs import OnlyEcs, SlowEcs, Time
from staged_ecs import StagedEcs

pytestmark = pytest.mark.usefixtures("trusting_doctor")
DIGEST = "registry.test/app@sha256:"
ONE, TWO = DIGEST + "a" * 64, DIGEST + "b" * 64


def release(
    ecs: SlowEcs, time: Time, image: str = ONE, *, name: str = "r-1", lines: list[str] | None = None, **options: t.Any
) -> dict[str, ServiceResult]:
    """Ship an image to every service there is, over what it runs."""
    voyage = Voyage(release=Release(name), timeout=60.0, clock=time.clock(), **options)
    targets = [
        Target.from_options(unit, {"cluster": "c", "service": unit, "container": "app", "image": image})
        for unit in ecs.services
    ]
    told: list[str] = [] if lines is None else lines
    return ship(t.cast("t.Any", OnlyEcs(ecs)), targets, voyage, lambda unit, line: told.append(f"{unit}: {line}"))


def test_what_waits_for_somebody_is_no_failure_of_the_release() -> None:
    time = Time()
    ecs = StagedEcs(time, {"api": "works", "web": "works"}, pauses=["web"])
    results = release(ecs, time, rollback="release")
    assert {unit: result.outcome for unit, result in results.items()} == {"api": "succeeded", "web": "paused"}
    assert sorted(unit for unit, _revision in ecs.updated) == ["api", "web"], "nothing is brought back"


def test_a_release_that_failed_is_not_the_one_that_runs() -> None:
    time, behaviours = Time(), {"web": "works"}
    ecs = SlowEcs(time, t.cast("t.Any", behaviours))
    assert release(ecs, time)["web"].release_id == "r-1"
    behaviours["web"] = "hangs"
    # What SlowEcs brings back is what it ran first: from now on that is the first release.
    ecs.services["web"].rollouts = ecs.services["web"].rollouts[-1:]
    result = release(ecs, time, TWO, name="r-2")["web"]
    assert (result.outcome, result.release_id) == ("rolled_back", "r-1")
    left = release(ecs, time, TWO, name="r-2", rollback="none")["web"]
    assert (left.outcome, left.release_id) == ("timed_out", "r-1")


def test_a_hook_is_answered_once_although_it_takes_a_moment_to_move() -> None:
    class Sluggish(StagedEcs):
        told: t.ClassVar[list[str]] = []

        def continue_service_deployment(self, **request: t.Any) -> None:
            self.told.append(request["action"])

        def describe_service_deployments(self, **request: t.Any) -> dict[str, t.Any]:
            if self.told and self._time.passed > 30:
                super().continue_service_deployment(
                    serviceDeploymentArn=request["serviceDeploymentArns"][0],
                    hookId=f"hook of {request['serviceDeploymentArns'][0]}",
                    action="CONTINUE",
                )
            return super().describe_service_deployments(**request)

    time = Time()
    ecs = Sluggish(time, {"web": "works"}, pauses=["web"])
    lines: list[str] = []
    assert release(ecs, time, on_pause="continue", lines=lines)["web"].outcome == "succeeded"
    assert (ecs.told, len([line for line in lines if "told to go on" in line])) == (["CONTINUE"], 1)


def test_what_somebody_else_started_is_followed_and_not_brought_back() -> None:
    time = Time()
    ecs = SlowEcs(time, {"web": "hangs"})
    theirs = ecs.register_task_definition(
        tags=[], family="web", containerDefinitions=[{"name": "app", "image": ONE, "environment": []}]
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(service="web", taskDefinition=theirs)
    ecs.updated.clear()
    voyage = Voyage(release=Release("r-1"), timeout=60.0, clock=time.clock(), rollback="release")
    target = Target.from_options("web", {"cluster": "c", "service": "web", "container": "app", "revision": theirs})
    result = ship(t.cast("t.Any", OnlyEcs(ecs)), [target], voyage, lambda *dummy: None)["web"]
    assert (result.outcome, result.changed, ecs.updated) == ("timed_out", False, [])


def test_the_way_back_is_what_ran_and_not_what_somebody_had_only_begun() -> None:
    time = Time()
    ecs = SlowEcs(time, {"web": "hangs"})
    theirs = ecs.register_task_definition(tags=[], family="web", containerDefinitions=[{"name": "app", "image": ONE}])
    ecs.update_service(service="web", taskDefinition=theirs["taskDefinition"]["taskDefinitionArn"])
    lines: list[str] = []
    result = release(ecs, time, TWO, lines=lines)["web"]
    assert [revision for dummy, revision in ecs.updated] == ["web:2", "web:3", "web:1"]
    assert (result.outcome, str(result.after)[-5:], result.release_id) == ("rolled_back", "web:1", None)
    assert "web: goes back to web:1" in lines


def test_an_update_that_ecs_names_no_deployment_for_is_a_failure() -> None:
    class Silent(SlowEcs):
        def update_service(self, **request: t.Any) -> dict[str, t.Any]:
            answer = super().update_service(**request)
            return {"service": {**answer["service"], "deployments": []}}

    time = Time()
    result = release(Silent(time, {"web": "works"}), time)["web"]
    assert result.outcome == "failed" and "names no deployment" in str(result.cause)


def test_a_deployment_that_failed_before_the_answer_is_still_ours() -> None:
    """The answer to an update may name the way back as primary already."""

    class Hasty(SlowEcs):
        def update_service(self, *, service: str, taskDefinition: str, **more: t.Any) -> dict[str, t.Any]:
            super().update_service(service=service, taskDefinition=taskDefinition, **more)
            self._time.passed += self.SECONDS
            return {"service": self.describe_services(services=[service])["services"][0]}

    time = Time()
    result = release(Hasty(time, {"web": "breaks"}), time, rollback="none")["web"]
    assert (result.outcome, result.deployment_id, result.reason) == ("rolled_back", "ecs-svc/web-1", "breaker")


def test_a_deployment_that_the_answer_does_not_name_yet_is_still_ours() -> None:
    """The answer to an update may still name the service deployment before."""

    class Late(StagedEcs):
        def update_service(self, *, service: str, taskDefinition: str, **more: t.Any) -> dict[str, t.Any]:
            answer = super().update_service(service=service, taskDefinition=taskDefinition, **more)["service"]
            return {"service": {**answer, "currentServiceDeployment": f"{answer['currentServiceDeployment'][:-1]}0"}}

    time = Time()
    result = release(Late(time, {"web": "works"}), time)["web"]
    assert (result.outcome, str(result.service_deployment)[-6:]) == ("succeeded", "/web/1")


def test_a_rolling_deployment_goes_back_by_another_one() -> None:
    """Stopping is for deployments that shift traffic: of a rolling one the way back is known to work."""

    class Rolling(StagedEcs):
        def _answer(self, service: t.Any) -> dict[str, t.Any]:
            return {**super()._answer(service), "deploymentConfiguration": {"strategy": "ROLLING"}}

        def _native(self, arn: str) -> dict[str, t.Any]:
            return {**super()._native(arn), "deploymentConfiguration": {"strategy": "ROLLING"}}

    time = Time()
    ecs = Rolling(time, {"web": "hangs"})
    assert release(ecs, time)["web"].outcome == "rolled_back"
    assert ecs.updated == [("web", "web:2"), ("web", "web:1")]


def test_tasks_that_were_started_anew_have_no_revision_to_go_back_to() -> None:
    time, behaviours = Time(), {"web": "works"}
    ecs = SlowEcs(time, t.cast("t.Any", behaviours))
    release(ecs, time)
    behaviours["web"] = "hangs"
    voyage = Voyage(release=Release("r-2"), timeout=60.0, clock=time.clock())
    options = {"cluster": "c", "service": "web", "container": "app", "force_new_deployment": True}
    targets = [Target.from_options("web", options)]
    result = ship(t.cast("t.Any", OnlyEcs(ecs)), targets, voyage, lambda *dummy: None)["web"]
    assert (result.outcome, ecs.updated) == ("timed_out", [("web", "web:2")] * 2)


def test_a_service_that_would_stall_is_left_in_peace_while_nothing_ships() -> None:
    class Stalling(SlowEcs):
        def _answer(self, service: t.Any) -> dict[str, t.Any]:
            percents = {"minimumHealthyPercent": 100, "maximumPercent": 100}
            return {**super()._answer(service), "deploymentConfiguration": percents}

    time = Time()
    ecs = Stalling(time, {"web": "works"})
    policy = Policy.from_options({"all": "off", "percents_cannot_stall": "error"})
    with pytest.raises(SlipwayError, match="would never begin"):
        release(ecs, time, preflight=policy)
    release(ecs, time)
    assert release(ecs, time, preflight=policy)["web"].outcome == "no_op"
