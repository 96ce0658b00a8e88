"""System 4 as its team describes it, and with what they had still to do."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.recorded_program import Program, record

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
SERVICES = {"api": 2, "frontend": 2, "agent-builds": 2, "status-updates": 2, "redis": 1}
STACK = "agent-platform-dev"


@pytest.fixture(scope="module")
def dev() -> Program:
    return record(STACK)


@pytest.fixture(scope="module")
def prod() -> Program:
    return record("agent-platform-prod")


def container(program: Program, service: str) -> dict[str, t.Any]:
    definition = program.one(DEFINITION, f"{program.stack}-{service}")
    return t.cast("dict[str, t.Any]", json.loads(definition.inputs["containerDefinitions"])[0])


def environment(program: Program, service: str) -> dict[str, str]:
    return {item["name"]: item["value"] for item in container(program, service)["environment"]}


def test_the_network_has_the_ranges_it_is_to_have(dev: Program) -> None:
    assert dev.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "10.0.0.0/16"
    subnets = {item.inputs["cidrBlock"]: item.inputs["tags"]["tier"] for item in dev.of("aws:ec2/subnet:Subnet")}
    assert subnets == {
        "10.0.10.0/24": "public",
        "10.0.11.0/24": "public",
        "10.0.20.0/24": "private",
        "10.0.21.0/24": "private",
    }
    assert len({item.inputs["availabilityZone"] for item in dev.of("aws:ec2/subnet:Subnet")}) == 2


def test_five_services_of_which_redis_is_one_task(dev: Program) -> None:
    counts = {item.inputs["name"].removeprefix(f"{STACK}-"): item.inputs["desiredCount"] for item in dev.of(SERVICE)}
    assert counts == SERVICES


def test_redis_never_runs_twice_and_the_others_overlap(dev: Program) -> None:
    for service in dev.of(SERVICE):
        bounds = (service.inputs["deploymentMinimumHealthyPercent"], service.inputs["deploymentMaximumPercent"])
        assert bounds == ((0, 100) if service.name.endswith("-redis") else (100, 200)), service.name


def test_redis_is_first_and_the_others_wait_for_it(dev: Program) -> None:
    after = {name: service["after"] for name, service in dev.outputs["delivery"]["services"].items()}
    assert after == {name: [] if name == "redis" else ["redis"] for name in SERVICES}


def test_paths_go_to_the_api_and_the_rest_to_the_front_end(dev: Program) -> None:
    rules = {rule.name.rpartition("-")[2]: rule.inputs for rule in dev.of("aws:lb/listenerRule:ListenerRule")}
    paths = {name: rule["conditions"][0]["pathPattern"]["values"] for name, rule in rules.items()}
    assert paths == {"api": ["/api/*", "/docs", "/redoc"], "frontend": ["/*"]}


def test_workers_have_no_load_balancer_and_no_port_and_run_the_apis_image(dev: Program) -> None:
    for worker, queue in {"agent-builds": "agent_builds", "status-updates": "status_updates"}.items():
        service = dev.one(SERVICE, f"-{worker}").inputs
        assert "loadBalancers" not in service
        assert "serviceRegistries" not in service
        made = container(dev, worker)
        assert made["portMappings"] == []
        assert made["command"][-2:] == ["--queues", queue]
        assert dev.outputs["delivery"]["services"][worker]["image"] == "api"
        assert "port" not in dev.outputs["delivery"]["services"][worker]


def test_every_container_mounts_the_files_and_redis_has_its_own_folder(dev: Program) -> None:
    points = {}
    for service in SERVICES:
        definition = dev.one(DEFINITION, f"{STACK}-{service}").inputs
        (volume,) = definition["volumes"]
        configuration = volume["efsVolumeConfiguration"]
        assert configuration["transitEncryption"] == "ENABLED"
        points[service] = configuration["authorizationConfig"]["accessPointId"].removeprefix(f"{STACK}-files-")
        assert [mount["containerPath"] for mount in container(dev, service)["mountPoints"]] == ["/mnt/efs"]
    assert points == {**dict.fromkeys(SERVICES, "shared-id"), "redis": "redis-id"}
    assert container(dev, "redis")["command"][:3] == ["redis-server", "--dir", "/mnt/efs"]


def test_redis_and_the_api_are_found_by_name(dev: Program) -> None:
    assert environment(dev, "api")["REDIS_URL"] == f"redis://redis.{STACK}.local:6379/0"
    assert environment(dev, "frontend")["API_URL"] == f"http://api.{STACK}.local:8000"
    registered = {item.inputs["name"] for item in dev.of(SERVICE) if item.inputs.get("serviceRegistries")}
    assert registered == {f"{STACK}-redis", f"{STACK}-api"}


def test_who_reaches_which_port(dev: Program) -> None:
    groups = {
        f"{group.name}-id": group.name.removeprefix(f"{STACK}-")
        for group in dev.of("aws:ec2/securityGroup:SecurityGroup")
    }
    found = {
        (
            groups[rule.inputs["securityGroupId"]],
            rule.inputs["fromPort"],
            groups.get(rule.inputs.get("referencedSecurityGroupId", ""), rule.inputs.get("cidrIpv4")),
        )
        for rule in dev.of(INGRESS)
    }
    assert found == {
        ("alb", 80, "0.0.0.0/0"),
        ("api-tasks", 8000, "alb"),
        ("api-tasks", 8000, "containers"),
        ("frontend-tasks", 3000, "alb"),
        ("redis-tasks", 6379, "containers"),
        ("files-mounts", 2049, "containers"),
    }


def test_what_each_role_may(dev: Program) -> None:
    def services(role: str) -> set[str]:
        return {action.split(":")[0] for statement in dev.policy(role) for action in statement["Action"]}

    assert services("api-task") == {"dynamodb", "sqs", "bedrock", "elasticfilesystem"}
    assert services("redis-task") == services("frontend-task") == {"elasticfilesystem"}
    assert services("api-execution") == {"ecr", "logs"}
    (receiving,) = [s for s in dev.policy("agent-builds-task") if "sqs:ReceiveMessage" in s["Action"]]
    assert [arn.rpartition(":")[2] for arn in receiving["Resource"]] == [f"{STACK}-agent-builds"]


def test_queues_keep_what_failed_and_are_watched(dev: Program) -> None:
    queues = {item.name.removeprefix(f"{STACK}-") for item in dev.of("aws:sqs/queue:Queue")}
    assert queues == {"agent-builds", "agent-builds-failed", "status-updates", "status-updates-failed"}
    metrics = [alarm.inputs["metricName"] for alarm in dev.of("aws:cloudwatch/metricAlarm:MetricAlarm")]
    assert metrics.count("ApproximateAgeOfOldestMessage") == 2
    assert metrics.count("ApproximateNumberOfMessagesVisible") == 2


def test_what_they_had_still_to_do_is_on_in_prod(prod: Program) -> None:
    listeners = {listener.inputs["port"] for listener in prod.of("aws:lb/listener:Listener")}
    assert listeners == {80, 443}
    scaled = {item.name.removeprefix("agent-platform-prod-") for item in prod.of("aws:appautoscaling/target:Target")}
    assert scaled == set(SERVICES) - {"redis"}
    (selection,) = prod.of("aws:backup/selection:Selection")
    assert len(selection.inputs["resources"]) == 4
    assert prod.one("aws:backup/vaultLockConfiguration:VaultLockConfiguration").inputs["minRetentionDays"] == 7
    assert prod.outputs["delivery"]["endpoints"] == {"public": "https://agents.example.com"}


def test_redis_cannot_be_made_to_scale() -> None:
    sizes = {"redis": {"maximum": 2}}
    with pytest.raises(ValueError, match="redis is stateful, so it is one task and never two"):
        record(STACK, {"slipway:services": json.dumps(sizes)})
