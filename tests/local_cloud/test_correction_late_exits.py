# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that end after their deployment was called stable."""

from __future__ import annotations

import typing as t

import pytest
from definitions import completed, container, define, primary_of, running, task_of, tasks_of
from ecs import create_service, service_of, wait_for

if t.TYPE_CHECKING:
    from home import Home


@pytest.fixture(scope="module")
def service(cloud: Home, pushed: str) -> t.Iterator[str]:
    create_service(cloud, "late", define(cloud, "late", container(pushed)))
    completed(cloud, "late")
    yield "late"
    cloud.client("ecs").update_service(cluster="tests", service="late", desiredCount=0)


@pytest.mark.parametrize("how", ["killed", "removed"])
def test_late_exits_are_noticed(cloud: Home, service: str, how: str) -> None:
    arn = running(cloud, service)[0]
    label = f"com.amazonaws.ecs.task-arn={arn}"
    found = cloud.docker().containers.list(filters={"label": label})[0]
    found.kill() if how == "killed" else found.remove(force=True)
    wait_for("another task", lambda: [one for one in running(cloud, service) if one != arn])
    ended = task_of(cloud, arn)
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert ended["containers"][0].get("exitCode") == (137 if how == "killed" else None)
    assert service_of(cloud, service)["runningCount"] == 1
    assert primary_of(cloud, service)["rolloutState"] == "COMPLETED"


def test_failures_are_counted(cloud: Home, pushed: str) -> None:
    """Without a circuit breaker a deployment goes on for ever, and says how it goes."""
    definition = define(cloud, "counted", container(pushed, "import sys; sys.exit(3)"))
    create_service(cloud, "counted", definition)
    failing = wait_for(
        "failures", lambda: primary_of(cloud, "counted")["failedTasks"] > 3 and primary_of(cloud, "counted")
    )
    cloud.client("ecs").update_service(cluster="tests", service="counted", desiredCount=0)
    assert failing["rolloutState"] == "IN_PROGRESS"
    assert {one["containers"][0]["exitCode"] for one in tasks_of(cloud, "counted", "STOPPED")[:3]} == {3}
