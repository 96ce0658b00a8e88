# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that check their own health."""

from __future__ import annotations

import typing as t

from definitions import BREAKER, completed, container, define, primary_of, run, task_of, tasks_of
from ecs import create_service, service_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

# The check of these containers passes while the file is there. AWS wants an interval of 5 at least; nobody here does.
CHECK = {"command": ["CMD-SHELL", "test -e /tmp/well"], "interval": 2, "timeout": 2, "retries": 2}
CHECKED: t.Any = {"healthCheck": CHECK, "stopTimeout": 2}
WELL = "open('/tmp/well', 'w'); import time; time.sleep(600)"
NEVER_WELL = "import time; time.sleep(600)"
WELL_FOR_A_WHILE = "import os, time; open('/tmp/well', 'w'); time.sleep(4); os.remove('/tmp/well'); time.sleep(600)"


def health(home: Home, arn: str) -> tuple[str, list[str]]:
    task = task_of(home, arn)
    return task["healthStatus"], [one["healthStatus"] for one in task["containers"]]


def test_health_of_a_task_without_a_service(cloud: Home, pushed: str) -> None:
    """It is told, and nobody acts on it; a sidecar without a check has none to tell."""
    side = container(pushed, NEVER_WELL, name="side", essential=False)
    arn = run(cloud, define(cloud, "well", container(pushed, WELL, **CHECKED), side))
    wait_for("HEALTHY", lambda: health(cloud, arn) == ("HEALTHY", ["HEALTHY", "UNKNOWN"]))
    arn = run(cloud, define(cloud, "unwell", container(pushed, NEVER_WELL, **CHECKED)))
    wait_for("UNHEALTHY", lambda: health(cloud, arn) == ("UNHEALTHY", ["UNHEALTHY"]))
    assert task_of(cloud, arn)["lastStatus"] == "RUNNING"


def test_container_health_checks(cloud: Home, pushed: str) -> None:
    """A deployment whose tasks get unhealthy is rolled back, and never counted as up."""
    good = define(cloud, "checked", container(pushed, WELL, **CHECKED))
    create_service(cloud, "checked", good, deploymentConfiguration=BREAKER)
    completed(cloud, "checked")
    assert [one["healthStatus"] for one in tasks_of(cloud, "checked")] == ["HEALTHY"]

    bad = define(cloud, "checked", container(pushed, NEVER_WELL, **CHECKED))
    cloud.client("ecs").update_service(cluster="tests", service="checked", taskDefinition=bad)
    failed = wait_for(
        "the failure",
        lambda: next((one for one in service_of(cloud, "checked")["deployments"] if one["failedTasks"] == 3), None),
        60,
    )
    assert (failed["taskDefinition"], failed["rolloutState"]) == (bad, "FAILED")
    assert completed(cloud, "checked")["taskDefinition"] == good
    ended = [one for one in tasks_of(cloud, "checked", "STOPPED") if one["taskDefinitionArn"] == bad]
    assert {(one["stoppedReason"], one["stopCode"]) for one in ended} == {
        ("Task failed container health checks", "ServiceSchedulerInitiated")
    }


def test_a_task_that_gets_unhealthy_later_is_replaced(cloud: Home, pushed: str) -> None:
    create_service(cloud, "fading", define(cloud, "fading", container(pushed, WELL_FOR_A_WHILE, **CHECKED)))
    completed(cloud, "fading")
    ended = wait_for("a replacement", lambda: tasks_of(cloud, "fading", "STOPPED"))
    assert ended[0]["stoppedReason"] == "Task failed container health checks"
    wait_for("the next one", lambda: service_of(cloud, "fading")["runningCount"] == 1)
    assert primary_of(cloud, "fading")["rolloutState"] == "COMPLETED"
    cloud.client("ecs").update_service(cluster="tests", service="fading", desiredCount=0)
