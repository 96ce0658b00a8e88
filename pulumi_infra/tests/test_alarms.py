"""What is watched: which alarms each kind of thing has, what silence means to them, and where they go."""

from __future__ import annotations

import json
import typing as t

import pytest
from components.alarm_topic import AlarmTopic, AlarmTopicArgs
from components.alarms import Alarms, AlarmsArgs, AlarmSetArgs
from components.watching import (
    Watched,
    WatchedApi,
    WatchedBalancer,
    WatchedCluster,
    WatchedDatabase,
    WatchedFunction,
    WatchedQueue,
    WatchedService,
    WatchedTargets,
)

from tests.parts import ARNS, NAMES, STACK, misnamed, record
from tests.recorded_program import ACCOUNT, REGION, Program
from tests.tags import untagged

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
WORKER = WatchedService(service="builds", cluster_name="c", service_name="s")
SERVED = WatchedService(
    service="api",
    cluster_name="c",
    service_name="s",
    targets=WatchedTargets(balancer_suffix="app/b/1", target_group_suffix="targetgroup/t/1"),
)
FUNCTION = WatchedFunction(function="chat", function_name="course-chat", alias="live", timeout_seconds=300)
API = WatchedApi(api="chat-api", api_name="course-chat-api", stage="live")
QUEUE = WatchedQueue(queue="builds-queue", queue_name="q", dead_letter_name="q-failed")
DATABASE = WatchedDatabase(database="sessions", cluster_id="db", most_connections=180)


def made(*watched: Watched, actions: t.Sequence[str] = ()) -> dict[str, dict[str, t.Any]]:
    """Return the alarms by what they are for."""

    def build() -> dict[str, t.Any]:
        alarms = Alarms(NAMES("alarms"), AlarmSetArgs(names=NAMES, watched=watched, actions=actions))
        return {"names": alarms.names}

    program = record(build)
    assert misnamed(program) == []
    assert untagged(program) == []
    found = {item.name.removeprefix(f"{STACK}-"): item.inputs for item in program.of(ALARM)}
    assert sorted(program.outputs["names"]) == sorted(f"{STACK}-{purpose}" for purpose in found)
    return found


# (what is watched, alarm, metric, statistic, comparison, threshold, minutes, what silence means)
ABOVE, BELOW = "GreaterThanOrEqualToThreshold", "LessThanThreshold"
EXPECTED: list[tuple[Watched, str, str, str, str, float, int, str]] = [
    (WatchedBalancer(suffix="b"), "alb-5xx", "HTTPCode_ELB_5XX_Count", "Sum", ABOVE, 1, 1, "notBreaching"),
    (SERVED, "api-healthy-hosts", "HealthyHostCount", "Minimum", BELOW, 1, 1, "breaching"),
    (SERVED, "api-cpu", "CPUUtilization", "Average", ABOVE, 80, 3, "notBreaching"),
    (SERVED, "api-memory", "MemoryUtilization", "Average", ABOVE, 80, 3, "notBreaching"),
    (WORKER, "builds-running-tasks", "CPUUtilization", "SampleCount", BELOW, 1, 3, "breaching"),
    (FUNCTION, "chat-errors", "Errors", "Sum", ABOVE, 1, 1, "notBreaching"),
    (FUNCTION, "chat-throttles", "Throttles", "Sum", ABOVE, 1, 1, "notBreaching"),
    (FUNCTION, "chat-duration", "Duration", "Maximum", ABOVE, 270_000, 1, "notBreaching"),
    (API, "chat-api-5xx", "5XXError", "Sum", ABOVE, 1, 1, "notBreaching"),
    (API, "chat-api-latency", "Latency", "p95", ABOVE, 10_000, 5, "notBreaching"),
    (QUEUE, "builds-queue-age", "ApproximateAgeOfOldestMessage", "Maximum", ABOVE, 900, 3, "notBreaching"),
    (
        QUEUE,
        "builds-queue-dead-letters",
        "ApproximateNumberOfMessagesVisible",
        "Maximum",
        ABOVE,
        1,
        1,
        "notBreaching",
    ),
    (DATABASE, "sessions-cpu", "CPUUtilization", "Average", ABOVE, 80, 5, "notBreaching"),
    (DATABASE, "sessions-capacity", "ACUUtilization", "Average", ABOVE, 90, 5, "notBreaching"),
    (DATABASE, "sessions-connections", "DatabaseConnections", "Maximum", ABOVE, 180, 5, "notBreaching"),
]


@pytest.mark.parametrize("expected", [pytest.param(row, id=row[1]) for row in EXPECTED])
def test_each_alarm_asks_the_right_question(expected: tuple[Watched, str, str, str, str, float, int, str]) -> None:
    watched, purpose, metric, statistic, comparison, threshold, minutes, missing = expected
    alarm = made(watched)[purpose]
    percentile = statistic.startswith("p")
    assert (alarm.get("extendedStatistic"), alarm.get("statistic")) == (
        (statistic, None) if percentile else (None, statistic)
    )
    assert (alarm["metricName"], alarm["comparisonOperator"]) == (metric, comparison)
    assert (alarm["threshold"], alarm["treatMissingData"]) == (threshold, missing)
    assert (alarm["period"], alarm["evaluationPeriods"], alarm["datapointsToAlarm"]) == (60, minutes, minutes)


def test_the_table_above_leaves_no_alarm_out() -> None:
    everything = made(WatchedBalancer(suffix="b"), SERVED, WORKER, FUNCTION, API, QUEUE, DATABASE)
    # The worker has the same two as the service behind the load balancer.
    assert set(everything) == {row[1] for row in EXPECTED} | {"builds-cpu", "builds-memory"}


@pytest.mark.parametrize(
    ("watched", "namespace", "dimensions"),
    [
        pytest.param(WORKER, "AWS/ECS", {"ClusterName": "c", "ServiceName": "s"}, id="worker"),
        pytest.param(
            FUNCTION, "AWS/Lambda", {"FunctionName": "course-chat", "Resource": "course-chat:live"}, id="function"
        ),
        pytest.param(API, "AWS/ApiGateway", {"ApiName": "course-chat-api", "Stage": "live"}, id="api"),
        pytest.param(DATABASE, "AWS/RDS", {"DBClusterIdentifier": "db"}, id="database"),
    ],
)
def test_alarms_are_about_the_stacks_own(watched: Watched, namespace: str, dimensions: dict[str, str]) -> None:
    for purpose, alarm in made(watched).items():
        assert (alarm["namespace"], alarm["dimensions"]) == (namespace, dimensions), purpose


def test_letters_given_up_are_looked_for_in_their_own_queue() -> None:
    alarms = made(QUEUE)
    assert alarms["builds-queue-age"]["dimensions"] == {"QueueName": "q"}
    assert alarms["builds-queue-dead-letters"]["dimensions"] == {"QueueName": "q-failed"}
    assert set(made(WatchedQueue(queue="a", queue_name="q"))) == {"a-age"}


def test_somebody_is_told_of_the_beginning_and_of_the_end() -> None:
    (alarm,) = made(WatchedBalancer(suffix="b"), actions=["arn:topic"]).values()
    assert (alarm["alarmActions"], alarm["okActions"]) == (["arn:topic"], ["arn:topic"])


def test_the_least_of_one_service_is_what_its_parts_are() -> None:
    args = AlarmsArgs(
        names=NAMES,
        service="api",
        cluster_name="c",
        service_name="s",
        load_balancer_suffix="app/b/1",
        target_group_suffix="targetgroup/t/1",
        actions=["arn:topic"],
    )
    purposes = [alarm.purpose for alarm in args.as_set().alarms()]
    assert purposes == ["alb-5xx", "api-healthy-hosts", "api-cpu", "api-memory"]
    assert args.as_set().actions == ["arn:topic"]


@pytest.mark.parametrize(
    ("watched", "words"),
    [
        pytest.param([WORKER, WORKER], "Two alarms would be called builds-cpu", id="twice"),
        pytest.param([], "judged by nothing", id="nothing"),
        pytest.param([WatchedCluster(cluster_name="c")], "judged by nothing", id="only-graphs"),
    ],
)
def test_a_set_that_means_nothing_is_refused(watched: list[Watched], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AlarmSetArgs(names=NAMES, watched=watched)


def test_thresholds_that_are_always_reached_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 99 %, not 100"):
        WatchedFunction(function="f", function_name="f", alias="a", timeout_seconds=3, near_timeout=100)
    with pytest.raises(ValueError, match="never be silent"):
        WatchedDatabase(database="d", cluster_id="d", most_connections=0)


def topic(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        args = AlarmTopicArgs(**{"names": NAMES, "arns": ARNS, **changes})
        return {"arn": AlarmTopic(NAMES("topic"), args).arn}

    return record(build)


def test_only_alarms_of_the_stack_speak_to_the_topic() -> None:
    program = topic(emails=["on-call@example.com"])
    allow, deny = json.loads(program.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])["Statement"]
    assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allow["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{STACK}-*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    mail = program.one("aws:sns/topicSubscription:TopicSubscription").inputs
    assert (mail["protocol"], mail["endpoint"]) == ("email", "on-call@example.com")
    assert misnamed(program) == []
    assert untagged(program) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"key_id": "alias/aws/sns"}, "its alarms would be lost", id="key"),
        pytest.param({"emails": ["nobody"]}, "'nobody' is not a mail address", id="mail"),
    ],
)
def test_a_topic_that_would_reach_nobody_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AlarmTopicArgs(**{"names": NAMES, "arns": ARNS, **changes})
