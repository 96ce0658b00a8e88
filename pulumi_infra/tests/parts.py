"""For the tests of components alone: under mocks, and as small programs for the local cloud."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from components.arns import Arns
from components.names import Names
from tagging import tag_everything

from tests.invented import ACCOUNT, REGION
from tests.recorded_program import Program, run

STACK = "shop-test"
NAMES = Names(STACK)
ARNS = Arns(region=REGION, account=ACCOUNT)
TAGS = {"user": "owner"}

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


def record(build: Callable[[], t.Any]) -> Program:
    """Run a few lines of a program under mocks; what they return becomes the outputs."""

    def main() -> t.Any:
        tag_everything(TAGS)
        return build()

    return run(Program(STACK, TAGS), main, {})


def misnamed(program: Program) -> list[str]:
    """Return the resources whose name does not start with the stack's."""
    return [resource.name for resource in program.resources if not resource.name.startswith(program.stack)]


def source(body: str, *, network: bool = False, tags: t.Mapping[str, str] = TAGS) -> str:
    """Return a program: the usual beginning, perhaps a network, and what a test is about."""
    return HEAD.format(tags=dict(tags)) + (NETWORK if network else "") + body


def steps(outcome: t.Any) -> dict[str, int]:
    """Return what happened, without what did not."""
    return {step.value: number for step, number in outcome.counts.items() if number and step.value != "same"}


__all__ = ("ARNS", "NAMES", "STACK", "TAGS", "misnamed", "record", "source", "steps")
