# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watching through everything that ECS may answer: stale answers, refusals, and any sequence of all of them."""

from __future__ import annotations

import typing as t

import botocore.exceptions
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock, Pace, Watch, Watched
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slow_ecs import Time

Answer = dict[str, t.Any]
OURS, BEFORE, OTHER = "td:2", "td:1", "td:3"
NATIVE = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/c/web/"
WATCHED = Watched("web", "c", "web", "ecs-svc/ours", OURS, BEFORE, native=f"{NATIVE}1", native_before=f"{NATIVE}0")


def entry(
    identifier: str = "ours", status: str = "PRIMARY", definition: str = OURS, rollout: str = "COMPLETED", **more: t.Any
) -> Answer:
    counts = {"desiredCount": 2, "runningCount": 2, "pendingCount": 0, "failedTasks": 0, **more}
    return {
        "id": f"ecs-svc/{identifier}", "status": status, "taskDefinition": definition, "rolloutState": rollout, **counts
    }  # fmt: skip


def service(*deployments: Answer, current: str | None = f"{NATIVE}1", **more: t.Any) -> Answer:
    primary = next((item for item in deployments if item["status"] == "PRIMARY"), {})
    return {
        "serviceName": "web", "serviceArn": "arn:web", "status": "ACTIVE", "desiredCount": 2, "runningCount": 2,
        "taskDefinition": primary.get("taskDefinition", ""), "deployments": list(deployments),
        "currentServiceDeployment": current, **more,
    }  # fmt: skip


def native(status: str, number: int = 1, strategy: str = "BLUE_GREEN", **more: t.Any) -> Answer:
    return {
        "serviceDeploymentArn": f"{NATIVE}{number}", "status": status,
        "deploymentConfiguration": {"strategy": strategy}, **more,
    }  # fmt: skip


def refusal(code: str) -> Exception:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeServices")


class Ecs:
    """Answers one look after another, and the last one for ever. Nothing (None) is a service that is not there."""

    def __init__(self, *looks: tuple[Answer | Exception | None, t.Sequence[Answer] | Exception]) -> None:
        self._looks = looks
        self._next = 0
        self._natives: t.Sequence[Answer] | Exception = ()

    def describe_services(self, **dummy: t.Any) -> Answer:
        seen, self._natives = self._looks[min(self._next, len(self._looks) - 1)]
        self._next += 1
        if isinstance(seen, Exception):
            raise seen
        return {"services": [seen] if seen else []}

    def describe_service_deployments(self, *, serviceDeploymentArns: list[str]) -> Answer:
        if isinstance(self._natives, Exception):
            raise self._natives
        return {
            "serviceDeployments": [one for one in self._natives if one["serviceDeploymentArn"] in serviceDeploymentArns]
        }


def follow(ecs: Ecs, watched: Watched = WATCHED, timeout: float = 120) -> tuple[t.Any, list[float], list[str]]:
    """Watch to the end. Returns the verdict, the pauses, and what was said."""
    time, pauses, lines = Time(), [], []
    clock = time.clock()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.sleep(seconds)

    watch = Watch(ecs, timeout=timeout, report=lambda dummy, line: lines.append(line), clock=Clock(clock.now, sleep))
    watch.follow(watched)
    while not (verdicts := watch.look()):
        assert watch.open
        watch.rest()
    assert (list(verdicts), watch.open) == (["web"], {}), "exactly one end"
    return verdicts["web"], pauses, lines


STARTING = service(entry(rollout="IN_PROGRESS", runningCount=0), entry("old", "ACTIVE", BEFORE))
DONE = service(entry())


def test_looks_are_a_second_apart_while_things_move_and_fifteen_at_most_when_they_do_not() -> None:
    assert (Pace.SHORTEST, Pace.LONGEST) == (1.0, 15.0)
    moving = [
        (service(entry(rollout="IN_PROGRESS", runningCount=count % 2), entry("old", "ACTIVE", BEFORE)), ())
        for count in range(8)
    ]
    still = [(moving[-1][0], ())] * 12
    dummy, pauses, lines = follow(Ecs(*moving, *still, (DONE, ())), timeout=300)
    assert pauses[:8] == [1.0] * 8
    assert pauses[8:] == sorted(pauses[8:]) and pauses[-1] == 15.0
    assert len(lines) == 9, "what does not change is said once"


def test_the_deployment_before_is_never_taken_for_ours() -> None:
    """The service may go on naming it for a moment after the update, and it was successful."""
    watched = Watched("web", "c", "web", "ecs-svc/ours", OURS, BEFORE, native=None, native_before=f"{NATIVE}0")
    stale = service(entry(), current=f"{NATIVE}0")
    going = service(entry(rollout="IN_PROGRESS", runningCount=1), current=f"{NATIVE}1")
    natives = [native("SUCCESSFUL", 0), native("IN_PROGRESS", 1)]
    ended = [native("SUCCESSFUL", 0), native("ROLLBACK_SUCCESSFUL", 1)]
    back = service(entry("back", definition=BEFORE))
    stale["deployments"][0] |= {"rolloutState": "IN_PROGRESS", "runningCount": 0}
    verdict, dummy, lines = follow(Ecs((stale, natives), (going, natives), (back, ended)), watched)
    assert verdict.outcome == "rolled_back"
    assert [line for line in lines if line.startswith("blue/green, in progress")]


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ServerException", "503", "RequestLimitExceeded"],
    ids=["throttled", "server-error", "unavailable", "limit"],
)  # fmt: skip
def test_a_look_that_fails_is_not_the_end_of_a_deployment(code: str) -> None:
    """Every call was tried several times by then, and what is under way goes on: so does the watch."""
    error = refusal(code)
    ecs = Ecs((STARTING, ()), (error, ()), (error, ()), (DONE, [native("SUCCESSFUL")]))
    verdict, dummy, lines = follow(ecs)
    assert verdict.outcome == "succeeded"
    assert [line for line in lines if code in line], "and it is said, once"


def test_looks_that_keep_failing_end_with_the_time() -> None:
    verdict, dummy, lines = follow(Ecs((STARTING, ()), (refusal("ThrottlingException"), ())))
    assert verdict.outcome == "timed_out"
    assert len([line for line in lines if "ThrottlingException" in line]) == 1


def test_counts_do_not_decide_because_ecs_could_not_be_heard_for_once() -> None:
    """All tasks run and the traffic has not moved: of that only the service deployment knows, at the next look."""
    throttled = (DONE, refusal("ThrottlingException"))
    back = (service(entry("back", definition=BEFORE)), [native("ROLLBACK_SUCCESSFUL")])
    verdict, dummy, lines = follow(Ecs(throttled, (DONE, [native("IN_PROGRESS")]), throttled, back))
    assert verdict.outcome == "rolled_back"
    assert not [line for line in lines if "counts of the service decide" in line]


def test_a_look_that_is_not_allowed_is_an_error() -> None:
    with pytest.raises(AwsError, match="AccessDeniedException"):
        follow(Ecs((STARTING, ()), (refusal("AccessDeniedException"), ())))


def test_stopped_because_of_a_newer_one_that_came_between_two_calls() -> None:
    """The service was asked a moment before the newer deployment, and ours a moment after it."""
    newer = service(entry("other", definition=OTHER, rollout="IN_PROGRESS"), current=f"{NATIVE}2")
    stopped = [native("STOPPED")]
    going = service(entry(rollout="IN_PROGRESS", runningCount=1), entry("old", "ACTIVE", BEFORE))
    assert follow(Ecs((going, stopped), (newer, stopped)))[0].outcome == "superseded"


@pytest.mark.parametrize("current", [f"{NATIVE}1", None], ids=["ours", "not-said"])
def test_stopped_by_somebody_is_stopped(current: str | None) -> None:
    stopped = [native("STOPPED", statusReason="Stopped by hand.")]
    verdict = follow(Ecs(({**STARTING, "currentServiceDeployment": current}, stopped)))[0]
    assert (verdict.outcome, verdict.reason) == ("stopped", "Stopped by hand.")


def test_a_rolling_deployment_that_bakes_is_not_done() -> None:
    """All its tasks run, and an alarm may still bring the revision before back."""
    baking = (DONE, [native("IN_PROGRESS", strategy="ROLLING")])
    back = (service(entry("back", definition=BEFORE)), [native("ROLLBACK_SUCCESSFUL", strategy="ROLLING")])
    assert follow(Ecs(baking, baking, back))[0].outcome == "rolled_back"


def test_the_reason_of_a_rollback_is_the_rollbacks_own() -> None:
    rolled = native("ROLLBACK_SUCCESSFUL", statusReason="It failed.", rollback={"reason": "The breaker tripped."})
    assert follow(Ecs((service(entry("back", definition=BEFORE)), [rolled])))[0].reason == "The breaker tripped."


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (service(entry(runningCount=2, desiredCount=3), desiredCount=2), "timed_out"),
        (service(entry(runningCount=2, desiredCount=2), desiredCount=3), "timed_out"),
        (service(entry(status="ACTIVE", rollout="IN_PROGRESS"), entry("other", definition=OURS)), "superseded"),
        (service(entry(status="ACTIVE", rollout="FAILED"), entry("back", definition=BEFORE)), "rolled_back"),
    ],
    ids=["fewer-than-it-wants", "fewer-than-the-service-wants", "the-same-revision-by-another", "back"],
)
def test_where_only_the_counts_tell(seen: Answer, outcome: str) -> None:
    watched = Watched("web", "c", "web", "ecs-svc/ours", OURS, BEFORE)
    assert follow(Ecs(({**seen, "currentServiceDeployment": None}, ())), watched)[0].outcome == outcome


ENTRIES = st.builds(
    entry,
    identifier=st.sampled_from(["ours", "old", "other"]),
    status=st.sampled_from(["PRIMARY", "PRIMARY", "ACTIVE", "INACTIVE"]),
    definition=st.sampled_from([OURS, BEFORE, OTHER]),
    rollout=st.sampled_from(["IN_PROGRESS", "COMPLETED", "COMPLETED", "FAILED"]),
    runningCount=st.integers(0, 3),
    desiredCount=st.integers(0, 3),
)
SERVICES = st.builds(
    lambda deployments, desired, status, current: service(
        *deployments, current=current, desiredCount=desired, status=status
    ),
    st.lists(ENTRIES, max_size=3, unique_by=lambda item: item["id"]),
    st.integers(0, 3),
    st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "DRAINING"]),
    st.sampled_from([None, f"{NATIVE}0", f"{NATIVE}1", f"{NATIVE}2"]),
)
NATIVES = st.builds(
    native,
    status=st.sampled_from(
        [
            "PENDING", "IN_PROGRESS", "SUCCESSFUL", "SUCCESSFUL", "STOP_REQUESTED", "STOPPED", "ROLLBACK_REQUESTED",
            "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "A_STATUS_OF_TOMORROW",
        ]
    ),
    number=st.sampled_from([0, 1, 1, 1, 2]),
    strategy=st.sampled_from(["ROLLING", "BLUE_GREEN", "CANARY", "LINEAR"]),
    lifecycleHookDetails=st.sampled_from([[], [], [{"hookId": "h", "status": "AWAITING_ACTION"}]]),
)  # fmt: skip
PASSING = st.sampled_from(["ThrottlingException", "ServerException", "503"]).map(refusal)
ODD = st.sampled_from(["AccessDeniedException", "UnsupportedFeatureException"]).map(refusal)
LOOKS = st.tuples(
    st.one_of(SERVICES, SERVICES, SERVICES, st.sampled_from([STARTING, DONE]), PASSING, st.none()),
    st.one_of(st.lists(NATIVES, max_size=3, unique_by=lambda item: item["serviceDeploymentArn"]), ODD, PASSING),
)
WATCHED_ONES = st.builds(
    Watched,
    name=st.just("web"),
    cluster=st.just("c"),
    service=st.just("web"),
    deployment_id=st.just("ecs-svc/ours"),
    task_definition=st.just(OURS),
    previous=st.sampled_from([BEFORE, OURS, None]),
    native=st.sampled_from([None, f"{NATIVE}1"]),
    native_before=st.sampled_from([None, f"{NATIVE}0"]),
)


@given(looks=st.lists(LOOKS, min_size=1, max_size=6), watched=WATCHED_ONES)
@example(looks=[(service(entry("back", definition=BEFORE)), [native("SUCCESSFUL")])], watched=WATCHED)
@example(looks=[(service(entry(runningCount=1)), [native("SUCCESSFUL")])], watched=WATCHED)
@example(looks=[(service(entry(desiredCount=3)), [native("SUCCESSFUL")])], watched=WATCHED)
@settings(max_examples=500, deadline=None)
def test_any_sequence_of_answers_has_one_end_and_success_only_with_ours_primary_and_complete(
    looks: list[tuple[t.Any, t.Any]], watched: Watched
) -> None:
    # A deployment never changes its revision: ours brings ours.
    for seen, dummy in looks:
        for item in seen["deployments"] if isinstance(seen, dict) else ():
            if item["id"] == watched.deployment_id:
                item["taskDefinition"] = OURS
    verdict = follow(Ecs(*looks), watched, timeout=30)[0]
    assert (verdict.outcome == "paused") == (verdict.hook is not None)
    if verdict.outcome == "succeeded":
        primary = verdict.state.primary
        assert primary.task_definition == OURS
        assert primary.rollout == "COMPLETED"
        assert primary.running >= max(primary.desired, verdict.state.desired)
        assert verdict.state.status == "ACTIVE"
    if verdict.outcome == "rolled_back" and watched.native is None:
        assert verdict.state is not None


def test_what_is_nearly_done_is_looked_at_often_and_not_for_ever() -> None:
    pace = Pace()
    for _tired in range(12):
        pace.next(moved=False)
    assert pace.next(moved=False) == Pace.LONGEST
    soon: list[float] = [pace.next(moved=True)]
    while sum(soon) < Pace.SOON:
        soon.append(pace.next(moved=False, nearly_done=True))
    assert max(soon) == Pace.SHORTEST
    later = [pace.next(moved=False, nearly_done=True) for _look in range(12)]
    assert later[-1] == Pace.LONGEST


def test_only_what_runs_completely_is_nearly_done() -> None:
    """All of it runs, and ECS has not said so yet: each look comes soon after the one before."""
    old = entry("old", "ACTIVE", BEFORE)
    waits = {}
    for running in (1, 2):
        open_ = (service(entry(rollout="IN_PROGRESS", runningCount=running), old), ())
        waits[running] = follow(Ecs(*[open_] * 20, (DONE, ())), timeout=300)[1]
    assert (max(waits[1]), max(waits[2])) == (Pace.LONGEST, Pace.SHORTEST)
