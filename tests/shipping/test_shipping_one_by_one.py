# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told while a release is under way, what mends one that was denied something, and one that is left broken."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
from ecs import wait_for
from scenarios import SCENARIOS, filled
from world import CLUSTER, FIRST, NO_WAY_BACK, PATIENCE, ROOT, World

GATE = "/tmp/open"


@pytest.fixture
def service(world: World, request: pytest.FixtureRequest) -> t.Iterator[str]:
    """A service of the test's own, up and answering."""
    name, more = request.param
    world.start(name, **more)
    world.wait_until_up([name])
    yield name
    world.retire([name])


def of(name: str, **more: t.Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("service", [(name, more)], ids=[name], indirect=True)


@of("live", grace=300)
def test_lines_come_while_the_release_is_under_way(world: World, service: str) -> None:
    """The new release is held back until its line was read: if lines came at the end, there would be none."""
    wanted = {service: world.target(service, environment={"GATE": GATE})}
    command, environment, kept = world.command(
        "ship.yml", ecs_deploy_services=wanted, ecs_deploy_release_id="second", ecs_deploy_wait_timeout=PATIENCE
    )
    said: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        try:
            for line in running.stdout:
                said.append(line)
                if f"{service}: in progress: 0/2 running, 2 of the revision before" in line:
                    assert not kept.exists()
                    assert world.answers(service) == FIRST
                    open_gates(world, service)
        finally:
            running.terminate()
    assert kept.exists(), "".join(said)
    assert any(f"{service}: completed: 2/2 running" in line for line in said), "".join(said)
    assert world.answers(service) == "second"


def open_gates(world: World, service: str) -> None:
    revision = world.service(service)["taskDefinition"]
    ecs = world.client("ecs")

    def waiting() -> list[str]:
        arns = ecs.list_tasks(cluster=CLUSTER, serviceName=service)["taskArns"]
        tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
        return [
            one["taskArn"] for one in tasks if (one["taskDefinitionArn"], one["lastStatus"]) == (revision, "RUNNING")
        ]

    wait_for("both new tasks", lambda: len(waiting()) == 2, 60)
    for arn in waiting():
        for container in world.home.docker().containers.list(filters={"label": f"com.amazonaws.ecs.task-arn={arn}"}):
            container.exec_run(["touch", GATE])


@of("mended", role="source-reader", grace=60)
def test_the_statement_it_proposes_mends_it(world: World, service: str) -> None:
    """The way out that the diagnosis names is the way out: the same release goes up when it is followed."""
    (denied,) = (scenario for scenario in SCENARIOS if scenario.code == "aws_access_denied")
    wanted = {service: world.target(service, **filled(denied.wishes, world.names))}
    refused = world.ship(wanted, "second").result["services"][service]
    best = refused["diagnoses"][0]
    assert (refused["outcome"], best["code"]) == ("rolled_back", "aws_access_denied")
    assert best["faulty_statement"]["Resource"] == "arn:aws:s3:::shop-source"
    world.allow("source-reader", best["statement"])
    try:
        shipped = world.ship(wanted, "third")
    finally:
        world.allow("source-reader", best["faulty_statement"])
    assert shipped.result["services"][service]["outcome"] == "succeeded", shipped.output[-2000:]
    assert world.answers(service) == "third"


@of("left-broken", breaker=NO_WAY_BACK)
def test_a_service_that_is_left_broken_can_be_asked_why(world: World, service: str) -> None:
    wanted = {service: world.target(service, command=["serve-the-shop"])}
    left = world.ship(wanted, "second", rollback="none").result["services"][service]
    assert left["outcome"] == "failed"
    assert left["after"] != left["before"]
    assert world.service(service)["taskDefinition"] == left["after"]
    # The tasks of the release before are what answers.
    assert world.answers(service) == FIRST
    since = world.now()
    asked = world.play("diagnose.yml", cluster=CLUSTER, service=service)
    answer = asked.result
    assert (asked.code, answer["changed"], answer["healthy"]) == (0, False, False)
    assert answer["diagnoses"][0]["code"] == "command_not_found"
    assert answer["diagnoses"][0]["fatal"] is True
    assert "serve-the-shop" in answer["summary"]
    assert answer["evidence"]["deployment"]["id"] == left["deployment_id"]
    assert world.writes(since) == []


@of("absent-tag")
def test_a_tag_that_nobody_pushed_is_refused_before_anything_is_written(world: World, service: str) -> None:
    since = world.now()
    command, environment, dummy = world.command(
        "ship.yml",
        ecs_deploy_services={service: world.target(service, image=world.names["absent_tag"])},
        ecs_deploy_release_id="second",
    )
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"there is no image {world.names['absent_tag']}" in f"{done.stdout}{done.stderr}"
    assert world.writes(since) == []
    assert world.answers(service) == FIRST
