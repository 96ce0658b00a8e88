"""For the tests of what keeps data: components alone under mocks, and what they leave in the local cloud."""

from __future__ import annotations

import asyncio
import contextvars
import typing as t
from collections.abc import Callable

import pulumi
from components.arns import Arns
from components.names import Names
from local_engine.cloud import Cloud
from pulumi.runtime.stack import run_pulumi_func
from tagging import tag_everything

from tests.account import contents
from tests.recorded_program import ACCOUNT, REGION, Program, Recorded

STACK = "agents-test"
NAMES = Names(STACK)
ARNS = Arns(region=REGION, account=ACCOUNT)
TAGS = {"user": "owner"}
FOUND_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:found-abc123"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-111122223333"

HEAD = """
import pulumi
import pulumi_aws as aws
from components.arns import Arns
from components.names import Names
from tagging import tag_everything

names = Names("try")
arns = Arns(region="ap-northeast-1", account="000000000000")
tag_everything({tags!r})
"""
NETWORK = """
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnets = [
    aws.ec2.Subnet(f"private-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=zone)
    for index, zone in enumerate(["ap-northeast-1a", "ap-northeast-1b", "ap-northeast-1c"])
]
client = aws.ec2.SecurityGroup("client", vpc_id=vpc.id, description="Whoever may connect")
other = aws.ec2.SecurityGroup("other", vpc_id=vpc.id, description="Whoever else may")
"""


class _Recorder(pulumi.runtime.Mocks):
    def __init__(self, program: Program) -> None:
        self._program = program
        self.calls: list[pulumi.runtime.MockCallArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, t.Any]]:
        if args.typ.startswith("slipway:"):
            return None, {}
        self._program.resources.append(Recorded(args.typ, args.name, args.inputs))
        made_up: dict[str, t.Any] = {
            "arn": f"arn:aws:{args.typ.split(':')[1].split('/')[0]}:{REGION}:{ACCOUNT}:{args.name}",
            "name": args.name,
            "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{args.name}",
            "endpoint": f"{args.name}.cluster-x.{REGION}.rds.amazonaws.com",
            "masterUserSecrets": [{"secretArn": f"{FOUND_SECRET[:-12]}rds-abc123", "kmsKeyId": "k"}],
        }
        return f"{args.name}-id", {**made_up, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, t.Any], list[tuple[str, str]] | None]:
        assert args.token == "aws:secretsmanager/getSecret:getSecret", args.token
        return {"arn": FOUND_SECRET, "name": args.args["name"], "id": FOUND_SECRET}, []


def record(build: Callable[[], t.Mapping[str, t.Any]]) -> Program:
    """Run a few lines of a program under mocks; what they return becomes the outputs."""
    program = Program(STACK)
    contextvars.copy_context().run(_run, program, build)
    return program


def _run(program: Program, build: Callable[[], t.Mapping[str, t.Any]]) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_inside(program, build))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _inside(program: Program, build: Callable[[], t.Mapping[str, t.Any]]) -> None:
    pulumi.runtime.set_mocks(_Recorder(program), project="slipway", stack=program.stack)
    found: dict[str, t.Any] = {}

    def main() -> None:
        tag_everything(TAGS)
        found.update(build())

    await run_pulumi_func(main)
    program.outputs = await pulumi.Output.from_input(found).future() or {}


def untagged(program: Program, types: t.Collection[str]) -> list[str]:
    """Return the resources of these types that do not carry the mandatory tags."""
    return [
        r.name for r in program.resources if r.type in types and TAGS.items() - (r.inputs.get("tags") or {}).items()
    ]


def kept(cloud: Cloud) -> dict[str, set[str]]:
    """Return everything there is in an account, the stores of data among it."""
    return {**contents(cloud), **{kind: found for kind, found in _stores(cloud).items() if found}}


def _stores(cloud: Cloud) -> dict[str, set[str]]:
    efs, rds, backup = cloud.client("efs"), cloud.client("rds"), cloud.client("backup")
    cloudmap, secrets = cloud.client("servicediscovery"), cloud.client("secretsmanager")
    plans = {item["BackupPlanId"] for item in backup.list_backup_plans()["BackupPlansList"]}
    return {
        "queues": set(cloud.client("sqs").list_queues().get("QueueUrls", [])),
        "file systems": {item["FileSystemId"] for item in efs.describe_file_systems()["FileSystems"]},
        "access points": {item["AccessPointId"] for item in efs.describe_access_points()["AccessPoints"]},
        "database clusters": {item["DBClusterIdentifier"] for item in rds.describe_db_clusters()["DBClusters"]},
        "database instances": {item["DBInstanceIdentifier"] for item in rds.describe_db_instances()["DBInstances"]},
        "subnet groups": {
            item["DBSubnetGroupName"]
            for item in rds.describe_db_subnet_groups()["DBSubnetGroups"]
            if item["DBSubnetGroupName"] != "default"
        },
        "parameter groups": {
            item["DBClusterParameterGroupName"]
            for item in rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"]
            if not item["DBClusterParameterGroupName"].startswith("default.")
        },
        "namespaces": {item["Id"] for item in cloudmap.list_namespaces()["Namespaces"]},
        "names": {item["Id"] for item in cloudmap.list_services()["Services"]},
        "zones": {item["Id"] for item in cloud.client("route53").list_hosted_zones()["HostedZones"]},
        "vaults": {item["BackupVaultName"] for item in backup.list_backup_vaults()["BackupVaultList"]},
        "plans": plans,
        "secrets": {item["ARN"] for item in secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]},
    }


def source(body: str, *, network: bool = False, tags: t.Mapping[str, str] = TAGS) -> str:
    """Return a program: the usual beginning, perhaps a network, and what a test is about."""
    return HEAD.format(tags=dict(tags)) + (NETWORK if network else "") + body


def steps(outcome: t.Any) -> dict[str, int]:
    """Return what happened, without what did not."""
    return {step.value: number for step, number in outcome.counts.items() if number and step.value != "same"}
