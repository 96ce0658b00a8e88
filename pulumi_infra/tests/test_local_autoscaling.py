"""Autoscaling against an API that has it. MiniStack lacks it, so moto answers here; see the last test."""

from __future__ import annotations

import json
import typing as t

import pytest
from local_engine.cloud import Cloud
from local_engine.errors import LocalEngineError
from local_engine.planning import Step
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.server import ThreadedMotoServer

from tests.conftest import Workshop
from tests.recorded_program import REGION

PROGRAM = """
import json
import pulumi
from components.autoscaling import Autoscaling, AutoscalingArgs, QueueBacklog, RequestsPerTarget
from components.names import Names
from tagging import tag_everything

wanted = json.loads(pulumi.Config("try").get("wanted") or "{}")
tag_everything(wanted.pop("tags", {"user": "owner"}))
backlog = wanted.pop("backlog", None)
if backlog:
    wanted["queue_backlog"] = QueueBacklog(queue_name="builds", messages_per_task=backlog)
Autoscaling("scaling", AutoscalingArgs(**{
    "names": Names("shop"),
    "service": "worker",
    "cluster_name": "shop",
    "service_name": "shop-worker",
    "minimum": 2,
    "maximum": 6,
    "cpu_percent": 60,
    **wanted,
}))
"""


@pytest.fixture(scope="module")
def moto() -> t.Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def scaled(workshop: Workshop, moto: str) -> Workshop:
    """A workshop whose cloud is moto, with two services to scale: it refuses those that are not there."""
    workshop.endpoint, workshop.cloud = moto, Cloud(moto, REGION)
    ecs = workshop.cloud.client("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "app", "image": "i", "memory": 128}])
    for name in ("shop-worker", "shop-other"):
        ecs.create_service(cluster="shop", serviceName=name, taskDefinition="f", desiredCount=1)
    return workshop


def up(workshop: Workshop, **wanted: t.Any) -> t.Any:
    workshop.write_program(PROGRAM, config=f"  try:wanted: '{json.dumps(wanted)}'\n")
    return workshop.operations().up()


def targets(workshop: Workshop) -> dict[str, tuple[int, int]]:
    found = workshop.cloud.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    return {item["ResourceId"]: (item["MinCapacity"], item["MaxCapacity"]) for item in found["ScalableTargets"]}


def policies(workshop: Workshop) -> dict[str, dict[str, t.Any]]:
    found = workshop.cloud.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="ecs")
    return {item["PolicyName"]: item["TargetTrackingScalingPolicyConfiguration"] for item in found["ScalingPolicies"]}


def test_a_service_is_scaled(scaled: Workshop) -> None:
    up(scaled)
    assert targets(scaled) == {"service/shop/shop-worker": (2, 6)}
    assert policies(scaled) == {
        "shop-worker-cpu": {
            "TargetValue": 60.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
        }
    }
    assert up(scaled).writing_calls == {}

    changed = up(scaled, maximum=9, cpu_percent=50)
    assert changed.writing_calls == {"RegisterScalableTarget": 1, "PutScalingPolicy": 1}
    assert targets(scaled) == {"service/shop/shop-worker": (2, 9)}
    assert policies(scaled)["shop-worker-cpu"]["TargetValue"] == 50.0

    both = up(scaled, backlog=10)
    assert both[Step.CREATE] == 1
    metrics = policies(scaled)["shop-worker-backlog"]["CustomizedMetricSpecification"]["Metrics"]
    assert [(item["Id"], item["ReturnData"]) for item in metrics] == [
        ("waiting", False),
        ("tasks", False),
        ("backlog", True),
    ]
    assert metrics[0]["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "QueueName", "Value": "builds"}]

    moved = up(scaled, service_name="shop-other")
    # The service is what a target and its policies belong to.
    assert moved[Step.REPLACE] == 2
    assert set(targets(scaled)) == {"service/shop/shop-other"}
    assert set(policies(scaled)) == {"shop-worker-cpu"}

    scaled.operations().destroy()
    assert (targets(scaled), policies(scaled)) == ({}, {})


def test_tags_of_what_scales_change_where_they_are(scaled: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto cannot change tags: what is asked of it is kept here."""
    asked: list[dict[str, t.Any]] = []

    def keep(response: ApplicationAutoScalingResponse) -> str:
        asked.append(json.loads(response.body))
        return "{}"

    for operation in ("tag_resource", "untag_resource"):
        monkeypatch.setattr(ApplicationAutoScalingResponse, operation, keep, raising=False)
    up(scaled)
    outcome = up(scaled, tags={"team": "shop"})
    assert outcome.writing_calls == {"TagResource": 1, "UntagResource": 1}
    (arn,) = {item["ResourceARN"] for item in asked}
    assert ":application-autoscaling:" in arn
    assert [item.get("Tags") or item.get("TagKeys") for item in asked] == [{"team": "shop"}, ["user"]]
    scaled.operations().destroy()
    assert (targets(scaled), policies(scaled)) == ({}, {})


def test_where_the_cloud_has_no_autoscaling_that_is_said(workshop: Workshop) -> None:
    with pytest.raises(
        LocalEngineError, match="Could not create aws:appautoscaling/target:Target shop-worker: Register"
    ):
        up(workshop)
