# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever AWS answers, a diagnosis comes out, a failed deployment always has one, and no secret is in it."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.classify import classify
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.collect import Limits, Subject, gather
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import Finding, as_result, diagnose
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import remember
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.verdict import verdict_of
from hypothesis import given, settings
from hypothesis import strategies as st

if t.TYPE_CHECKING:
    History = t.Callable[[], t.Any]

OURS = "ecs-svc/2222222222222222222"
SECRET = "s3cr3t-Zq9-" + "hunter"

REASONS = st.sampled_from([
    "", "Essential container in task "
        "exited", "Essential container exited", "Task failed ELB health checks in (target-group x)",
    "Task failed container health "
    "checks", "CannotPullContainerError: 404 Client Error", "OutOfMemoryError: Container killed",
    "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret a for "
    "environment variable b",
    "ResourceInitializationError: failed to invoke EFS utils "
    "commands", "Scaling activity initiated by (deployment ecs-svc/1)",
    "CannotStartContainerError: exec format "
    "error", "Your Spot Task was interrupted.", "InsufficientFreeAddressesInSubnet",
]) | st.text(max_size=40)  # fmt: skip
CODES = st.sampled_from([
    "TaskFailedToStart", "EssentialContainerExited", "UserInitiated", "ServiceSchedulerInitiated", "SpotInterruption",
    "TerminationNotice", "Other",
])  # fmt: skip
LINES = st.sampled_from([
    "Traceback (most recent call last):", "KeyError: 'X'", "Connection refused", "panic: no such host", "Caused by: x",
    "An error occurred (403) when calling the HeadObject operation: "
    "Forbidden", "s3://bucket/key", "listening on port 80",
    "not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k", f"password={SECRET}", f"using {SECRET}",
    f"postgres://app:{SECRET}@db:5432/x",
]) | st.text(min_size=1, max_size=40)  # fmt: skip
TASKS = st.lists(
    st.tuples(
        CODES, REASONS, st.none() | st.sampled_from([0, 1, 126, 127, 137, 139, 143]), st.lists(LINES, max_size=5)
    ),
    max_size=5,
)
EVENTS = st.lists(
    st.sampled_from([
        "(service chatbot) has reached a steady "
        "state.", "(service chatbot) was unable to place a task.", f"said {SECRET}",
        "(service chatbot) (port 80) is unhealthy in (target-group x) due to (reason Health checks failed with "
        "these codes: [404])",
    ]),
    max_size=3,
)  # fmt: skip
REFUSABLE = (
    "DescribeServices", "DescribeTaskDefinition", "ListTasks", "DescribeTasks", "GetLogEvents", "DescribeTargetHealth",
    "DescribeTargetGroups", "ListRolePolicies",
)  # fmt: skip


def everything(finding: Finding) -> str:
    told = [finding.summary, json.dumps(as_result(finding.evidence), default=str)]
    told += [json.dumps(item.as_result(), default=str) for item in finding.diagnoses]
    return "\n".join([*told, repr(finding.evidence)])


@settings(max_examples=60, deadline=None)
@given(TASKS, EVENTS, st.booleans(), st.sets(st.sampled_from(REFUSABLE), max_size=3), st.booleans())
def test_any_history_has_an_answer_without_a_secret(
    history: History, account: t.Any, tasks: t.Any, events: t.Any, failed: bool, refused: set[str], known: bool
) -> None:
    recorded = history()
    # What a container logs is only known to be secret if the definition may be read; or it looks like one.
    recorded.container["environment"].append({"name": "DB_PASSWORD", "value": SECRET})
    for number, (code, reason, exit_code, log) in enumerate(tasks):
        recorded.task(f"task{number}", reason, stop_code=code, exit_code=exit_code, log=log)
    for message in events:
        recorded.event(message)
    if failed:
        recorded.failed(f"ECS deployment circuit breaker: {SECRET}")
    recorded.refusals |= dict.fromkeys(refused, ("AccessDenied", "no"))
    service = recorded.service if known else None
    finding = diagnose(account(recorded), Subject("dev", "chatbot"), service=service, failed=True if failed else None)
    if failed:
        assert finding.diagnoses
    readable = not refused & {"DescribeTaskDefinition"} and (known or "DescribeServices" not in refused)
    if readable:
        assert SECRET not in everything(finding)
    codes = [item.code for item in finding.diagnoses]
    assert len(codes) == len(set(codes))
    verdict = verdict_of(finding.diagnoses)
    assert verdict is None or len(verdict.tasks) >= 2
    assert classify(finding.evidence, failed=True) and remember(finding.evidence, finding.evidence) == finding.evidence


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_answers_of_any_shape_do_not_break_it(history: History, account: t.Any, data: st.DataObject) -> None:
    recorded = history().task("task1", exit_code=1, log=["boom"]).unhealthy("Target.Timeout", "Request timed out")
    places: list[tuple[t.Any, t.Any]] = []

    def walk(value: t.Any) -> None:
        for key, item in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
            places.append((value, key))
            if isinstance(item, (dict, list)):
                walk(item)

    for part in (recorded.service, recorded.definition, recorded.tasks[0], recorded.targets[0], recorded.group):
        walk(part)
    places += [(event, key) for event in recorded.logs["app/app/task1"] for key in event]
    for owner, key in data.draw(
        st.lists(st.sampled_from(places), min_size=1, max_size=4, unique_by=lambda p: (id(p[0]), p[1]))
    ):
        # What the history itself looks at stays, so that it can still answer.
        if key not in ("taskArn", "lastStatus"):
            owner[key] = data.draw(JSON)
    subject = Subject("dev", "chatbot")
    evidence = gather(account(recorded, checked=False), subject, Limits(tasks=2), service=recorded.service)
    assert classify(evidence, failed=True)
    Finding(evidence, classify(evidence)).summary.encode(errors="replace")
    json.dumps(as_result(dataclasses.replace(evidence)), default=str)
