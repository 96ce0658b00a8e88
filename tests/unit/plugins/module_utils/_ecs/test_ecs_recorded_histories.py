# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments as the local cloud really answered them, moment by moment, followed by the whole engine.

C(histories/) was recorded from the local cloud with real containers: what UpdateService, DescribeServices and
DescribeServiceDeployments said from the update on, whenever it changed. Nobody looks often enough to see every moment,
so any of them may be missed but the last.
"""

from __future__ import annotations

import json
import types
import typing as t
from pathlib import Path

import botocore.exceptions
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs import ship as ship_module
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, ServiceResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.ship import Voyage, ship
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_ecs import OnlyEcs, Time
from trusting_doctor import Doctor

Answer = dict[str, t.Any]
FOLDER = Path(__file__).parent / "histories"
HISTORIES: dict[str, Answer] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
}


class Replay:
    """Answers a recorded history, one moment further at each look, and its last moment for ever."""

    meta = types.SimpleNamespace(endpoint_url="https://ecs.ap-northeast-1.amazonaws.com")

    def __init__(self, before: Answer | None, moments: t.Sequence[Answer], *, natives: bool) -> None:
        self._before = before
        self._moments = list(moments)
        self._natives = natives
        self._next = 0
        self._seen = moments[0]
        self.updated: list[str] = []

    def describe_services(self, **dummy: t.Any) -> Answer:
        if self._before is not None:
            return {"services": [self._before]}
        self._seen = self._moments[self._next]
        self._next = min(self._next + 1, len(self._moments) - 1)
        return {"services": [self._seen["service"]]}

    def update_service(self, *, taskDefinition: str, **dummy: t.Any) -> Answer:
        self.updated.append(taskDefinition)
        self._before = None
        return {"service": self._moments[0]["service"]}

    def describe_task_definition(self, *, taskDefinition: str, **dummy: t.Any) -> Answer:
        definition = {"containerDefinitions": [{"name": "app", "image": taskDefinition}]}
        return {"taskDefinition": {**definition, "taskDefinitionArn": taskDefinition}, "tags": []}

    def describe_service_deployments(self, *, serviceDeploymentArns: list[str]) -> Answer:
        if not self._natives:
            answer = {"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}
            raise botocore.exceptions.ClientError(answer, "DescribeServiceDeployments")
        known = self._seen["service_deployments"]
        return {"serviceDeployments": [one for one in known if one["serviceDeploymentArn"] in serviceDeploymentArns]}


def follow(history: Answer, ecs: Replay) -> ServiceResult:
    """Ship the recorded revision to a service that behaves as it did then."""
    clock = Time().clock()
    voyage = Voyage(release=Release("r-1"), timeout=600, rollback="none", clock=clock)
    place = {"cluster": "tests", "service": history["before"]["serviceName"], "container": "app"}
    targets = [Target.from_options("api", {**place, "revision": history["wanted"]})]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ship_module, "Doctor", Doctor)
        return ship(t.cast("t.Any", OnlyEcs(t.cast("t.Any", ecs))), targets, voyage, lambda *dummy: None)["api"]


def forgetful(moment: Answer) -> Answer:
    """Return a moment of an ECS that no longer lists what failed, as AWS does after a while."""
    listed = [item for item in moment["service"]["deployments"] if item["rolloutState"] != "FAILED"]
    return {**moment, "service": {**moment["service"], "deployments": listed}}


def under_way(history: Answer) -> list[int]:
    """Return the moments at which a run that was killed could be run again and find its deployment under way."""
    return [
        number
        for number, moment in enumerate(history["moments"])
        if moment["service"]["taskDefinition"] == history["wanted"]
        and any(
            item["status"] == "PRIMARY" and item["rolloutState"] == "IN_PROGRESS"
            for item in moment["service"]["deployments"]
        )
    ]


def test_there_are_histories_of_each_end() -> None:
    assert {name: history["outcome"] for name, history in HISTORIES.items()} == {
        "breaker": "rolled_back",
        "missing-image": "rolled_back",
        "success": "succeeded",
        "superseded": "superseded",
    }


@pytest.mark.parametrize("natives", [True, False], ids=["told-by-ecs", "counted"])
@pytest.mark.parametrize("name", list(HISTORIES))
def test_a_recorded_deployment_ends_as_it_did(name: str, natives: bool) -> None:
    history = HISTORIES[name]
    ecs = Replay(history["before"], history["moments"], natives=natives)
    result = follow(history, ecs)
    assert (result.outcome, result.changed) == (history["outcome"], True)
    assert ecs.updated == [history["wanted"]], "one update, whatever happens"


@pytest.mark.parametrize("natives", [True, False], ids=["told-by-ecs", "counted"])
@pytest.mark.parametrize("name", list(HISTORIES))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_missed_on_the_way_the_end_is_the_same(name: str, natives: bool, data: st.DataObject) -> None:
    history = HISTORIES[name]
    moments = history["moments"]
    between = data.draw(st.lists(st.sampled_from(range(1, len(moments))), unique=True).map(sorted))
    last = forgetful(moments[-1]) if data.draw(st.booleans()) else moments[-1]
    seen = [moments[0], *(moments[number] for number in between), last]
    result = follow(history, Replay(history["before"], seen, natives=natives))
    assert result.outcome == history["outcome"]


@pytest.mark.parametrize("natives", [True, False], ids=["told-by-ecs", "counted"])
@pytest.mark.parametrize("name", list(HISTORIES))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_run_that_joins_on_the_way_sees_the_same_end(name: str, natives: bool, data: st.DataObject) -> None:
    history = HISTORIES[name]
    moments = history["moments"]
    joined = data.draw(st.sampled_from(under_way(history)))
    later = data.draw(st.lists(st.sampled_from(range(joined, len(moments))), unique=True).map(sorted))
    last = forgetful(moments[-1]) if data.draw(st.booleans()) else moments[-1]
    seen = [moments[joined], *(moments[number] for number in later), last]
    ecs = Replay(None, seen, natives=natives)
    result = follow(history, ecs)
    assert (result.outcome, result.changed) == (history["outcome"], False)
    assert ecs.updated == [], "what is under way is not started a second time"
