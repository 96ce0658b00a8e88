# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services that move: the state machine by itself, and hooked into moto behind boto3."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from moto import mock_aws
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends

from ecs.moving_ecs import MovingBackend, Tempo, Timeline, World, install
from ecs.shop import CLUSTER, REGION, Release, definition

TEMPO = Tempo(placed=1, up=5, complete=10)


def listed(timeline: Timeline, now: float) -> list[tuple[str, bool, bool, int, int]]:
    return [
        (item.deployment.task_definition, item.primary, item.complete, item.running, item.pending)
        for item in timeline.seen(now)
    ]


def settled() -> Timeline:
    timeline = Timeline("shop")
    timeline.begin("one", 4, 0, Tempo.lasting(0))
    return timeline


@pytest.mark.parametrize(
    ("passed", "running", "pending", "old"),
    [(0.5, 0, 0, 4), (1, 0, 4, 4), (3, 2, 2, 4), (5, 4, 0, 4), (6, 4, 0, 4), (9.9, 4, 0, 4)],
    ids=["accepted", "placed", "half", "up", "all-up", "draining"],
)
def test_a_rollout_goes_through_its_stages(passed: float, running: int, pending: int, old: int) -> None:
    timeline = settled()
    timeline.begin("two", 4, 100, TEMPO)
    assert listed(timeline, 100 + passed) == [("two", True, False, running, pending), ("one", False, True, old, 0)]


def test_a_complete_deployment_stands_alone() -> None:
    timeline = settled()
    timeline.begin("two", 4, 100, TEMPO)
    assert listed(timeline, 110) == [("two", True, True, 4, 0)]
    assert timeline.current.done_at == 110


def test_a_superseded_deployment_keeps_what_it_had_until_the_next_is_complete() -> None:
    timeline = settled()
    timeline.begin("two", 4, 100, TEMPO)
    timeline.begin("three", 4, 103, TEMPO)
    assert listed(timeline, 105) == [
        ("three", True, False, 1, 3),
        ("two", False, False, 2, 0),
        ("one", False, True, 4, 0),
    ]
    assert listed(timeline, 113) == [("three", True, True, 4, 0)]


def test_what_was_over_before_does_not_come_back() -> None:
    timeline = settled()
    timeline.begin("two", 4, 100, TEMPO)
    timeline.begin("three", 4, 200, TEMPO)
    assert [name for name, *_rest in listed(timeline, 201)] == ["three", "two"]


def test_a_deployment_superseded_before_a_task_was_up_is_gone() -> None:
    timeline = settled()
    timeline.begin("two", 4, 100, TEMPO)
    timeline.begin("three", 4, 100.5, TEMPO)
    assert [name for name, *_rest in listed(timeline, 101)] == ["three", "one"]


class Cloud:
    """moto with services that move, and a clock we turn."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.ecs: t.Any = boto3.client("ecs", region_name=REGION)
        self.ecs.create_cluster(clusterName=CLUSTER)
        self.register(0)
        self.ecs.create_service(
            cluster=CLUSTER, serviceName="web", taskDefinition="web", desiredCount=2, launchType="EC2"
        )
        self.now += 10

    def register(self, number: int) -> str:
        return str(
            self.ecs.register_task_definition(**definition("web", Release(number)))["taskDefinition"][
                "taskDefinitionArn"
            ]
        )

    def service(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = self.ecs.describe_services(cluster=CLUSTER, services=["web"])["services"][0]
        return found

    def update(self, **words: t.Any) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = self.ecs.update_service(cluster=CLUSTER, service="web", **words)["service"]
        return answer


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    world = World(tempo=lambda _service: TEMPO)
    monkeypatch.setattr(MovingBackend, "world", world)
    with mock_aws():
        install()
        made = Cloud.__new__(Cloud)
        world.clock = lambda: made.now
        try:
            made.__init__()  # type: ignore[misc]
            yield made
        finally:
            ecs_backends.reset()
            ecs_backends.backend = EC2ContainerServiceBackend


def test_an_update_is_a_deployment_of_that_revision(cloud: Cloud) -> None:
    before = cloud.service()["deployments"]
    revision = cloud.register(1)
    answer = cloud.update(taskDefinition="web:2")
    primary = answer["deployments"][0]
    assert (answer["taskDefinition"], primary["taskDefinition"]) == (revision, revision)
    assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")
    assert primary["id"] not in {item["id"] for item in before}
    assert [item["status"] for item in cloud.service()["deployments"]] == ["PRIMARY", "ACTIVE"]
    cloud.now += 10
    after = cloud.service()
    assert [(item["id"], item["rolloutState"]) for item in after["deployments"]] == [(primary["id"], "COMPLETED")]
    assert (after["runningCount"], after["pendingCount"]) == (2, 0)


@pytest.mark.parametrize(
    ("words", "deploys"),
    [
        ({"taskDefinition": "web"}, False),
        ({"desiredCount": 3}, False),
        ({"forceNewDeployment": True}, True),
        ({"platformVersion": "1.4.0"}, True),
    ],
    ids=["same-revision", "desired-count", "forced", "platform"],
)
def test_what_is_a_deployment_and_what_is_not(cloud: Cloud, words: dict[str, t.Any], deploys: bool) -> None:
    before = cloud.service()["deployments"][0]["id"]
    assert (cloud.update(**words)["deployments"][0]["id"] != before) is deploys


def test_scaling_shows_at_once(cloud: Cloud) -> None:
    cloud.update(desiredCount=3)
    assert (cloud.service()["desiredCount"], cloud.service()["deployments"][0]["desiredCount"]) == (3, 3)


def test_tasks_belong_to_their_deployment(cloud: Cloud) -> None:
    revision = cloud.register(1)
    deployment = cloud.update(taskDefinition=revision)["deployments"][0]["id"]
    cloud.now += 5
    arns = cloud.ecs.list_tasks(cluster=CLUSTER, serviceName="web")["taskArns"]
    tasks = cloud.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
    assert len(tasks) == 4
    assert {task["taskDefinitionArn"] for task in tasks if task["startedBy"] == deployment} == {revision}
    cloud.now += 5
    assert len(cloud.ecs.list_tasks(cluster=CLUSTER, serviceName="web")["taskArns"]) == 2
    assert cloud.ecs.list_tasks(cluster=CLUSTER, serviceName="web", desiredStatus="STOPPED")["taskArns"] == []
