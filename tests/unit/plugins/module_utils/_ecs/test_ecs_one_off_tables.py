# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One-off tasks without an account: how a task ended, who it is, what it asks for, and what makes no sense."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_failures import REASONS, in_words
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_identity import identity
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import ARGUMENTS, Job, job_from, seconds
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_request import (
    Place,
    main_container,
    overrides,
    place,
    request,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_watch import judge
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from hypothesis import given, settings
from hypothesis import strategies as st

Answer = dict[str, t.Any]


def container(name: str, code: int | None = None, reason: str | None = None) -> Answer:
    told = {"exitCode": code, "reason": reason}
    return {"name": name, **{key: value for key, value in told.items() if value is not None}}


def task(*containers: Answer, status: str = "STOPPED", **more: t.Any) -> Answer:
    return {"taskArn": "arn", "lastStatus": status, "startedAt": 1, "containers": list(containers), **more}


NEVER = {"startedAt": None}

ENDS: list[tuple[str, Answer, str | None, int | None]] = [
    ("running", task(container("app"), status="RUNNING"), None, None),
    ("running, a helper is done", task(container("app"), container("init", 0), status="RUNNING"), None, None),
    ("stopping with a code", task(container("app", 0), status="STOPPING"), None, None),
    ("done", task(container("app", 0), stopCode="EssentialContainerExited"), "succeeded", 0),
    ("done, nothing else told", task(container("app", 0)), "succeeded", 0),
    ("sidecar told to stop", task(container("proxy", 143), container("app", 0)), "succeeded", 0),
    ("sidecar fine, main not", task(container("proxy", 0), container("app", 3)), "failed", 3),
    ("main killed", task(container("app", 137, "OutOfMemoryError: Container killed")), "failed", 137),
    ("image missing", task(container("app", reason="CannotPull"), **NEVER), "not_started", None),
    ("never started", task(container("app"), stopCode="TaskFailedToStart", **NEVER), "not_started", None),
    ("never started, no containers told", task(**NEVER), "not_started", None),
    ("helper failed first", task(container("init", 1), container("app"), **NEVER), "failed", None),
    ("no code although it ran", task(container("app")), "failed", None),
    ("code of another container only", task(container("proxy", 0)), "failed", None),
    ("stopped by somebody, politely", task(container("app", 0), stopCode="UserInitiated"), "failed", 0),
    ("spot interruption", task(container("app", 0), stopCode="SpotInterruption"), "failed", 0),
    ("host gone", task(container("app", 0), stopCode="InfrastructureHealth"), "failed", 0),
    ("we stopped it", task(container("app", 0), stoppedReason="Slipway: not finished within 9 s"), "timed_out", 0),
    ("we stopped it early", task(stoppedReason="Slipway: not finished within 9 s", **NEVER), "timed_out", None),
    ("a code that is no number", task({"name": "app", "exitCode": None}, **NEVER), "not_started", None),
]


@pytest.mark.parametrize(("seen", "outcome", "code"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_how_a_task_ended(seen: Answer, outcome: str | None, code: int | None) -> None:
    verdict = judge(seen, "app")
    assert (verdict and verdict.outcome) == outcome
    assert (verdict.exit_code if verdict else None) == code


def test_the_reason_names_code_container_and_what_ecs_says() -> None:
    seen = task(
        container("proxy", 143),
        container("app", 137, "OutOfMemoryError: Container killed due to memory usage"),
        stopCode="EssentialContainerExited",
        stoppedReason="Essential container in task exited",
    )
    verdict = judge(seen, "app")
    assert verdict is not None
    assert verdict.reason == (
        "Container app exited with code 137 (killed). ECS says: app: OutOfMemoryError: Container killed due to memory"
        " usage; Essential container in task exited (EssentialContainerExited)."
    )


@pytest.mark.parametrize(
    ("failures", "words"),
    [
        ([], "no reason"),
        ([{}], "no reason"),
        ([{"reason": "RESOURCE:MEMORY", "arn": "arn:i"}], "enough free memory .it says RESOURCE:MEMORY about arn:i"),
        ([{"reason": "RESOURCE:CPU"}], "enough free CPU"),
        ([{"reason": "RESOURCE:PORTS"}], "host ports it wants are taken"),
        ([{"reason": "RESOURCE:ENI"}], "network interface"),
        ([{"reason": "RESOURCE:TOMORROW"}], "has what it needs free .it says RESOURCE:TOMORROW"),
        ([{"reason": "AGENT"}], "agent of the instance is not connected"),
        ([{"reason": "ATTRIBUTE", "detail": "ecs.capability.x."}], "it says ATTRIBUTE: ecs.capability.x"),
        ([{"reason": "MISSING", "arn": "arn:x"}], "does not exist .it says MISSING about arn:x"),
        ([{"reason": "INACTIVE"}], "is inactive"),
        ([{"reason": "MemberOf placement constraint unsatisfied."}], "placement constraints"),
        ([{"reason": "Capacity is unavailable at this time. Please try again later."}], "Fargate has no capacity"),
        ([{"reason": "Empty Capacity Provider"}], "capacity provider has no instances"),
        ([{"reason": "Something of tomorrow", "arn": "arn:y"}], "started nothing: Something of tomorrow about arn:y"),
        ([{"reason": "AGENT"}, {"reason": "AGENT"}, {"reason": "MISSING"}], "agent.*does not exist"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_failures_in_words(failures: list[Answer], words: str) -> None:
    told = in_words(failures)
    assert re.search(words, told) and told.endswith(".")
    assert told.count("agent of the instance") <= 1


def test_no_reason_hides_a_longer_one() -> None:
    """The first beginning that fits is taken, so one that begins another must come after it."""
    beginnings = [row[0].upper() for row in REASONS]
    for index, beginning in enumerate(beginnings):
        assert not [later for later in beginnings[index + 1 :] if later.startswith(beginning)]


# --- identity ---

JOB = Job(cluster="c", service="s", release_id="r1", command=("run",), environment={"A": "1"})
SAME_TASK = [
    {"cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/c"},
    {"service": "arn:aws:ecs:eu-west-1:123456789012:service/c/s"},
    {"network": {"subnets": ["x"]}},
    {"launch_type": "FARGATE"},
    {"timeout": 1.0},
    {"wait": False},
    {"log_lines": 0},
    {"tags": {"a": "b"}},
]
ANOTHER_TASK: list[Answer] = [
    {"release_id": "r2"},
    {"attempt": 2},
    {"cluster": "d"},
    {"service": "t"},
    {"task_definition": "f:2"},
    {"image": "i"},
    {"container": "app"},
    {"command": ("run", "more")},
    {"command": ()},
    {"command": None},
    {"environment": {"A": "2"}},
    {"environment": {}},
    {"cpu": "256"},
    {"memory": "512"},
]


@pytest.mark.parametrize("change", SAME_TASK, ids=lambda change: next(iter(change)))
def test_where_and_how_long_it_runs_does_not_make_another_task(change: Answer) -> None:
    assert identity(dataclasses.replace(JOB, **change)) == identity(JOB)


def test_what_runs_and_for_which_release_makes_another_task() -> None:
    everybody = [identity(JOB), *(identity(dataclasses.replace(JOB, **change)) for change in ANOTHER_TASK)]
    assert len({who.token for who in everybody}) == len({who.started_by for who in everybody}) == len(everybody)


def test_without_a_release_every_run_is_another_task() -> None:
    job = dataclasses.replace(JOB, release_id=None)
    assert identity(job) != identity(job) and not identity(job).repeatable


@settings(max_examples=25, deadline=None)
@given(release=st.one_of(st.none(), st.text(min_size=1, max_size=300)), value=st.text(max_size=50))
def test_marks_are_short_and_spelled_as_ecs_wants_them(release: str | None, value: str) -> None:
    who = identity(dataclasses.replace(JOB, release_id=release, environment={"A": value}))
    assert len(who.token) <= 64 and re.fullmatch(r"[!-~]+", who.token)
    assert len(who.started_by) <= 128 and re.fullmatch(r"[A-Za-z0-9/_-]+", who.started_by)


# --- options ---


def options(**given_: t.Any) -> Answer:
    return {**{name: spec.get("default") for name, spec in ARGUMENTS.items()}, "cluster": "c", "service": "s", **given_}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (" 2 H ", 7200),
        ("1h 1m 1s", 3661),
        ("20", 20),
        (20, 20),
    ],
)
def test_durations(text: str | int, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0", "0s", "-5", "5 minutes", "1d", "m", "1.5", "nan", "5m and more"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(SlipwayError, match="Write it with units, as 90s"):
        seconds(text)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"service": None}, "needs a service to take .* or a task_definition"),
        ({"launch_type": "EC2", "capacity_provider_strategy": [{"capacity_provider": "x"}]}, "and not both"),
        ({"attempt": 0}, "attempt must be at least 1"),
        ({"log_lines": -1}, "log_lines must be at least 0"),
        ({"timeout": "soon"}, "'soon' is no duration"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_options_that_make_no_sense(given_: Answer, message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        job_from(options(**given_))


def test_values_become_text_and_empty_values_stay() -> None:
    job = job_from(options(environment={"WORKERS": 2, "EMPTY": ""}, command=[]))
    assert job.environment == {"WORKERS": "2", "EMPTY": ""} and job.command == ()


# --- the request ---

DEFINITION: Answer = {
    "family": "chatbot",
    "networkMode": "awsvpc",
    "containerDefinitions": [
        {"name": "proxy", "essential": False},
        {"name": "app"},
        {"name": "log", "essential": False},
    ],
}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}}


def asked(job: Job, service: Answer | None = None, **definition: t.Any) -> Answer:
    where = place(job, service)
    return request(job, identity(job), where, {**DEFINITION, **definition}, "chatbot:7", "app")


def test_a_service_lends_network_and_launch_type() -> None:
    service = {"networkConfiguration": NETWORK, "launchType": "FARGATE", "platformVersion": "1.4.0"}
    wanted = asked(JOB, service)
    who = identity(JOB)
    assert wanted == {
        "cluster": "c",
        "taskDefinition": "chatbot:7",
        "count": 1,
        "clientToken": who.token,
        "startedBy": who.started_by,
        "overrides": {
            "containerOverrides": [
                {"name": "app", "command": ["run"], "environment": [{"name": "A", "value": "1"}]},
            ]
        },
        "networkConfiguration": NETWORK,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
    }


def test_capacity_providers_go_before_the_launch_type_beside_them() -> None:
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    service = {
        "networkConfiguration": NETWORK,
        "launchType": "FARGATE",
        "capacityProviderStrategy": strategy,
        "platformVersion": "LATEST",
    }
    wanted = asked(JOB, service)
    assert wanted["capacityProviderStrategy"] == strategy and "launchType" not in wanted
    assert wanted["platformVersion"] == "LATEST"


def test_the_job_goes_before_the_service() -> None:
    service = {"networkConfiguration": NETWORK, "launchType": "FARGATE", "platformVersion": "1.4.0"}
    job = dataclasses.replace(
        JOB,
        launch_type="EC2",
        network={"subnets": ["subnet-2"], "assign_public_ip": True},
        tags={"b": "2", "a": "1"},
        enable_execute_command=True,
        cpu="512",
        memory="1024",
    )
    wanted = asked(job, service)
    assert wanted["launchType"] == "EC2" and "platformVersion" not in wanted
    assert wanted["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-2"],
        "securityGroups": [],
        "assignPublicIp": "ENABLED",
    }
    assert wanted["tags"] == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    assert wanted["enableExecuteCommand"] is True
    assert (wanted["overrides"]["cpu"], wanted["overrides"]["memory"]) == ("512", "1024")


def test_other_network_modes_take_no_network() -> None:
    assert "networkConfiguration" not in asked(JOB, {"networkConfiguration": NETWORK}, networkMode="bridge")
    with pytest.raises(SlipwayError, match="network mode host, which takes no subnets"):
        asked(dataclasses.replace(JOB, network={"subnets": ["x"]}), networkMode="host")


def test_a_network_is_needed_for_awsvpc() -> None:
    with pytest.raises(SlipwayError, match="awsvpc, so the task needs a network. Name a service"):
        asked(JOB)


def test_overrides_that_ecs_would_refuse_for_their_length() -> None:
    with pytest.raises(SlipwayError, match="ECS allows 8192"):
        overrides(dataclasses.replace(JOB, environment={"A": "x" * 8192}), "app")
    assert overrides(Job(cluster="c"), "app") == {}
    assert overrides(Job(cluster="c", command=()), "app") == {"containerOverrides": [{"name": "app", "command": []}]}


@pytest.mark.parametrize(
    ("name", "containers", "expected"),
    [
        (None, DEFINITION["containerDefinitions"], "app"),
        ("app", DEFINITION["containerDefinitions"], "app"),
        ("proxy", DEFINITION["containerDefinitions"], "Container proxy .* not essential: .* Essential are: app"),
        ("web", DEFINITION["containerDefinitions"], r"no container named web \(it has: proxy, app, log\)"),
        (None, [{"name": "a"}, {"name": "b", "essential": True}], r"2 essential containers \(a, b\)"),
        ("b", [{"name": "a"}, {"name": "b"}], "b"),
        (None, [], r"0 essential containers \(none\)"),
    ],
    ids=["only-essential", "named", "not-essential", "unknown", "several", "one-of-several", "none"],
)
def test_the_main_container(name: str | None, containers: list[Answer], expected: str) -> None:
    definition = {**DEFINITION, "containerDefinitions": containers}
    job = dataclasses.replace(JOB, container=name)
    if expected.isalpha():
        assert main_container(job, definition) == expected
    else:
        with pytest.raises(SlipwayError, match=expected):
            main_container(job, definition)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Place(launch_type="FARGATE"), True),
        (Place(launch_type="EC2"), False),
        (Place(strategy=[{"capacityProvider": "FARGATE"}]), True),
        (Place(strategy=[{"capacityProvider": "mine"}]), False),
        (Place(), False),
    ],
    ids=["fargate", "ec2", "fargate-provider", "own-provider", "nothing"],
)
def test_only_fargate_has_platform_versions(where: Place, expected: bool) -> None:
    assert where.fargate is expected
