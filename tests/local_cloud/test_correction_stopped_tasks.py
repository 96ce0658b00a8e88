# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that are stopped: by hand, by the scheduler, by themselves."""

from __future__ import annotations

import typing as t

from definitions import (
    BREAKER_ALONE,
    WAIT_POLITELY,
    by_digest,
    completed,
    container,
    define,
    run,
    running,
    stopped,
    task_of,
    tasks_of,
)
from ecs import create_service, service_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

# Never says that it is well, and is in no hurry to be called unwell.
UNDECIDED: t.Any = {"healthCheck": {"command": ["CMD-SHELL", "false"], "interval": 300, "retries": 3}, "stopTimeout": 2}

WORDS = ("stopCode", "stoppedReason")


def test_stopped_tasks_are_replaced(cloud: Home, pushed: str) -> None:
    create_service(cloud, "replaced", define(cloud, "replaced", container(pushed)))
    completed(cloud, "replaced")
    first = running(cloud, "replaced")[0]
    cloud.client("ecs").stop_task(cluster="tests", task=first, reason="to see what happens")
    wait_for("a replacement", lambda: [one for one in running(cloud, "replaced") if one != first])
    assert [task_of(cloud, first)[word] for word in WORDS] == ["UserInitiated", "to see what happens"]
    assert service_of(cloud, "replaced")["runningCount"] == 1


def test_tasks_stop_in_order(cloud: Home, pushed: str) -> None:
    """A sidecar ends with the essential container; both exit codes are the processes' own."""
    definition = define(
        cloud,
        "orderly",
        container(pushed, WAIT_POLITELY, name="side", essential=False),
        container(pushed, "import sys, time; time.sleep(2); sys.exit(3)"),
    )
    task = stopped(cloud, run(cloud, definition))
    assert [task[word] for word in WORDS] == ["EssentialContainerExited", "Essential container in task exited"]
    assert {one["name"]: one["exitCode"] for one in task["containers"]} == {"side": 7, "app": 3}


def test_stop_timeout(cloud: Home, pushed: str) -> None:
    """A container that needs longer than the emulator's five seconds has what its definition says."""
    slow = "import signal, sys, time\ndef end(*_): time.sleep(6); sys.exit(9)\nsignal.signal(signal.SIGTERM, end)\n"
    arn = run(cloud, define(cloud, "patient", container(pushed, f"{slow}time.sleep(600)", stopTimeout=30)))
    wait_for("the start", lambda: task_of(cloud, arn)["lastStatus"] == "RUNNING")
    wait_for("its handler", lambda: "python3" in str(_processes(cloud, arn)))
    cloud.client("ecs").stop_task(cluster="tests", task=arn)
    assert stopped(cloud, arn)["containers"][0]["exitCode"] == 9


def _processes(home: Home, arn: str) -> t.Any:
    found = home.docker().containers.list(filters={"label": f"com.amazonaws.ecs.task-arn={arn}"})
    return found[0].top() if found else None


def test_stop_reasons_of_the_scheduler(cloud: Home, pushed: str) -> None:
    created = create_service(cloud, "scaled", define(cloud, "scaled", container(pushed)))
    completed(cloud, "scaled")
    cloud.client("ecs").update_service(cluster="tests", service="scaled", desiredCount=0)
    ended = wait_for("the end", lambda: tasks_of(cloud, "scaled", "STOPPED"))[0]
    reason = f"Scaling activity initiated by (deployment {created['deployments'][0]['id']})"
    assert [ended[word] for word in WORDS] == ["ServiceSchedulerInitiated", reason]


def test_stop_reasons_of_a_start_that_failed(cloud: Home, pushed: str) -> None:
    absent = f"{pushed.rpartition(':')[0]}:absent"
    cases = {
        "absent": (container(absent), f"CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                   f"failed to resolve ref {absent}: {absent}: not found"),
        "no-command": (container(pushed) | {"command": ["no-such-program"]}, "CannotStartContainerError: "),
    }  # fmt: skip
    for family, (one, reason) in cases.items():
        create_service(cloud, family, define(cloud, family, one), deploymentConfiguration=BREAKER_ALONE)
        task = wait_for(f"the end of {family}", lambda name=family: tasks_of(cloud, name, "STOPPED"))[0]
        assert task["stopCode"] == "TaskFailedToStart"
        assert task["stoppedReason"].startswith(reason)
        assert task["containers"][0]["reason"] == task["stoppedReason"]
    assert 'exec: "no-such-program": executable file not found in $PATH' in task["stoppedReason"]


def test_failed_deployment_keeps_the_old_tasks(cloud: Home, pushed: str) -> None:
    good = define(cloud, "kept", container(pushed))
    create_service(cloud, "kept", good, deploymentConfiguration=BREAKER_ALONE)
    completed(cloud, "kept")
    bad = define(cloud, "kept", container(pushed, "raise SystemExit(1)"))
    cloud.client("ecs").update_service(cluster="tests", service="kept", taskDefinition=bad)
    wait_for("the failure", lambda: service_of(cloud, "kept")["deployments"][0]["rolloutState"] == "FAILED")
    assert [one["taskDefinitionArn"] for one in tasks_of(cloud, "kept")] == [good]
    assert service_of(cloud, "kept")["runningCount"] == 1


def test_unwell_tasks_make_room(cloud: Home, pushed: str) -> None:
    """On the way back from a deployment that never came up, the tasks that serve are not the ones to go."""
    pinned = by_digest(cloud, pushed)
    good = define(cloud, "room", container(pinned))
    create_service(cloud, "room", good, deploymentConfiguration=BREAKER_ALONE)
    cloud.client("ecs").update_service(cluster="tests", service="room", desiredCount=2)
    wait_for("both", lambda: len(running(cloud, "room")) == 2)
    completed(cloud, "room")
    serving = set(running(cloud, "room"))
    bad = define(cloud, "room", container(pinned, **UNDECIDED))
    cloud.client("ecs").update_service(cluster="tests", service="room", taskDefinition=bad)
    wait_for("two more", lambda: len(running(cloud, "room")) == 4)
    undecided = set(running(cloud, "room")) - serving
    cloud.client("ecs").update_service(cluster="tests", service="room", taskDefinition=good)
    assert serving <= set(running(cloud, "room"))
    wait_for("the end of the others", lambda: not undecided & set(running(cloud, "room")))
    assert completed(cloud, "room")["taskDefinition"] == good
    ended = {one["taskArn"]: one["stopCode"] for one in tasks_of(cloud, "room", "STOPPED")}
    assert {ended[arn] for arn in undecided} == {"ServiceSchedulerInitiated"}
    cloud.client("ecs").update_service(cluster="tests", service="room", desiredCount=0)
