"""Autoscaling: the measures a service is scaled by, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from components.autoscaling import Autoscaling, AutoscalingArgs, QueueBacklog, RequestsPerTarget

from tests.parts import NAMES, TAGS, record
from tests.recorded_program import Program

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
GIVEN: dict[str, t.Any] = {
    "names": NAMES,
    "service": "api",
    "cluster_name": "shop",
    "service_name": "shop-api",
    "minimum": 2,
    "maximum": 6,
}


def scaling(**changes: t.Any) -> Program:
    args = AutoscalingArgs(**{**GIVEN, **changes})
    return record(lambda: {"id": Autoscaling("scaling", args).resource_id})


def configuration(program: Program) -> dict[str, t.Any]:
    found = program.one(POLICY).inputs["targetTrackingScalingPolicyConfiguration"]
    return t.cast("dict[str, t.Any]", found)


def test_the_number_of_tasks_moves_between_two_bounds() -> None:
    program = scaling(cpu_percent=60)
    assert program.one(TARGET).inputs == {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": "service/shop/shop-api",
        "minCapacity": 2,
        "maxCapacity": 6,
        "tags": TAGS,
    }
    policy = program.one(POLICY).inputs
    assert (policy["name"], policy["policyType"]) == ("shop-test-api-cpu", "TargetTrackingScaling")
    assert policy["resourceId"] == program.outputs["id"] == "service/shop/shop-api"


@pytest.mark.parametrize(
    ("measure", "value", "metric"),
    [
        ({"cpu_percent": 60}, 60, {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}),
        ({"memory_percent": 70}, 70, {"predefinedMetricType": "ECSServiceAverageMemoryUtilization"}),
        (
            {
                "requests_per_target": RequestsPerTarget(
                    load_balancer_suffix="app/shop/1", target_group_suffix="targetgroup/shop/2", requests=500
                )
            },
            500,
            {
                "predefinedMetricType": "ALBRequestCountPerTarget",
                "resourceLabel": "app/shop/1/targetgroup/shop/2",
            },
        ),
    ],
    ids=["cpu", "memory", "requests"],
)
def test_one_measure_is_kept_where_it_should_be(measure: dict[str, t.Any], value: int, metric: dict[str, str]) -> None:
    found = configuration(scaling(**measure, scale_in_cooldown_seconds=600, scale_out_cooldown_seconds=30))
    assert found == {
        "targetValue": value,
        "scaleInCooldown": 600,
        "scaleOutCooldown": 30,
        "predefinedMetricSpecification": metric,
    }


def test_a_worker_is_scaled_by_what_waits_for_each_task() -> None:
    found = configuration(scaling(queue_backlog=QueueBacklog(queue_name="builds", messages_per_task=10)))
    assert found["targetValue"] == 10
    metrics = {item["id"]: item for item in found["customizedMetricSpecification"]["metrics"]}
    assert [name for name, item in metrics.items() if item["returnData"]] == ["backlog"]
    assert metrics["backlog"]["expression"] == "FILL(waiting, 0) / FILL(tasks, 1)"
    waiting, tasks = metrics["waiting"]["metricStat"], metrics["tasks"]["metricStat"]
    assert waiting["metric"]["metricName"] == "ApproximateNumberOfMessagesVisible"
    assert waiting["metric"]["dimensions"] == [{"name": "QueueName", "value": "builds"}]
    assert (tasks["metric"]["namespace"], tasks["metric"]["metricName"], tasks["stat"]) == (
        "AWS/ECS",
        "CPUUtilization",
        "SampleCount",
    )
    assert {item["name"]: item["value"] for item in tasks["metric"]["dimensions"]} == {
        "ClusterName": "shop",
        "ServiceName": "shop-api",
    }


def test_several_measures_are_several_policies() -> None:
    program = scaling(cpu_percent=60, memory_percent=70)
    assert {policy.name for policy in program.of(POLICY)} == {"shop-test-api-cpu", "shop-test-api-memory"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "Nothing says when api scales", id="no-measure"),
        pytest.param({"cpu_percent": 0}, "cpu_percent is 0", id="no-load"),
        pytest.param({"memory_percent": 101}, "memory_percent is 101", id="too-much"),
        pytest.param({"cpu_percent": 60, "minimum": 0}, "at least one task, not 0", id="to-nothing"),
        pytest.param({"cpu_percent": 60, "maximum": 2}, "cannot scale between 2 and 2", id="nowhere"),
        pytest.param({"cpu_percent": 60, "scale_in_cooldown_seconds": -1}, "cannot be negative", id="pause"),
    ],
)
def test_scaling_that_cannot_work_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AutoscalingArgs(**{**GIVEN, **changes})


def test_a_measure_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one request"):
        RequestsPerTarget(load_balancer_suffix="a", target_group_suffix="b", requests=0)
    with pytest.raises(ValueError, match="At least one message"):
        QueueBacklog(queue_name="q", messages_per_task=0)
