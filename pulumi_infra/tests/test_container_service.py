"""The three shapes of a service, where it runs, and what its containers get."""

from __future__ import annotations

import typing as t

import pulumi
import pytest
from components.container_service import (
    ContainerService,
    HealthCheck,
    Ingress,
    OnInstances,
    Volume,
    json_key,
)

from tests.containers import DEFINITION, EGRESS, GROUP, SERVICE, containers_of, doors, route, service_args
from tests.parts import record
from tests.recorded_program import Program

RULE = "aws:lb/listenerRule:ListenerRule"
TARGET = "aws:lb/targetGroup:TargetGroup"
TASKS = "shop-test-api-tasks-id"
VOLUME = Volume(name="data", file_system_id="fs-1", access_point_id="fsap-1", path="/mnt/efs")
SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop-abc123"


def service(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        made = ContainerService("service", service_args(**changes))
        return {"group": made.security_group_id}

    return record(build)


def instances(**changes: t.Any) -> dict[str, t.Any]:
    """Return what puts a service on instances."""
    given = {"capacity_provider": "shop-instances", "security_group_id": "sg-instances", "host_port": 3000, **changes}
    return {"on_instances": OnInstances(**given), "subnet_ids": (), "port": 3000}


def percentages(program: Program) -> tuple[int, int]:
    inputs = program.one(SERVICE).inputs
    return inputs["deploymentMinimumHealthyPercent"], inputs["deploymentMaximumPercent"]


# -- three shapes --


def test_behind_a_load_balancer() -> None:
    program = service(route=route(paths=["/api/*", "/docs", "/redoc"], health_path="/ready"))
    assert percentages(program) == (100, 200)
    inputs = program.one(SERVICE).inputs
    (target,) = inputs["loadBalancers"]
    assert (target["containerName"], target["containerPort"]) == ("app", 8000)
    assert inputs["healthCheckGracePeriodSeconds"] == 60
    rule = program.one(RULE).inputs
    assert (rule["listenerArn"], rule["priority"]) == ("arn:listener", 10)
    assert rule["conditions"] == [{"pathPattern": {"values": ["/api/*", "/docs", "/redoc"]}}]
    assert rule["actions"][0]["type"] == "forward"
    assert program.one(TARGET).inputs["healthCheck"]["path"] == "/ready"
    assert doors(program) == {(TASKS, 8000, 8000, "sg-alb")}
    out = {
        (rule.inputs["securityGroupId"], rule.inputs.get("referencedSecurityGroupId")) for rule in program.of(EGRESS)
    }
    assert ("sg-alb", TASKS) in out


def test_a_route_without_paths_takes_the_rest() -> None:
    rule = service(route=route(paths=(), priority=None)).one(RULE).inputs
    assert rule["conditions"] == [{"pathPattern": {"values": ["/*"]}}]
    assert rule["priority"] == 50000


def test_a_slow_start_is_given_its_time() -> None:
    slow = route(health_interval_seconds=90, health_timeout_seconds=30, grace_seconds=600, health_matcher="200-399")
    program = service(route=slow, desired_count=1, cpu=512, memory=1024)
    assert program.one(SERVICE).inputs["healthCheckGracePeriodSeconds"] == 600
    check = program.one(TARGET).inputs["healthCheck"]
    assert (check["interval"], check["timeout"], check["matcher"]) == (90, 30, "200-399")


def test_a_worker_is_reached_by_nobody() -> None:
    program = service(port=None)
    assert doors(program) == set()
    assert program.of(TARGET) == program.of(RULE) == []
    inputs = program.one(SERVICE).inputs
    assert "loadBalancers" not in inputs
    # AWS refuses a grace period where nothing asks for health.
    assert "healthCheckGracePeriodSeconds" not in inputs
    assert percentages(program) == (100, 200)
    assert containers_of(program)[0]["portMappings"] == []


def test_a_worker_has_no_target_group_to_ask_for() -> None:
    with pytest.raises(ValueError, match="api has no load balancer, so it has no target group"):
        record(lambda: {"suffix": ContainerService("s", service_args(port=None)).target_group_arn_suffix})


def test_a_stateful_task_is_gone_before_its_successor_comes() -> None:
    program = service(
        service="redis",
        stateful=True,
        desired_count=1,
        port=6379,
        volumes=[VOLUME],
        registry_arn="arn:registry",
        ingress=[Ingress(source="containers", port=6379, security_group_id="sg-peers")],
    )
    assert percentages(program) == (0, 100)
    inputs = program.one(SERVICE).inputs
    assert inputs["desiredCount"] == 1
    assert inputs["serviceRegistries"] == {"registryArn": "arn:registry"}
    assert doors(program) == {("shop-test-redis-tasks-id", 6379, 6379, "sg-peers")}


# -- where it runs --


def test_on_fargate_tasks_are_private_and_carry_their_groups() -> None:
    network = service(peer_group_ids=["sg-peers"]).one(SERVICE).inputs["networkConfiguration"]
    assert network == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": [TASKS, "sg-peers"],
        "assignPublicIp": False,
    }
    program = service()
    assert program.one(SERVICE).inputs["launchType"] == "FARGATE"
    assert program.one(DEFINITION).inputs["networkMode"] == "awsvpc"
    assert program.one(DEFINITION).inputs["requiresCompatibilities"] == ["FARGATE"]


@pytest.mark.parametrize("network", ["bridge", "host"])
def test_on_an_instance_a_fixed_port_is_held_by_one_task_at_a_time(network: t.Any) -> None:
    program = service(
        **instances(network=network),
        desired_count=1,
        ingress=[Ingress(source="cloudfront", port=3000, prefix_list_id="pl-1")],
    )
    inputs = program.one(SERVICE).inputs
    assert percentages(program) == (0, 100)
    assert inputs["capacityProviderStrategies"] == [{"capacityProvider": "shop-instances", "weight": 1}]
    assert "launchType" not in inputs
    assert "networkConfiguration" not in inputs
    definition = program.one(DEFINITION).inputs
    assert (definition["networkMode"], definition["requiresCompatibilities"]) == (network, ["EC2"])
    assert containers_of(program)[0]["portMappings"] == [{"containerPort": 3000, "protocol": "tcp", "hostPort": 3000}]
    # The instance's group is the one that traffic meets.
    assert program.of(GROUP) == []
    assert doors(program) == {("sg-instances", 3000, 3000, "pl-1")}
    assert program.outputs["group"] == "sg-instances"


def test_on_instances_a_load_balancer_finds_tasks_at_any_port() -> None:
    program = service(**instances(host_port=None), route=route())
    assert percentages(program) == (100, 200)
    assert containers_of(program)[0]["portMappings"][0]["hostPort"] == 0
    assert program.one(TARGET).inputs["targetType"] == "instance"
    assert doors(program) == {("sg-instances", 32768, 65535, "sg-alb")}


def test_on_an_instance_the_register_of_names_knows_the_port() -> None:
    program = service(**instances(), registry_arn="arn:registry")
    assert program.one(SERVICE).inputs["serviceRegistries"] == {
        "registryArn": "arn:registry",
        "containerName": "app",
        "containerPort": 3000,
    }


# -- what the containers get --


def test_secrets_are_references_and_never_values() -> None:
    # One secret with several JSON keys, and one parameter.
    def build() -> dict[str, t.Any]:
        arn = pulumi.Output.from_input(SECRET)
        secrets = {"DB_PASSWORD": json_key(arn, "db_password"), "API_KEY": json_key(arn, "api_key"), "P": "arn:ssm:p"}
        ContainerService("service", service_args(secrets=secrets, environment={"A": "b"}))
        return {}

    (container,) = containers_of(record(build))
    assert container["secrets"] == [
        {"name": "API_KEY", "valueFrom": f"{SECRET}:api_key::"},
        {"name": "DB_PASSWORD", "valueFrom": f"{SECRET}:db_password::"},
        {"name": "P", "valueFrom": "arn:ssm:p"},
    ]
    assert container["environment"] == [{"name": "A", "value": "b"}]


def test_files_are_mounted_through_an_access_point_over_tls_with_the_tasks_role() -> None:
    program = service(volumes=[VOLUME])
    assert program.one(DEFINITION).inputs["volumes"] == [
        {
            "name": "data",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-1",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
            },
        }
    ]
    assert containers_of(program)[0]["mountPoints"] == [
        {"sourceVolume": "data", "containerPath": "/mnt/efs", "readOnly": False}
    ]


def test_a_command_a_health_check_and_time_to_stop() -> None:
    check = HealthCheck(command="redis-cli ping", start_period_seconds=10)
    (container,) = containers_of(
        service(command=["celery", "-Q", "agent_builds"], health_check=check, stop_timeout_seconds=120)
    )
    assert container["command"] == ["celery", "-Q", "agent_builds"]
    assert container["stopTimeout"] == 120
    assert container["healthCheck"] == {
        "command": ["CMD-SHELL", "redis-cli ping"],
        "interval": 30,
        "timeout": 5,
        "retries": 3,
        "startPeriod": 10,
    }


def test_what_is_not_asked_for_is_left_out_of_the_definition() -> None:
    (container,) = containers_of(service())
    assert set(container) == {"name", "image", "essential", "portMappings", "environment", "logConfiguration"}
    assert container["essential"] is True
    assert container["logConfiguration"]["options"]["awslogs-group"] == "/ecs/shop-test/api"
    assert "volumes" not in service().one(DEFINITION).inputs


def test_sidecars_run_beside_the_container() -> None:
    def build() -> dict[str, t.Any]:
        sidecar = {"name": "otlp", "image": pulumi.Output.from_input("collector:1"), "essential": False}
        ContainerService("service", service_args(sidecars=[sidecar]))
        return {}

    own, beside = containers_of(record(build))
    assert own["name"] == "app"
    assert beside == {"name": "otlp", "image": "collector:1", "essential": False}


# -- what is refused --


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"stateful": True}, "never two: set desired_count to 1", id="two-stateful"),
        pytest.param(
            {"stateful": True, "desired_count": 1, "autoscaled": True}, "is stateful", id="autoscaled-stateful"
        ),
        pytest.param({"desired_count": 0}, "at least 1", id="no-task"),
        pytest.param({"port": None, "route": True}, "is to be reached, so it needs a port", id="route-without-port"),
        pytest.param({"subnet_ids": ()}, "needs subnet_ids", id="fargate-nowhere"),
        pytest.param({"cpu": 300}, "no 300 CPU units", id="cpu"),
        pytest.param({"memory": 4096}, "512 to 2048 MiB, not 4096", id="memory"),
        pytest.param({**instances(), "subnet_ids": ["s"]}, "leave subnet_ids", id="instances-in-subnets"),
        pytest.param({**instances(), "assign_public_ip": True}, "leave subnet_ids", id="instances-with-address"),
        pytest.param({**instances(), "peer_group_ids": ["sg"]}, "leave subnet_ids", id="instances-with-groups"),
        pytest.param(
            {**instances(host_port=None, network="host"), "route": True}, "give host_port", id="host-any-port"
        ),
        pytest.param({**instances(host_port=None), "registry_arn": "a"}, "give host_port", id="name-at-any-port"),
        pytest.param(
            {**instances(host_port=None), "ingress": [Ingress(source="x", port=1, cidr="10.0.0.0/8")]},
            "give host_port",
            id="ingress-at-any-port",
        ),
        pytest.param({**instances(), "port": None}, "so it needs one in the container", id="host-port-for-nothing"),
        pytest.param({**instances(network="host"), "port": 80}, "port 80 is the instance's", id="host-another-port"),
        pytest.param({"sidecars": [{"name": "app"}]}, "names a container twice: app, app", id="container-twice"),
        pytest.param(
            {"ingress": [Ingress(source="x", port=port, cidr="10.0.0.0/8") for port in (1, 2)]},
            "names a source of ingress twice: x, x",
            id="source-twice",
        ),
        pytest.param(
            {"secrets": {"A": "arn"}, "environment": {"A": "b"}}, "A both in its environment and as a secret", id="both"
        ),
        pytest.param({"volumes": [VOLUME, VOLUME]}, "mounts a volume twice", id="volume-twice"),
        pytest.param({"stop_timeout_seconds": 300}, "2 to 120 seconds to stop, not 300", id="stop"),
    ],
)
def test_a_service_that_cannot_work_is_refused(changes: dict[str, t.Any], words: str) -> None:
    if changes.get("route"):
        changes = {**changes, "route": route()}
    with pytest.raises(ValueError, match=words):
        service_args(**changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"paths": ()}, "cannot have the priority 10 as well", id="rest-with-priority"),
        pytest.param({"priority": None}, "has the priority None", id="no-priority"),
        pytest.param({"priority": 50000}, "below 50000", id="last-priority"),
        pytest.param({"paths": [f"/{n}" for n in range(6)]}, "at most 5 paths, not 6", id="six-paths"),
        pytest.param({"paths": ["api/*"]}, "are no path patterns", id="no-slash"),
        pytest.param({"health_path": "health"}, "a path starts with a slash", id="health-path"),
        pytest.param({"health_interval_seconds": 301}, "every 5 to 300 seconds", id="interval"),
        pytest.param({"health_timeout_seconds": 15}, "less than its interval of 15 s", id="timeout"),
        pytest.param({"healthy_after": 1}, "healthy_after is 1", id="healthy-after"),
        pytest.param({"grace_seconds": -1}, "grace_seconds cannot be negative", id="grace"),
    ],
)
def test_a_route_that_cannot_work_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        route(**changes)


@pytest.mark.parametrize("path", ["/", "data"])
def test_a_volume_is_mounted_in_a_folder(path: str) -> None:
    with pytest.raises(ValueError, match="cannot be mounted at"):
        Volume(name="data", file_system_id="fs-1", access_point_id="fsap-1", path=path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"command": ""}, "needs a command", id="command"),
        pytest.param({"interval_seconds": 1}, "interval_seconds of a container's health check is 1", id="interval"),
        pytest.param({"timeout_seconds": 61}, "ECS takes 2 to 60", id="timeout"),
        pytest.param({"retries": 0}, "ECS takes 1 to 10", id="retries"),
        pytest.param({"start_period_seconds": 301}, "ECS takes 0 to 300", id="start"),
    ],
)
def test_a_health_check_that_ecs_would_refuse_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        HealthCheck(**{"command": "true", **changes})
