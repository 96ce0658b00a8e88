# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timeline by itself: what is listed when, and what holds for every script at every moment."""

from __future__ import annotations

import itertools
import math
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slipway_scenarios.behaviours import (
    BEHAVIOURS,
    Alarm,
    Behaviour,
    BlueGreen,
    CrashLoop,
    Rolling,
    Stalled,
    Superseded,
)
from slipway_scenarios.course import Situation
from slipway_scenarios.tasks import lives
from slipway_scenarios.timeline import HESITATION, Timeline

FOUR = Situation(desired=4, breaker=True, rolls_back=True)
TEN_SECONDS = Rolling(10.0)


def settled(situation: Situation = FOUR) -> Timeline:
    return Timeline("shop").begin("one", 0.0, Rolling(0.0), situation)


def listed(timeline: Timeline, now: float) -> list[tuple[str, bool, str, int, int, int]]:
    return [(item.reign.definition, item.primary, item.state, *item.counts) for item in timeline.seen(now)]


@pytest.mark.parametrize(
    ("passed", "running", "pending"),
    [(0.5, 0, 0), (1, 0, 4), (4, 2, 2), (7, 4, 0), (9.9, 4, 0)],
    ids=["accepted", "placed", "half", "all-up", "draining"],
)
def test_a_rollout_goes_through_its_stages(passed: float, running: int, pending: int) -> None:
    timeline = settled().begin("two", 100, TEN_SECONDS, FOUR)
    assert listed(timeline, 100 + passed) == [
        ("two", True, "IN_PROGRESS", running, pending, 0),
        ("one", False, "COMPLETED", 4, 0, 0),
    ]


def test_a_complete_deployment_stands_alone() -> None:
    timeline = settled().begin("two", 100, TEN_SECONDS, FOUR)
    assert listed(timeline, 110) == [("two", True, "COMPLETED", 4, 0, 0)]


def test_a_superseded_deployment_keeps_what_it_had_until_the_next_is_complete() -> None:
    timeline = settled().begin("two", 100, TEN_SECONDS, FOUR).begin("three", 104, TEN_SECONDS, FOUR)
    assert [(name, primary, state) for name, primary, state, *_rest in listed(timeline, 106)] == [
        ("three", True, "IN_PROGRESS"),
        ("two", False, "IN_PROGRESS"),
        ("one", False, "COMPLETED"),
    ]
    assert [entry[3] for entry in listed(timeline, 106)] == [0, 2, 4]
    assert listed(timeline, 114) == [("three", True, "COMPLETED", 4, 0, 0)]


def test_a_deployment_superseded_before_a_task_was_up_is_gone() -> None:
    timeline = settled().begin("two", 100, TEN_SECONDS, FOUR).begin("three", 100.5, TEN_SECONDS, FOUR)
    assert [name for name, *_rest in listed(timeline, 101)] == ["three", "one"]


CRASHES = CrashLoop(starting=1.0, living=1.0, resting=1.0, back=5.0)


def test_the_breaker_has_had_enough_and_goes_back_under_the_old_id() -> None:
    timeline = settled().begin("two", 100, CRASHES, FOUR)
    first = timeline.begun[0].identifier
    # Four die at once, and ECS gives up after three.
    assert listed(timeline, 101.9)[0] == ("two", True, "IN_PROGRESS", 4, 0, 0)
    failed = timeline.seen(102)
    assert (failed[0].state, failed[0].counts) == ("FAILED", (0, 0, 4))
    assert failed[0].reason == f"ECS deployment circuit breaker: rolling back to deploymentId {first}."
    back = timeline.seen(102 + HESITATION)
    assert [(item.reign.identifier == first, item.primary, item.state) for item in back] == [
        (True, True, "IN_PROGRESS"),
        (False, False, "FAILED"),
    ]
    assert listed(timeline, 107.3) == [("one", True, "COMPLETED", 4, 0, 0)]
    assert [item.status for item in timeline.natives(107.3)] == ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]


@pytest.mark.parametrize(
    ("situation", "ends"),
    [
        (Situation(4, breaker=False), "IN_PROGRESS"),
        (Situation(4, breaker=True, rolls_back=False), "FAILED"),
    ],
    ids=["no-breaker", "breaker-without-rollback"],
)
def test_without_a_way_back_it_stays_where_it_is(situation: Situation, ends: str) -> None:
    timeline = settled(situation).begin("two", 100, CRASHES, situation)
    primary, before = timeline.seen(200)
    assert (primary.reign.definition, primary.state, primary.primary) == ("two", ends, True)
    assert (before.reign.definition, before.counts.running) == ("one", 4)


@pytest.mark.parametrize(
    ("desired", "fails_after"), [(1, 3), (2, 2), (3, 1), (7, 1), (8, 1)], ids=lambda value: str(value)
)
def test_the_breaker_counts_half_of_the_tasks_but_three_at_least(desired: int, fails_after: int) -> None:
    failure = CRASHES.course(Situation(desired, breaker=True)).failure
    assert failure is not None
    assert failure.after == 2 + (fails_after - 1) * 3


def test_a_first_deployment_has_nothing_to_go_back_to() -> None:
    timeline = Timeline("shop").begin("one", 0.0, CRASHES, FOUR)
    assert [(item.state, item.primary) for item in timeline.seen(50)] == [("FAILED", True)]
    assert timeline.natives(50)[0].status == "STOPPED"


def test_what_never_was_complete_is_nothing_to_go_back_to() -> None:
    timeline = settled().begin("two", 100, Stalled(), FOUR).begin("three", 200, CRASHES, FOUR)
    assert listed(timeline, 210) == [("one", True, "COMPLETED", 4, 0, 0)]


def test_tasks_of_a_deployment_that_comes_back_were_never_away() -> None:
    timeline = settled().begin("two", 100, Alarm(seconds=1, after=3, back=1), FOUR)
    before, after = lives(timeline, 50), lives(timeline, 110)
    assert {life.identity for life in before} == {life.identity for life in after if life.status == "RUNNING"}
    assert {life.reign.definition for life in after if life.status == "STOPPED"} == {"two"}


def test_another_deploys_and_ours_is_stopped() -> None:
    timeline = settled().begin("two", 100, Superseded(after=2, seconds=4), FOUR, others="theirs")
    assert [(name, primary) for name, primary, *_rest in listed(timeline, 103)] == [
        ("theirs", True),
        ("two", False),
        ("one", False),
    ]
    assert listed(timeline, 106) == [("theirs", True, "COMPLETED", 4, 0, 0)]
    assert [item.status for item in timeline.natives(106)] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]


def test_an_alarm_ends_what_was_up() -> None:
    timeline = settled().begin("two", 100, Alarm(seconds=1, after=3, alarms=("errors",)), FOUR)
    (native, _before) = timeline.natives(103.1)
    assert (native.status, native.failure and native.failure.alarms) == ("ROLLBACK_IN_PROGRESS", ("errors",))


PAUSES = BlueGreen(seconds=9.0, pause_at=("POST_TEST_TRAFFIC_SHIFT",), pause_expires=60.0)


def test_a_pause_holds_until_it_is_told_to_go_on() -> None:
    timeline = settled().begin("two", 100, PAUSES, FOUR)
    (native, _before) = timeline.natives(150)
    (hook,) = native.hooks
    assert native.passage is not None
    assert (native.passage.stage, native.passage.weight, native.status) == (
        "POST_TEST_TRAFFIC_SHIFT",
        0.0,
        "IN_PROGRESS",
    )
    answered = timeline.answer(hook.identifier, "CONTINUE", 150)
    assert answered.natives(150)[0].hooks == ()
    # Three or four of its stages of 0.9 s are left.
    assert answered.natives(160)[0].status == "SUCCESSFUL"
    assert timeline.natives(160)[0].status == "IN_PROGRESS"


@pytest.mark.parametrize("then", ["ROLLBACK", "CONTINUE"])
def test_a_pause_that_nobody_answers_ends_by_itself(then: t.Literal["ROLLBACK", "CONTINUE"]) -> None:
    behaviour = BlueGreen(seconds=9.0, pause_at=("PRE_SCALE_UP",), pause_expires=60.0, pause_then=then)
    timeline = settled().begin("two", 100, behaviour, FOUR)
    assert timeline.natives(150)[0].status == "IN_PROGRESS"
    assert timeline.natives(200)[0].status == {"ROLLBACK": "ROLLBACK_SUCCESSFUL", "CONTINUE": "SUCCESSFUL"}[then]


@pytest.mark.parametrize(
    ("how", "ends"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("ABORT", "STOPPED")], ids=["rollback", "abort"]
)
def test_a_deployment_can_be_stopped(how: t.Literal["ROLLBACK", "ABORT"], ends: str) -> None:
    timeline = settled().begin("two", 100, TEN_SECONDS, FOUR).stop(how, 105)
    assert timeline.natives(120)[0].status == ends
    assert timeline.primary(120).definition == {"ROLLBACK": "one", "ABORT": "two"}[how]


def test_dead_tasks_belong_to_their_deployment_and_those_let_go_to_theirs() -> None:
    timeline = settled().begin("two", 100, CRASHES, FOUR).begin("three", 110, TEN_SECONDS, FOUR)
    stopped = [life for life in lives(timeline, 121) if life.status == "STOPPED"]
    by_revision = {life.reign.definition: life.cause is None for life in stopped}
    assert by_revision == {"two": False, "one": True}
    assert len({life.identity for life in lives(timeline, 121)}) == len(lives(timeline, 121))
    assert [life.status for life in lives(timeline, 121) if life.reign.definition == "three"] == ["RUNNING"] * 4


# What holds whatever the script says.

MOMENTS = st.floats(min_value=0.0, max_value=60.0, allow_nan=False)


@st.composite
def behaviours(draw: st.DrawFn) -> Behaviour:
    kind = BEHAVIOURS[draw(st.sampled_from(sorted(BEHAVIOURS)))]
    if issubclass(kind, BlueGreen):
        return kind(pause_at=draw(st.sampled_from([(), ("PRE_SCALE_UP",), ("BAKE_TIME",)])))
    if issubclass(kind, CrashLoop):
        return kind(
            breaker=draw(st.sampled_from(["as_configured", "rollback", "stop", "off"])),
            back_as=draw(st.sampled_from(["same", "new"])),
            cause=draw(st.sampled_from(["exit", "image_not_found"])),
        )
    return kind()


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    situation = Situation(draw(st.integers(0, 5)), breaker=draw(st.booleans()), rolls_back=draw(st.booleans()))
    timeline = Timeline("any")
    now = 0.0
    for number in range(draw(st.integers(1, 4))):
        timeline = timeline.begin(f"revision-{number}", now, draw(behaviours()), situation, "theirs")
        now += draw(st.floats(min_value=0.01, max_value=10.0, allow_nan=False))
    return timeline


@given(timelines(), MOMENTS)
def test_there_is_one_primary_and_nobody_twice(timeline: Timeline, now: float) -> None:
    seen = timeline.seen(now)
    assert [item.primary for item in seen] == [True] + [False] * (len(seen) - 1)
    assert len({item.reign.identifier for item in seen}) == len(seen)


@given(timelines(), MOMENTS)
def test_counts_are_what_they_can_be(timeline: Timeline, now: float) -> None:
    for item in timeline.seen(now):
        assert min(item.counts) >= 0
        assert item.counts.running + item.counts.pending <= item.reign.desired
        if item.state == "COMPLETED":
            assert item.counts == (item.reign.desired, 0, 0)


@given(timelines(), st.lists(MOMENTS, min_size=2, max_size=6))
def test_an_end_stays_an_end(timeline: Timeline, moments: list[float]) -> None:
    ended: dict[str, str] = {}
    for now in sorted(moments):
        for native in timeline.natives(now):
            if native.key in ended:
                assert native.status == ended[native.key]
            if native.ended is None:
                assert native.status in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
            else:
                ended[native.key] = native.status


@given(timelines(), MOMENTS)
def test_success_means_that_the_wanted_revision_was_complete(timeline: Timeline, now: float) -> None:
    for native in timeline.natives(now):
        if native.status == "SUCCESSFUL":
            assert native.ended is not None
            primary = timeline.seen(native.ended)[0]
            assert (primary.reign.definition, primary.state) == (native.begun.definition, "COMPLETED")


@given(timelines(), MOMENTS)
def test_tasks_agree_with_the_counts(timeline: Timeline, now: float) -> None:
    found = lives(timeline, now)
    assert len({life.identity for life in found}) == len(found)
    for item in timeline.seen(now):
        mine = [life for life in found if life.reign.identifier == item.reign.identifier]
        if item.primary:
            assert sum(life.status == "RUNNING" for life in mine) == item.counts.running


@given(timelines())
def test_reigns_follow_each_other(timeline: Timeline) -> None:
    reigns = timeline.reigns()
    assert all(before.since <= after.since < math.inf for before, after in itertools.pairwise(reigns))
