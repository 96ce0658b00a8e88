"""Runs the whole program under Pulumi's mocks and keeps what it asked for."""

from __future__ import annotations

import asyncio
import contextvars
import json
import runpy
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
from local_engine.project import Project
from pulumi.runtime import config as sdk_config
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

PROGRAM = Path(__file__).resolve().parents[1]
ACCOUNT = "123456789012"
REGION = "ap-northeast-1"


@dataclass(frozen=True)
class Recorded:
    """One resource the program asked for."""

    type: str
    name: str
    inputs: dict[str, t.Any]


@dataclass
class Program:
    """Everything one run asked for, and what it exported."""

    stack: str
    resources: list[Recorded] = field(default_factory=list)
    outputs: dict[str, t.Any] = field(default_factory=dict)

    def of(self, type_: str) -> list[Recorded]:
        # By name: in which order the SDK registers what does not depend on each other is chance.
        return sorted((found for found in self.resources if found.type == type_), key=lambda found: found.name)

    def one(self, type_: str, ending: str = "") -> Recorded:
        found = [resource for resource in self.of(type_) if resource.name.endswith(ending)]
        assert len(found) == 1, f"{len(found)} of {type_} end with {ending!r}"
        return found[0]

    def policy(self, ending: str) -> list[dict[str, t.Any]]:
        """Return the statements of the role whose name ends so."""
        document = json.loads(self.one("aws:iam/rolePolicy:RolePolicy", ending).inputs["policy"])
        return t.cast("list[dict[str, t.Any]]", document["Statement"])

    def trust(self, ending: str) -> list[dict[str, t.Any]]:
        document = json.loads(self.one("aws:iam/role:Role", ending).inputs["assumeRolePolicy"])
        return t.cast("list[dict[str, t.Any]]", document["Statement"])


class _Recorder(pulumi.runtime.Mocks):
    def __init__(self, program: Program) -> None:
        self._program = program

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, t.Any]]:
        if args.typ.startswith("slipway:"):
            return None, {}
        self._program.resources.append(Recorded(args.typ, args.name, args.inputs))
        identifier = f"{args.name}-id"
        made_up = {
            "arn": f"arn:aws:{args.typ.split(':')[1].split('/')[0]}:{REGION}:{ACCOUNT}:{args.name}",
            "arnSuffix": f"suffix/{args.name}",
            "bucket": args.name,
            "bucketRegionalDomainName": f"{args.name}.s3.{REGION}.amazonaws.com",
            "dnsName": f"{args.name}.elb.amazonaws.com",
            "domainName": f"{args.name}.cloudfront.net",
            "name": args.name,
            "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{args.name}",
        }
        if args.typ == "aws:ecs/service:Service":
            identifier = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{args.inputs['name']}/{args.name}"
        return identifier, {**made_up, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, t.Any], list[tuple[str, str]] | None]:
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":
            return {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "userId": ACCOUNT, "id": ACCOUNT}, []
        if args.token == "aws:index/getAvailabilityZones:getAvailabilityZones":
            return {"names": [f"{REGION}a", f"{REGION}c", f"{REGION}d"], "id": REGION}, []
        raise AssertionError(f"the program calls {args.token}")


def record(stack: str, overrides: t.Mapping[str, str] | None = None) -> Program:
    """Run the program for a stack, with some of its configuration replaced."""
    program = Program(stack)
    values, _secret = Project.load(PROGRAM, stack).config()
    config = {**values, **(overrides or {})}
    contextvars.copy_context().run(_run, program, config)
    return program


def _run(program: Program, config: dict[str, str]) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_inside(program, config))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _inside(program: Program, config: dict[str, str]) -> None:
    pulumi.runtime.set_mocks(_Recorder(program), project="slipway", stack=program.stack)
    sdk_config.set_all_config(config)
    await run_pulumi_func(_run_main)
    root = get_root_resource()
    assert isinstance(root, Stack)
    program.outputs = await pulumi.Output.from_input(root.outputs).future() or {}


def _run_main() -> None:
    runpy.run_path(str(PROGRAM / "__main__.py"), run_name="__main__")
