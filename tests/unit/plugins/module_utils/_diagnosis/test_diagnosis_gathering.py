# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is gathered: whose tasks, how much of the logs, and what happens when something may not be read."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.classify import classify
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.collect import Limits, Subject, gather
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Code, Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import remember
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.telling import cause
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.verdict import verdict_of

if t.TYPE_CHECKING:
    from collections.abc import Callable

    History = t.Callable[[], t.Any]
    Found = Callable[..., t.Any]

ROOT = Path(__file__).resolve().parents[5]
OURS, BEFORE = "ecs-svc/2222222222222222222", "ecs-svc/1111111111111111111"
REVISION = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/chatbot:42"
READS = [
    "ListTasks", "DescribeTasks", "DescribeTaskDefinition", "GetLogEvents", "DescribeTargetHealth",
    "DescribeTargetGroups",
]  # fmt: skip


def crashed(history: History, log: t.Sequence[str] = ("KeyError: 'X'",)) -> t.Any:
    return history().task("task1", exit_code=1, log=log).task("task2", exit_code=1, log=log)


# --- whose tasks ---------------------------------------------------------------------------------------------------


def test_tasks_of_another_deployment_are_not_blamed_on_this_one(history: History, found: Found) -> None:
    recorded = history().task("old", exit_code=1, log=["old sins"], started_by=BEFORE)
    finding = found(recorded)
    assert finding.evidence.tasks == () and finding.diagnoses == ()
    assert finding.evidence.other_deployments == (BEFORE,)
    assert BEFORE in finding.summary


def test_tasks_that_the_emulator_started_are_told_by_their_revision(history: History, found: Found) -> None:
    recorded = history().task("new", exit_code=1, started_by="chatbot")
    recorded.task("old", exit_code=1, started_by="chatbot", definition=REVISION.replace(":42", ":41"))
    recorded.task("before", exit_code=1, started_by="chatbot")
    recorded.tasks[-1]["createdAt"] = recorded.ours["createdAt"].replace(year=2025)
    assert [task.id for task in found(recorded).evidence.tasks] == ["new"]


def test_a_deployment_that_is_listed_no_more_is_still_told(history: History, found: Found) -> None:
    recorded = crashed(history)
    recorded.service["deployments"] = recorded.service["deployments"][1:]
    recorded.service["deployments"][0]["status"] = "PRIMARY"
    finding = found(recorded, deployment=OURS)
    assert finding.evidence.deployment is None and finding.evidence.definition.arn == REVISION
    assert finding.diagnoses[0].code == "application_exit" and not finding.healthy


def test_without_an_id_it_is_the_deployment_that_failed(history: History, found: Found) -> None:
    recorded = crashed(history).failed()
    recorded.ours["status"] = "ACTIVE"
    recorded.service["deployments"].insert(
        0, {**recorded.service["deployments"][1], "id": "ecs-svc/3", "status": "PRIMARY", "rolloutState": "IN_PROGRESS"}
    )
    assert found(recorded).evidence.deployment.id == OURS


def test_a_task_that_was_scaled_in_died_of_nothing(history: History, found: Found) -> None:
    reason = f"Scaling activity initiated by (deployment {OURS})"
    recorded = history().task("task1", reason, stop_code="ServiceSchedulerInitiated", exit_code=143)
    assert found(recorded).diagnoses == ()


# --- how much ------------------------------------------------------------------------------------------------------


def test_logs_are_bounded(history: History, found: Found) -> None:
    log = [f"line {number} {'ü' * 3000}" for number in range(80)]
    evidence = found(crashed(history, log), limits=Limits(tasks=1, log_lines=7, line_bytes=100)).evidence
    logs = [container.log for task in evidence.tasks for container in task.containers]
    assert [len(log) for log in logs] == [7, 0]
    assert all(len(line.text.encode()) <= 104 for line in logs[0])
    assert logs[0][-1].text.startswith("line 79")


def test_no_lines_are_no_call(history: History, found: Found) -> None:
    recorded = crashed(history)
    found(recorded, limits=Limits(log_lines=0))
    assert "GetLogEvents" not in recorded.calls


def test_a_call_is_saved_where_the_service_is_known(history: History, account: t.Any) -> None:
    recorded = crashed(history)
    gather(account(recorded), Subject("dev", "chatbot"), service=recorded.service)
    assert "DescribeServices" not in recorded.calls


def test_policies_are_only_read_where_they_help(history: History, found: Found) -> None:
    recorded = crashed(history)
    found(recorded)
    assert "ListRolePolicies" not in recorded.calls


# --- what may not be read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", READS)
def test_what_may_not_be_read_is_named_and_hides_nothing(history: History, found: Found, operation: str) -> None:
    recorded = crashed(history).failed()
    recorded.refusals[operation] = ("AccessDeniedException", "User: x is not authorized")
    finding = found(recorded)
    assert finding.diagnoses
    assert any("AccessDeniedException" in item for item in finding.evidence.unreadable)
    assert finding.evidence.unreadable[0].split(".")[0] in finding.summary.replace("\n", " ")


def test_a_task_that_never_started_has_no_log_to_miss(history: History, found: Found) -> None:
    recorded = history().task("task1", "CannotPullContainerError: x: not found", stop_code="TaskFailedToStart")
    assert found(recorded).evidence.unreadable == ()


def test_a_log_that_goes_elsewhere_is_named(history: History, found: Found) -> None:
    recorded = crashed(history)
    recorded.container["logConfiguration"] = {"logDriver": "awsfirelens"}
    assert "awsfirelens" in found(recorded).evidence.unreadable[0]


# --- in time -------------------------------------------------------------------------------------------------------


def test_what_ecs_forgets_is_remembered(history: History, account: t.Any) -> None:
    recorded = crashed(history).event("(service chatbot) said something.")
    subject = Subject("dev", "chatbot")
    first = gather(account(recorded), subject)
    del recorded.tasks[0], recorded.service["events"][0]
    recorded.logs.clear()
    later = remember(first, gather(account(recorded), subject))
    assert {task.id for task in later.tasks} == {"task1", "task2"}
    assert all(task.containers[0].log for task in later.tasks)
    assert any("said something" in event.message for event in later.events)
    assert remember(None, first) is first


@pytest.mark.parametrize(
    ("code", "fatal", "confidence", "tasks", "stops"),
    [
        ("image_not_found", True, "certain", 2, True),
        ("image_not_found", True, "likely", 3, True),
        ("image_not_found", True, "certain", 1, False),
        ("image_not_found", True, "possible", 5, False),
        ("dependency_refused", False, "certain", 5, False),
    ],
)
def test_verdict_of(code: str, fatal: bool, confidence: t.Any, tasks: int, stops: bool) -> None:
    names = tuple(f"task{number}" for number in range(tasks))
    hopeful = Diagnosis("capacity_none", "certain", "", "")
    cause = Diagnosis(code, confidence, "", "", fatal=fatal, tasks=names)
    assert verdict_of([hopeful, cause]) == (cause if stops else None)


def test_verdict_of_as_many_as_asked_for() -> None:
    one = Diagnosis("image_not_found", "certain", "", "", fatal=True, tasks=("a",))
    assert verdict_of([one], threshold=1) is one
    assert verdict_of([dataclasses.replace(one, tasks=("a", "b"))], threshold=3) is None


def test_verdict_of_two_tasks_with_different_causes_is_none(history: History, found: Found) -> None:
    recorded = (
        history()
        .task("task1", exit_code=127, log=["sh: 1: x: not found"])
        .task("task2", exit_code=1, log=["KeyError: 1"])
    )
    assert verdict_of(found(recorded).diagnoses) is None


def test_verdict_of_system_5_comes_with_the_second_dead_task(history: History, found: Found) -> None:
    line = "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden"
    recorded = history().task("task1", exit_code=1, log=[line])
    assert verdict_of(found(recorded).diagnoses) is None
    verdict = verdict_of(found(recorded.task("task2", exit_code=1, log=[line])).diagnoses)
    assert verdict is not None and verdict.code == "aws_access_denied"


# --- health --------------------------------------------------------------------------------------------------------


def complete(history: History) -> t.Any:
    recorded = history()
    recorded.ours.update(rolloutState="COMPLETED", runningCount=2, pendingCount=0)
    return recorded


def test_a_complete_deployment_is_healthy(history: History, found: Found) -> None:
    finding = found(complete(history).task("task1", stop_code=None))
    assert finding.healthy and finding.diagnoses == ()
    assert "is healthy: 2 of 2 tasks running" in finding.summary


def test_a_deployment_that_is_called_complete_and_runs_nothing_is_not_healthy(history: History, found: Found) -> None:
    recorded = complete(history)
    recorded.ours["runningCount"] = 0
    assert not found(recorded).healthy


def test_tasks_that_die_again_and_again_are_not_healthy(history: History, found: Found) -> None:
    recorded = complete(history).task("task1", exit_code=1, log=["boom"])
    assert found(recorded).healthy
    assert not found(recorded.task("task2", exit_code=1, log=["boom"])).healthy


def test_a_deployment_under_way_has_nothing_wrong_yet(history: History, found: Found) -> None:
    finding = found(history())
    assert (finding.healthy, finding.diagnoses) == (False, ())
    assert "is in progress" in finding.summary
    assert [item.code for item in classify(finding.evidence, failed=True)] == ["unknown"]


def test_the_cause_in_one_line(history: History, found: Found) -> None:
    line = cause("backend", found(crashed(history)).diagnoses)
    assert line.startswith("backend: Container app ended with exit code 1: KeyError: 'X' [application_exit, likely]")
    assert "\n" not in line and cause("backend", ()).startswith("backend: nothing")


# --- the list of codes ---------------------------------------------------------------------------------------------


def test_every_code_is_documented_and_has_a_test_of_its_name() -> None:
    codes = sorted(t.get_args(Code))
    table = (ROOT / "docs" / "diagnosis.md").read_text()
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == codes
    tests = re.findall(
        r"^def test_(\w+)\(", (Path(__file__).parent / "test_diagnosis_codes.py").read_text(), re.MULTILINE
    )
    assert not set(codes) - set(tests)
