"""Services of every shape on a local cloud: made, changed, reshaped, replaced and removed. Nothing runs in them."""

from __future__ import annotations

import json
import typing as t

import pytest
from local_engine.cloud import Cloud
from local_engine.errors import LocalEngineError
from local_engine.handlers import handler_for
from local_engine.planning import Step

from tests.account import contents
from tests.conftest import Workshop
from tests.recorded_program import REGION

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
from components.arns import Arns
from components.cluster import Cluster, ClusterArgs
from components.container_service import (
    ContainerService, ContainerServiceArgs, HealthCheck, Ingress, OnInstances, Route, Volume, json_key,
)
from components.instances import InstancesArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.names import Names
from components.network import Network, NetworkArgs
from components.peers import Peers, PeersArgs

wanted = json.loads(pulumi.Config("try").get("wanted") or "{}")
names = Names("agents")
region = "ap-northeast-1"
network = Network("network", NetworkArgs(names=names, region=region, zones=[f"{region}a", f"{region}c"], nat="none"))
instances = InstancesArgs(
    names=names,
    arns=Arns(region=region, account="000000000000"),
    vpc_id=network.vpc.id,
    subnet_ids=network.public_subnet_ids,
) if wanted.get("instances") else None
cluster = Cluster("cluster", ClusterArgs(names=names, instances=instances))
balancer = LoadBalancer("balancer", LoadBalancerArgs(
    names=names, vpc_id=network.vpc.id, subnet_ids=network.public_subnet_ids,
))
peers = Peers("peers", PeersArgs(names=names, purpose="containers", vpc_id=network.vpc.id))
secret = pulumi.Output.from_input("arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:agents-abc123")


def service(name, **given):
    on_fargate = {"subnet_ids": network.private_subnet_ids, "peer_group_ids": [peers.security_group_id]}
    made = ContainerService(name, ContainerServiceArgs(**{
        "names": names,
        "service": name,
        "region": region,
        "vpc_id": network.vpc.id,
        "cluster_arn": cluster.arn,
        "image": f"registry.example/{name}:1",
        "task_role_arn": "arn:aws:iam::000000000000:role/task",
        "execution_role_arn": "arn:aws:iam::000000000000:role/execution",
        **({} if "on_instances" in given else on_fargate),
        **given,
    }))
    for key in ("name", "task_definition_arn", "security_group_id"):
        pulumi.export(f"{name}_{key}", getattr(made, key))
    return made


def route(**given):
    return Route(listener_arn=balancer.listener_arn, security_group_id=balancer.security_group_id, **given)


redis = service(
    "redis",
    stateful=True,
    desired_count=1,
    port=6379,
    volumes=[Volume(name="data", file_system_id="fs-1", access_point_id="fsap-1", path="/data")],
    ingress=[Ingress(source="containers", port=6379, security_group_id=peers.security_group_id)],
    health_check=HealthCheck(command="redis-cli ping"),
    registry_arn="arn:aws:servicediscovery:ap-northeast-1:000000000000:service/srv-redis",
)
service(
    "api",
    port=8000,
    route=route(paths=["/api/*", "/docs", "/redoc"], priority=10, **wanted.get("api", {})),
    secrets={"DB_PASSWORD": json_key(secret, "db_password")},
    autoscaled=True,
    desired_count=wanted.get("count", 2),
    after=[redis],
)
service("frontend", port=3000, route=route())
worker = {"port": 9000, "route": route(paths=["/worker"], priority=20)} if wanted.get("worker_routed") else {}
worker |= wanted.get("worker", {})
service("agent-builds", command=["celery", "-Q", "agent_builds"], stop_timeout_seconds=120, **worker)
if wanted.get("instances"):
    service(
        "site",
        port=3000,
        desired_count=1,
        on_instances=OnInstances(
            capacity_provider=cluster.capacity_provider,
            security_group_id=cluster.instances.security_group_id,
            host_port=3000,
        ),
        ingress=[Ingress(source="office", port=3000, cidr="203.0.113.0/24")],
    )
pulumi.export("cluster", cluster.name)
pulumi.export("balancer_group", balancer.security_group_id)
pulumi.export("peers", peers.security_group_id)
pulumi.export("listener", balancer.listener_arn)
"""


def up(workshop: Workshop, **wanted: t.Any) -> t.Any:
    workshop.write_program(PROGRAM, config=f"  try:wanted: '{json.dumps(wanted)}'\n")
    return workshop.operations().up()


def services(workshop: Workshop) -> dict[str, dict[str, t.Any]]:
    ecs, cluster = workshop.cloud.client("ecs"), workshop.operations().outputs()["cluster"]
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    found = ecs.describe_services(cluster=cluster, services=arns)["services"]
    return {item["serviceName"].removeprefix("agents-"): item for item in found}


def definition(workshop: Workshop, service: str) -> dict[str, t.Any]:
    arn = workshop.operations().outputs()[f"{service}_task_definition_arn"]
    found = workshop.cloud.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return t.cast("dict[str, t.Any]", found)


def percentages(service: t.Mapping[str, t.Any]) -> tuple[int, int]:
    configuration = service["deploymentConfiguration"]
    return configuration["minimumHealthyPercent"], configuration["maximumPercent"]


def doors(workshop: Workshop, group: str) -> list[tuple[int, str]]:
    (found,) = workshop.cloud.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return sorted(
        (door["FromPort"], source)
        for door in found["IpPermissions"]
        for source in (
            *(pair["GroupId"] for pair in door["UserIdGroupPairs"]),
            *(item["CidrIp"] for item in door["IpRanges"]),
        )
    )


def test_the_agent_platform(workshop: Workshop) -> None:
    assert contents(workshop.cloud) == {}
    up(workshop)
    outputs, found = workshop.operations().outputs(), services(workshop)
    assert {name: percentages(item) for name, item in found.items()} == {
        "redis": (0, 100),
        "api": (100, 200),
        "frontend": (100, 200),
        "agent-builds": (100, 200),
    }
    assert {name: len(item.get("loadBalancers", [])) for name, item in found.items()} == {
        "redis": 0,
        "api": 1,
        "frontend": 1,
        "agent-builds": 0,
    }
    assert found["redis"]["serviceRegistries"] == [
        {"registryArn": "arn:aws:servicediscovery:ap-northeast-1:000000000000:service/srv-redis"}
    ]
    network = found["api"]["networkConfiguration"]["awsvpcConfiguration"]
    assert network["securityGroups"] == [outputs["api_security_group_id"], outputs["peers"]]
    (volume,) = definition(workshop, "redis")["volumes"]
    assert volume["efsVolumeConfiguration"] == {
        "fileSystemId": "fs-1",
        "transitEncryption": "ENABLED",
        "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
    }
    (redis,) = definition(workshop, "redis")["containerDefinitions"]
    assert redis["mountPoints"] == [{"sourceVolume": "data", "containerPath": "/data", "readOnly": False}]
    assert redis["healthCheck"]["command"] == ["CMD-SHELL", "redis-cli ping"]
    (api,) = definition(workshop, "api")["containerDefinitions"]
    assert api["secrets"][0]["valueFrom"].endswith(":secret:agents-abc123:db_password::")
    (worker,) = definition(workshop, "agent-builds")["containerDefinitions"]
    assert (worker["command"], worker["stopTimeout"]) == (["celery", "-Q", "agent_builds"], 120)
    assert doors(workshop, outputs["redis_security_group_id"]) == [(6379, outputs["peers"])]
    assert doors(workshop, outputs["api_security_group_id"]) == [(8000, outputs["balancer_group"])]
    assert doors(workshop, outputs["agent-builds_security_group_id"]) == []
    rules = workshop.cloud.client("elbv2").describe_rules(ListenerArn=outputs["listener"])["Rules"]
    assert {rule["Priority"]: rule["Conditions"][0]["Values"] for rule in rules if rule["Conditions"]} == {
        "10": ["/api/*", "/docs", "/redoc"],
        "50000": ["/*"],
    }

    again = up(workshop)
    assert again.writing_calls == {}

    # Health is asked for another way, and tasks get more time: both change where they stand.
    api_changes = {"health_path": "/ready", "health_interval_seconds": 90, "grace_seconds": 600}
    changed = up(workshop, api=api_changes)
    assert changed.writing_calls == {"ModifyTargetGroup": 1, "UpdateService": 1}
    assert services(workshop)["api"]["healthCheckGracePeriodSeconds"] == 600

    # Autoscaling owns the number; another size is a revision for the next release, and not for this service.
    before = services(workshop)["agent-builds"]["taskDefinition"]
    grown = up(workshop, api=api_changes, count=5, worker={"cpu": 512, "memory": 1024})
    assert set(grown.writing_calls) == {"RegisterTaskDefinition", "DeregisterTaskDefinition"}
    assert services(workshop)["api"]["desiredCount"] == 2
    assert services(workshop)["agent-builds"]["taskDefinition"] == before
    assert definition(workshop, "agent-builds")["cpu"] == "512"

    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_a_worker_gets_a_load_balancer_and_loses_it_again(workshop: Workshop) -> None:
    up(workshop)
    up(workshop, worker_routed=True)
    service = services(workshop)["agent-builds"]
    assert [item["containerPort"] for item in service["loadBalancers"]] == [9000]
    assert service["healthCheckGracePeriodSeconds"] == 60
    up(workshop)
    service = services(workshop)["agent-builds"]
    assert service["loadBalancers"] == []
    assert service["healthCheckGracePeriodSeconds"] == 0
    assert up(workshop).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_a_service_on_an_instance(workshop: Workshop) -> None:
    up(workshop, instances=True)
    service = services(workshop)["site"]
    assert service["capacityProviderStrategy"] == [{"capacityProvider": "agents-instances", "weight": 1}]
    assert percentages(service) == (0, 100)
    assert definition(workshop, "site")["networkMode"] == "bridge"
    assert definition(workshop, "site")["requiresCompatibilities"] == ["EC2"]
    (mapping,) = definition(workshop, "site")["containerDefinitions"][0]["portMappings"]
    assert (mapping["containerPort"], mapping["hostPort"]) == (3000, 3000)
    group = workshop.operations().outputs()["site_security_group_id"]
    assert doors(workshop, group) == [(3000, "203.0.113.0/24")]
    assert up(workshop, instances=True).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


SERVICE = """
import json
import pulumi
import pulumi_aws as aws
cluster = aws.ecs.Cluster("c", name="c")
definition = aws.ecs.TaskDefinition(
    "d", family="d", container_definitions=json.dumps([{"name": "app", "image": "example/app:1", "memory": 128}])
)
service = aws.ecs.Service(
    "s", name="s", cluster=cluster.arn, task_definition=definition.arn, desired_count=1,
    **json.loads(pulumi.Config("try").require("given")),
)
"""


def write_service(workshop: Workshop, **given: t.Any) -> t.Any:
    workshop.write_program(SERVICE, config=f"  try:given: '{json.dumps(given)}'\n")
    return workshop.operations().up()


@pytest.mark.parametrize(
    "before",
    [
        pytest.param({"launch_type": "EC2"}, id="from-instances"),
        pytest.param(
            {"capacity_provider_strategies": [{"capacity_provider": "FARGATE", "weight": 1}]}, id="from-fargate"
        ),
    ],
)
def test_tasks_move_to_another_place_with_a_new_service(workshop: Workshop, before: dict[str, t.Any]) -> None:
    spot = [{"capacity_provider": "FARGATE_SPOT", "weight": 1}]
    write_service(workshop, **before)
    moved = write_service(workshop, capacity_provider_strategies=spot)
    # The name is taken until the old one is gone.
    assert (moved[Step.REPLACE], moved.writing_calls) == (1, {"DeleteService": 1, "CreateService": 1})
    assert write_service(workshop, capacity_provider_strategies=spot).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_a_setting_that_cannot_be_taken_away_from_a_service_is_named(workshop: Workshop) -> None:
    write_service(workshop, network_configuration={"subnets": ["subnet-1"]})
    with pytest.raises(LocalEngineError, match="cannot forget its networkConfiguration; give it another value"):
        write_service(workshop)


def test_a_capacity_provider_that_is_gone_is_gone(workshop: Workshop) -> None:
    cloud = Cloud(workshop.endpoint, REGION)
    handler = handler_for("aws:ecs/capacityProvider:CapacityProvider", cloud)
    arn = "arn:aws:autoscaling:ap-northeast-1:000000000000:autoScalingGroup:1:autoScalingGroupName/g"
    inputs = {"name": "p", "autoScalingGroupProvider": {"autoScalingGroupArn": arn}, "tags": {"user": "owner"}}
    id_ = handler.create(inputs)
    assert handler.read(id_, inputs)
    assert cloud.client("ecs").list_tags_for_resource(resourceArn=id_)["tags"] == [{"key": "user", "value": "owner"}]
    handler.update(id_, inputs, {**inputs, "tags": {"team": "shop"}})
    assert cloud.client("ecs").list_tags_for_resource(resourceArn=id_)["tags"] == [{"key": "team", "value": "shop"}]
    for _again in range(2):
        handler.delete(id_, inputs)
        assert handler.read(id_, inputs) is None
