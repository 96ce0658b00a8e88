"""For the tests of functions, the edge and what watches: components alone under mocks, and what they leave behind."""

from __future__ import annotations

import asyncio
import contextvars
import fnmatch
import json
import typing as t
from collections.abc import Callable

import pulumi
import pulumi_aws as aws
from components.arns import Arns
from components.names import Names
from components.policies import Statement, document
from local_engine.cloud import Cloud
from pulumi.runtime.stack import run_pulumi_func
from tagging import tag_everything

from tests.account import contents
from tests.recorded_program import ACCOUNT, REGION, Program, Recorded

STACK = "course-test"
NAMES = Names(STACK)
ARNS = Arns(region=REGION, account=ACCOUNT)
TAGS = {"user": "owner", "please_keep_it": "true"}

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


class _Recorder(pulumi.runtime.Mocks):
    def __init__(self, program: Program) -> None:
        self._program = program

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, t.Any]]:
        if args.typ.startswith("slipway:"):
            return None, {}
        self._program.resources.append(Recorded(args.typ, args.name, args.inputs))
        service = args.typ.split(":")[1].split("/")[0]
        made_up: dict[str, t.Any] = {
            "arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{args.name}",
            "bucket": args.name,
            "bucketRegionalDomainName": f"{args.name}.s3.{REGION}.amazonaws.com",
            "domainName": f"{args.name}.cloudfront.net",
            "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{args.name}",
            "hostedZoneId": "Z1",
            "invokeArn": f"invoke/{args.name}",
            "invokeUrl": f"https://{args.name}.execute-api.amazonaws.com/live",
            "name": args.name,
            "regionalDomainName": f"{args.name}.regional",
            "regionalZoneId": "Z2",
            "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{args.inputs.get('name')}",
            "rootResourceId": f"{args.name}-root",
            "version": "1",
        }
        return f"{args.name}-id", {**made_up, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, t.Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the component calls {args.token}")


def record(build: Callable[[], t.Mapping[str, t.Any] | None]) -> Program:
    """Run a few lines of a program under mocks; what they return becomes the outputs."""
    program = Program(STACK)
    contextvars.copy_context().run(_run, program, build)
    return program


def _run(program: Program, build: Callable[[], t.Mapping[str, t.Any] | None]) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_inside(program, build))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _inside(program: Program, build: Callable[[], t.Mapping[str, t.Any] | None]) -> None:
    pulumi.runtime.set_mocks(_Recorder(program), project="slipway", stack=program.stack)
    found: dict[str, t.Any] = {}

    def main() -> None:
        tag_everything(TAGS)
        found.update(build() or {})

    await run_pulumi_func(main)
    program.outputs = await pulumi.Output.from_input(found).future() or {}


def rendered(statements: t.Sequence[Statement]) -> list[dict[str, t.Any]]:
    """Return statements as they reach AWS."""
    text = record(lambda: {"policy": document(statements)}).outputs["policy"]
    return t.cast("list[dict[str, t.Any]]", json.loads(text)["Statement"])


def allows(statements: t.Sequence[t.Mapping[str, t.Any]], action: str, resource: str) -> bool:
    """Say whether statements grant an action on a resource, whatever their conditions ask beside that."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatch.fnmatchcase(action.lower(), given.lower()) for given in statement["Action"])
        and any(fnmatch.fnmatchcase(resource, given) for given in statement["Resource"])
        for statement in statements
    )


def untagged(program: Program) -> list[str]:
    """Return the resources that can carry tags and do not carry the mandatory ones."""
    return [
        r.name for r in program.resources if _takes_tags(r.type) and TAGS.items() - (r.inputs.get("tags") or {}).items()
    ]


def _takes_tags(token: str) -> bool:
    _package, path, name = token.split(":")
    module = path.split("/")[0]
    # A word of Python's own gets an underscore.
    resource: t.Any = getattr(getattr(aws, "lambda_" if module == "lambda" else module), name)
    return "tags" in resource._internal_init.__annotations__


def misnamed(program: Program) -> list[str]:
    return [resource.name for resource in program.resources if not resource.name.startswith(STACK)]


def source(body: str, *, tags: t.Mapping[str, str] = TAGS) -> str:
    """Return a program: the usual beginning, and what a test is about."""
    return HEAD.format(tags=dict(tags)) + body


def steps(outcome: t.Any) -> dict[str, int]:
    """Return what happened, without what did not."""
    return {step.value: number for step, number in outcome.counts.items() if number and step.value != "same"}


def left(cloud: Cloud) -> dict[str, set[str]]:
    """Return everything there is in an account, functions and the edge among it."""
    functions, apis, cloudwatch = cloud.client("lambda"), cloud.client("apigateway"), cloud.client("cloudwatch")
    waf, sns = cloud.client("wafv2"), cloud.client("sns")
    certificates = cloud.client("acm").list_certificates()["CertificateSummaryList"]
    found = {
        "lambda functions": {item["FunctionName"] for item in functions.list_functions()["Functions"]},
        "apis": {item["id"] for item in apis.get_rest_apis()["items"]},
        "api domains": {item["domainName"] for item in apis.get_domain_names()["items"]},
        "api logging": {role for role in [apis.get_account().get("cloudwatchRoleArn")] if role},
        "web acls": {
            item["ARN"] for scope in ("REGIONAL", "CLOUDFRONT") for item in waf.list_web_acls(Scope=scope)["WebACLs"]
        },
        "topics": {item["TopicArn"] for item in sns.list_topics()["Topics"]},
        "subscriptions": {item["SubscriptionArn"] for item in sns.list_subscriptions()["Subscriptions"]},
        "dashboards": {item["DashboardName"] for item in cloudwatch.list_dashboards()["DashboardEntries"]},
        "certificates": {item["CertificateArn"] for item in certificates},
        "policies": {item["Arn"] for item in cloud.client("iam").list_policies(Scope="Local")["Policies"]},
    }
    return {**contents(cloud), **{kind: items for kind, items in found.items() if items}}
