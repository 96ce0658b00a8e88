# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One-off tasks on real containers: by the role, from a service that runs."""

from __future__ import annotations

import typing as t

import pytest
from world import CLUSTER, Run, World

SAY = "import sys; print('one', flush=True); print('two', flush=True); sys.exit({code})"
NEVER_ENDING = "import time; print('begun', flush=True); time.sleep(600)"


@pytest.fixture(scope="module")
def service(world: World) -> t.Iterator[str]:
    """A service to take network and task definition from."""
    world.start("jobs")
    world.wait_until_up(["jobs"])
    yield "jobs"
    world.retire(["jobs"])


def run(world: World, service: str, **options: t.Any) -> Run:
    variables = {f"ecs_task_{key}": value for key, value in options.items()}
    return world.play("run_task.yml", ecs_task_cluster=CLUSTER, ecs_task_service=service, **variables)


def python(program: str) -> list[str]:
    return ["python3", "-c", program]


def containers(world: World, arn: str) -> list[t.Any]:
    """Return what the engine still has running of a task."""
    found = world.home.docker().containers.list(filters={"label": f"com.amazonaws.ecs.task-arn={arn}"})
    return list(found)


def tasks_started_by(world: World, mark: str) -> list[str]:
    ecs = world.client("ecs")
    return [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=CLUSTER, startedBy=mark, desiredStatus=status)["taskArns"]
    ]


def test_it_succeeds_and_its_log_is_streamed(world: World, service: str) -> None:
    done = run(world, service, command=python(SAY.format(code=0)))
    assert (done.code, done.result["outcome"], done.result["exit_code"]) == (0, "succeeded", 0)
    assert done.result["changed"] is True
    assert done.result["log"]["lines"] == ["one", "two"]
    before_the_end = done.output.partition("succeeded after")[0]
    assert "ecs_task | jobs: | one\n" in before_the_end
    assert "ecs_task | jobs: | two\n" in before_the_end


def test_its_exit_code_is_its_failure(world: World, service: str) -> None:
    done = run(world, service, command=python(SAY.format(code=3)))
    assert (done.code, done.result["outcome"], done.result["exit_code"]) == (2, "failed", 3)
    assert "exited with code 3" in done.result["msg"]
    assert "two" in done.result["cause"]


def test_one_that_takes_too_long_is_stopped(world: World, service: str) -> None:
    done = run(world, service, command=python(NEVER_ENDING), timeout="5s")
    result = done.result
    assert (done.code, result["outcome"], result["changed"]) == (2, "timed_out", True)
    assert "begun" in result["log"]["lines"]
    task = world.client("ecs").describe_tasks(cluster=CLUSTER, tasks=[result["task_arn"]])["tasks"][0]
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "UserInitiated")
    assert containers(world, result["task_arn"]) == []


def test_one_whose_image_is_not_there(world: World, service: str) -> None:
    done = run(world, service, image=world.names["absent_image"])
    result = done.result
    assert (done.code, result["outcome"], result["exit_code"]) == (2, "not_started", None)
    assert world.names["absent_image"] in result["cause"]
    assert result["stopped_reason"].startswith("CannotPullContainerError: ")


@pytest.mark.parametrize(("code", "outcome"), [(0, "succeeded"), (4, "failed")], ids=["went well", "went wrong"])
def test_a_release_runs_it_once(world: World, service: str, code: int, outcome: str) -> None:
    options = {"command": python(SAY.format(code=code)), "release_id": f"once-{code}"}
    first = run(world, service, **options)
    again = run(world, service, **options)
    assert (first.result["outcome"], again.result["outcome"]) == (outcome, outcome)
    assert (first.result["reattached"], again.result["reattached"]) == (False, True)
    assert (first.result["changed"], again.result["changed"]) == (True, False)
    assert again.result["task_arn"] == first.result["task_arn"]
    assert (again.result["exit_code"], again.code) == (code, first.code)
    assert tasks_started_by(world, first.result["started_by"]) == [first.result["task_arn"]]
    anew = run(world, service, **options, attempt=2)
    assert anew.result["task_arn"] != first.result["task_arn"]
