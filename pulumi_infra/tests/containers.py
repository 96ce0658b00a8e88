"""For the tests of where containers run: services that work, and what to look at in what was made."""

from __future__ import annotations

import json
import typing as t

from components.container_service import ContainerServiceArgs, Route

from tests.invented import REGION
from tests.parts import NAMES
from tests.recorded_program import Program

ZONES = [f"{REGION}a", f"{REGION}c"]
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
SOURCES = ("cidrIpv4", "prefixListId", "referencedSecurityGroupId")
GROUP = "aws:ec2/securityGroup:SecurityGroup"
SERVICE = "aws:ecs/service:Service"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


def service_args(**changes: t.Any) -> ContainerServiceArgs:
    """Return a service that works, with what a test is about changed."""
    given = {
        "names": NAMES,
        "service": "api",
        "region": REGION,
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-1", "subnet-2"],
        "cluster_arn": "arn:cluster",
        "image": "registry.example/api:1",
        "port": 8000,
        "task_role_arn": "arn:task",
        "execution_role_arn": "arn:execution",
    }
    return ContainerServiceArgs(**{**given, **changes})


def route(**changes: t.Any) -> Route:
    given = {"listener_arn": "arn:listener", "security_group_id": "sg-alb", "paths": ["/api/*"], "priority": 10}
    return Route(**{**given, **changes})


def containers_of(program: Program) -> list[dict[str, t.Any]]:
    definition = program.one(DEFINITION).inputs["containerDefinitions"]
    return t.cast("list[dict[str, t.Any]]", json.loads(definition))


def doors(program: Program) -> set[tuple[str, int, int, str]]:
    """Return who may come in where: the group, the first and the last port, and the source."""

    def source(inputs: t.Mapping[str, t.Any]) -> str:
        return next(str(inputs[key]) for key in SOURCES if key in inputs)

    return {
        (rule.inputs["securityGroupId"], int(rule.inputs["fromPort"]), int(rule.inputs["toPort"]), source(rule.inputs))
        for rule in program.of(INGRESS)
    }


def spoken(client: t.Any) -> list[tuple[str, dict[str, t.Any]]]:
    """Return what a client asks of the cloud from now on: for what the emulator takes and does not tell again."""
    calls: list[tuple[str, dict[str, t.Any]]] = []
    client.meta.events.register(
        "provide-client-params.*.*", lambda params, model, **_: calls.append((model.name, params))
    )
    return calls
