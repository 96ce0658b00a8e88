# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traps that other tools fell into and that no other test here is about; C(docs/traps.md) names them all."""

from __future__ import annotations

import typing as t

import botocore.exceptions
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs import api, api_deployments, api_tasks, native
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import update_service
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import fingerprint
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Watched
from slow_ecs import Time
from staged_ecs import StagedEcs
from test_ecs_shipping_edges import release
from test_ecs_watching import BEFORE, OURS, Ecs, entry, follow, service

pytestmark = pytest.mark.usefixtures("trusting_doctor")


@pytest.mark.parametrize("anew", [False, True], ids=["once", "anew"])
def test_an_update_says_nothing_but_the_revision(anew: bool) -> None:
    """A desired count would fight auto scaling, load balancers would undo a swap, null would take things away."""
    sent: list[t.Any] = []

    class Client:
        def update_service(self, **request: t.Any) -> t.Any:
            sent.append(request)
            return {"service": service(entry())}

    update_service(Client(), "c", "web", "td:2", anew=anew)
    expected: dict[str, t.Any] = {"cluster": "c", "service": "web", "taskDefinition": "td:2"}
    assert sent == [{**expected, "forceNewDeployment": True} if anew else expected]


def test_nothing_that_ships_deregisters_a_revision() -> None:
    """One that is deregistered cannot be gone back to."""
    for module in (api, api_deployments, api_tasks, native):
        assert not [name for name in vars(module) if "deregister" in name]


def test_the_same_revision_started_anew_and_rolled_back_is_rolled_back() -> None:
    """The revision before is the revision wanted: only the deployment tells them apart."""
    watched = Watched("web", "c", "web", "ecs-svc/ours", OURS, OURS)
    back = service(entry("back", definition=OURS), current=None)
    assert follow(Ecs((back, ())), watched)[0].outcome == "rolled_back"


@pytest.mark.parametrize(
    "words",
    [
        "(service web) was unable to place a task because no container instance met all of its requirements.",
        "(service web) (task 1) failed container health checks: UNHEALTHY.",
    ],
    ids=["unable", "unhealthy"],
)
def test_a_word_in_an_event_decides_nothing(words: str) -> None:
    """What was short for a while, or of another task, is no end of a deployment that gets there."""
    events = [{"id": "1", "message": words}]
    starting = service(entry(rollout="IN_PROGRESS", runningCount=1), current=None, events=events)
    done = service(entry(), current=None, events=events)
    watched = Watched("web", "c", "web", "ecs-svc/ours", OURS, BEFORE)
    assert follow(Ecs((starting, ()), (done, ())), watched)[0].outcome == "succeeded"


def test_each_step_of_a_deployment_is_answered_with_its_own_hook() -> None:
    """Linear and canary deployments pause at every step, under another name each time."""

    class Stepwise(StagedEcs):
        steps: t.ClassVar[list[str]] = []

        def continue_service_deployment(self, *, serviceDeploymentArn: str, hookId: str, action: str) -> None:
            self.steps.append(hookId)
            if len(self.steps) == 3:
                self.answered[serviceDeploymentArn] = action

        def _native(self, arn: str) -> dict[str, t.Any]:
            answer = super()._native(arn)
            hooks = [{**hook, "hookId": f"step {len(self.steps) + 1}"} for hook in answer["lifecycleHookDetails"]]
            return {**answer, "lifecycleHookDetails": hooks}

    time = Time()
    ecs = Stepwise(time, {"web": "works"}, pauses=["web"])
    assert release(ecs, time, on_pause="continue")["web"].outcome == "succeeded"
    assert ecs.steps == ["step 1", "step 2", "step 3"]


def test_a_deployment_that_may_not_be_stopped_any_more_is_deployed_back() -> None:
    class Stubborn(StagedEcs):
        def stop_service_deployment(self, **dummy: t.Any) -> None:
            answer = {"Error": {"Code": "ConflictException", "Message": "It cannot be stopped now."}}
            raise botocore.exceptions.ClientError(answer, "StopServiceDeployment")

    time, lines = Time(), []
    ecs = Stubborn(time, {"web": "hangs"})
    assert release(ecs, time, lines=lines)["web"].outcome == "rolled_back"
    assert ecs.updated == [("web", "web:2"), ("web", "web:1")]
    assert [line for line in lines if "cannot be stopped now" in line and "deployed back instead" in line]


def test_an_empty_value_is_a_value() -> None:
    """Leaving empty values out makes another definition of it; what is absent is another thing than what is empty."""

    def containing(**more: t.Any) -> dict[str, t.Any]:
        return {"containerDefinitions": [{"name": "app", "image": "i", **more}]}

    empty = containing(environment=[{"name": "A", "value": ""}])
    assert fingerprint(empty) != fingerprint(containing())
    assert fingerprint(empty) != fingerprint(containing(environment=[{"name": "A", "value": "0"}]))
    assert fingerprint(containing(user="")) != fingerprint(containing())
    assert fingerprint(containing(environment=[], mountPoints=[])) == fingerprint(containing())
