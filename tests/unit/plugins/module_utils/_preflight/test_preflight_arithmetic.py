# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far percentages let a rolling update go, against a simulator that tries every step there is."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._preflight.duration import (
    Pace,
    bake_seconds,
    pace_of,
    predict_seconds,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.rollout import Bounds, Rounds, rounds
from ansible_collections.slipway.aws.plugins.module_utils._preflight.sizes import FARGATE, amount, memory_choices
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subnets import new_addresses
from hypothesis import given
from hypothesis import strategies as st

PERCENTS = st.integers(0, 250) | st.sampled_from([0, 33, 50, 66, 100, 101, 125, 134, 150, 200])
DESIRED = st.integers(0, 7)


def some_way_ends(desired: int, least_percent: int, most_percent: int, places: int | None) -> bool:
    """Try every order of starting and stopping one task at a time."""
    room = desired if places is None else max(places, desired)
    seen, open_ = set(), [(desired, 0)]
    while open_:
        old, new = state = open_.pop()
        if (old, new) == (0, desired):
            return True
        if state in seen:
            continue
        seen.add(state)
        total = old + new
        # In hundredths of a task, so that nothing needs rounding.
        if new < desired and (total + 1) * 100 <= desired * most_percent and (places is None or total + 1 <= room):
            open_.append((old, new + 1))
        if old and (total - 1) * 100 >= desired * least_percent:
            open_.append((old - 1, new))
    return False


@given(DESIRED, PERCENTS, PERCENTS, st.none() | st.integers(0, 9))
def test_a_rollout_ends_exactly_when_some_order_of_steps_ends_it(
    desired: int, least: int, most: int, places: int | None
) -> None:
    bounds = Bounds.of(desired, least, most, places)
    assert bounds.ends == some_way_ends(desired, least, most, places)


@given(st.integers(0, 60), PERCENTS, PERCENTS)
def test_the_walk_ends_exactly_when_the_rollout_does(desired: int, least: int, most: int) -> None:
    bounds = Bounds.of(desired, least, most)
    walked = rounds(bounds)
    assert (walked is not None) == bounds.ends
    if walked and desired:
        assert 1 <= walked.starts <= desired and 1 <= walked.stops <= desired


@given(st.integers(1, 60), st.integers(100, 250), st.integers(1, 100))
def test_more_room_never_takes_more_rounds(desired: int, most: int, more: int) -> None:
    """Where none may stop first: otherwise a little room means that one is started before the others."""
    narrow, wide = rounds(Bounds.of(desired, 100, most)), rounds(Bounds.of(desired, 100, most + more))
    if narrow is not None:
        assert wide is not None
        assert wide.starts <= narrow.starts


@pytest.mark.parametrize(
    ("desired", "least", "most", "expected"),
    [
        (1, 100, 200, Rounds(1, 1)),
        (1, 0, 100, Rounds(1, 1)),
        (4, 100, 150, Rounds(2, 2)),
        (4, 50, 100, Rounds(2, 2)),
        (10, 100, 110, Rounds(10, 10)),
        (4, 100, 124, None),
        (0, 100, 100, Rounds(0, 0)),
    ],
)
def test_rounds_by_percents(desired: int, least: int, most: int, expected: Rounds | None) -> None:
    assert rounds(Bounds.of(desired, least, most)) == expected


def test_a_prediction_adds_up_and_says_how() -> None:
    pace = Pace(Rounds(2, 1), launch=45, boot=60, checks=30, deregistration=20, stop=10, bake=300)
    told = predict_seconds(pace)
    assert told.seconds == 2 * (45 + 60 + 30) + 1 * (20 + 10) + 300
    assert told.sentence == (
        "600 s: 2 rounds of starting at 135 s (launch 45, grace or start period 60, health checks 30), "
        "1 round of draining at 30 s (deregistration 20, stopping 10), baking 300 s"
    )


@given(st.builds(Pace, st.builds(Rounds, *[st.integers(0, 9)] * 2), *[st.integers(0, 999)] * 6), st.integers(1, 99))
def test_whatever_takes_longer_is_predicted_to(pace: Pace, more: int) -> None:
    seconds = predict_seconds(pace).seconds
    for field in dataclasses.fields(Pace)[1:]:
        slower = dataclasses.replace(pace, **{field.name: getattr(pace, field.name) + more})
        longer = predict_seconds(slower).seconds - seconds
        assert longer == more * {"deregistration": pace.rounds.stops, "stop": pace.rounds.stops, "bake": 1}.get(
            field.name, pace.rounds.starts
        )


def subject(**service: t.Any) -> Subject:
    containers = [
        {"name": "app", "stopTimeout": 90, "healthCheck": {"interval": 7, "startPeriod": 80}},
        {"name": "sidecar"},
    ]
    definition = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "containerDefinitions": containers}
    return Subject("backend", {"desiredCount": 2, "runningCount": 2, **service}, definition, None, 900)


def test_the_slowest_of_each_kind_counts() -> None:
    group = {"HealthCheckIntervalSeconds": 10, "HealthyThresholdCount": 3}
    pace = pace_of(subject(healthCheckGracePeriodSeconds=50), Rounds(1, 1), [group], 25)
    assert pace == Pace(Rounds(1, 1), launch=45, boot=80, checks=30, deregistration=25, stop=90, bake=0)
    pace = pace_of(subject(healthCheckGracePeriodSeconds=500, launchType="EC2"), Rounds(1, 1), [], 0)
    assert (pace.launch, pace.boot, pace.checks) == (15, 80, 7), "without a target group there is no grace"


@pytest.mark.parametrize(
    ("rollout", "minutes"),
    [
        ({}, 0),
        ({"strategy": "ROLLING", "bakeTimeInMinutes": 5}, 0),
        ({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}, 5),
        ({"strategy": "CANARY", "bakeTimeInMinutes": 5, "canaryConfiguration": {"canaryBakeTimeInMinutes": 7}}, 12),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 25.0, "stepBakeTimeInMinutes": 2}}, 6),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 30.0, "stepBakeTimeInMinutes": 2}}, 6),
    ],
    ids=["none", "rolling", "blue-green", "canary", "linear", "linear-uneven"],
)
def test_baking_is_waiting_on_purpose(rollout: dict[str, t.Any], minutes: int) -> None:
    assert bake_seconds(rollout) == minutes * 60


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, 2),
        ({"runningCount": 0}, 4),
        ({"deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100}}, 0),
        ({"deploymentConfiguration": {"maximumPercent": 150}}, 1),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN", "maximumPercent": 100}}, 2),
        (
            {"deploymentController": {"type": "CODE_DEPLOY"}, "deploymentConfiguration": {"maximumPercent": 100}},
            2,
        ),
    ],
    ids=["default", "first", "stop-first", "half-more", "blue-green", "codedeploy"],
)
def test_addresses_for_the_tasks_in_flight(service: dict[str, t.Any], expected: int) -> None:
    assert new_addresses(subject(**service)) == expected


def test_where_codedeploy_deploys_the_task_set_has_the_load_balancer() -> None:
    balancer = {"targetGroupArn": "blue", "containerName": "app", "containerPort": 80}
    sets = [{"status": "ACTIVE", "loadBalancers": []}, {"status": "PRIMARY", "loadBalancers": [balancer]}]
    assert subject(taskSets=sets).target_groups == ["blue"]
    assert subject(taskSets=sets, loadBalancers=[{"targetGroupArn": "green"}]).target_groups == ["green"]


@pytest.mark.parametrize(
    ("told", "units"),
    [
        ("256", 256),
        (".25 vCPU", 256),
        ("1 vcpu", 1024),
        ("2GB", 2048),
        ("0.5 GB", 512),
        ("512 MB", 512),
        ("much", None),
    ],
)
def test_sizes_in_either_spelling(told: str, units: int | None) -> None:
    assert amount(told) == units


def test_what_fargate_sells() -> None:
    assert memory_choices(256) == [512, 1024, 2048]
    assert memory_choices(512) == [1024, 2048, 3072, 4096]
    assert memory_choices(8192) == [1024 * gib for gib in range(16, 61, 4)]
    assert memory_choices(16384)[-1] == 120 * 1024
    assert all(memory_choices(cpu)[0] >= cpu * 2 for cpu in FARGATE)
