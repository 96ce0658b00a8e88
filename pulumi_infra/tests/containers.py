"""For the tests of where containers run: components alone under mocks, and what they leave in the local cloud."""

from __future__ import annotations

import asyncio
import contextvars
import json
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field

import pulumi
from components.arns import Arns
from components.container_service import ContainerServiceArgs, Route
from components.names import Names
from local_engine.cloud import Cloud
from pulumi.runtime.stack import run_pulumi_func

from tests.account import contents
from tests.recorded_program import ACCOUNT, REGION, Program, Recorded

STACK = "shop-test"
NAMES = Names(STACK)
ARNS = Arns(region=REGION, account=ACCOUNT)
ZONES = [f"{REGION}a", f"{REGION}c"]
PREFIX_LIST = "pl-0123456789abcdef0"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
SOURCES = ("cidrIpv4", "prefixListId", "referencedSecurityGroupId")
GROUP = "aws:ec2/securityGroup:SecurityGroup"
SERVICE = "aws:ecs/service:Service"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


@dataclass
class _Recorder(pulumi.runtime.Mocks):
    program: Program
    calls: list[pulumi.runtime.MockCallArgs] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, t.Any]]:
        if args.typ.startswith("slipway:"):
            return None, {}
        self.program.resources.append(Recorded(args.typ, args.name, args.inputs))
        made_up: dict[str, t.Any] = {
            "arn": f"arn:aws:{args.typ.split(':')[1].split('/')[0]}:{REGION}:{ACCOUNT}:{args.name}",
            "arnSuffix": f"suffix/{args.name}",
            "dnsName": f"{args.name}.elb.amazonaws.com",
            "name": args.name,
            "zoneId": f"{args.name}-zone",
            "latestVersion": 3,
            "allocationId": f"eipalloc-{args.name}",
            "publicDns": f"{args.name}.compute.amazonaws.com",
            "nameServers": ["ns-1.example.net"],
            "fqdn": str(args.inputs.get("name", "")).rstrip("."),
        }
        if args.typ == "aws:acm/certificate:Certificate":
            made_up["domainValidationOptions"] = _proofs(args.inputs)
        return f"{args.name}-id", {**made_up, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, t.Any], list[tuple[str, str]] | None]:
        self.calls.append(args)
        answers: dict[str, dict[str, t.Any]] = {
            "aws:ec2/getManagedPrefixList:getManagedPrefixList": {"id": PREFIX_LIST},
            "aws:route53/getZone:getZone": {"id": "Z1", "zoneId": "Z1", "nameServers": ["ns-2.example.net"]},
        }
        return answers[args.token], []


def _proofs(inputs: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    """Answer as ACM does: in no order, and the same record for a name and for all names under it."""
    domains = [inputs["domainName"], *inputs.get("subjectAlternativeNames", [])]
    bases = {domain: domain.removeprefix("*.") for domain in domains}
    return [
        {
            "domainName": domain,
            "resourceRecordName": f"_proof.{bases[domain]}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": f"value-of-{bases[domain]}.",
        }
        for domain in reversed(domains)
    ]


def record(build: Callable[[], t.Any]) -> Program:
    """Run a few lines of a program under mocks; what they return becomes the outputs."""
    program = Program(STACK)
    contextvars.copy_context().run(_run, program, build)
    return program


def _run(program: Program, build: Callable[[], t.Any]) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_inside(program, build))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _inside(program: Program, build: Callable[[], t.Any]) -> None:
    pulumi.runtime.set_mocks(_Recorder(program), project="slipway", stack=program.stack)
    found: dict[str, t.Any] = {}
    await run_pulumi_func(lambda: found.update(build() or {}))
    program.outputs = await pulumi.Output.from_input(found).future() or {}


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


def left(cloud: Cloud) -> dict[str, set[str]]:
    """Return everything there is in an account, with what only instances, names and certificates need."""
    ec2, autoscaling, ecs = cloud.client("ec2"), cloud.client("autoscaling"), cloud.client("ecs")
    groups = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    providers = ecs.describe_capacity_providers()["capacityProviders"]
    own = [item for item in providers if not item["name"].startswith("FARGATE") and item["status"] != "INACTIVE"]
    found = {
        "launch templates": {item["LaunchTemplateId"] for item in ec2.describe_launch_templates()["LaunchTemplates"]},
        "auto scaling groups": {item["AutoScalingGroupName"] for item in groups},
        "capacity providers": {item["name"] for item in own},
        "instance profiles": {
            item["InstanceProfileName"] for item in cloud.client("iam").list_instance_profiles()["InstanceProfiles"]
        },
        "certificates": {
            item["CertificateArn"] for item in cloud.client("acm").list_certificates()["CertificateSummaryList"]
        },
        "zones": {item["Id"] for item in cloud.client("route53").list_hosted_zones()["HostedZones"]},
    }
    return {**contents(cloud), **{kind: items for kind, items in found.items() if items}}
