"""The mandatory tags reach every resource of every stack, also where tags are a list."""

from __future__ import annotations

import asyncio
import copy
import typing as t

import pulumi
import pytest
from components.cluster import Cluster, ClusterArgs
from components.instances import InstancesArgs
from pulumi.runtime.mocks import Mocks
from tagging import with_tags

from tests.parts import ARNS, NAMES, TAGS
from tests.parts import record as record_part
from tests.recorded_program import STACKS, Program, Recorded, record
from tests.tags import GROUP, MADE_BY_TEMPLATES, TEMPLATE, takes_tags, untagged

MANDATORY = {"system": "try"}


class Nothing(Mocks):
    """Answers nothing, because nothing is asked."""

    def new_resource(self, args: t.Any) -> tuple[str, dict[str, t.Any]]:
        return args.name, args.inputs

    def call(self, args: t.Any) -> t.Any:
        return dict(args.args)


@pytest.mark.parametrize(
    ("token", "own", "expected"),
    [
        ("aws:s3/bucket:Bucket", None, {"system": "try"}),
        ("aws:s3/bucket:Bucket", {"Name": "x", "system": "other"}, {"Name": "x", "system": "try"}),
        (
            "aws:autoscaling/group:Group",
            [{"key": "Name", "value": "x", "propagate_at_launch": False}],
            [
                {"key": "Name", "value": "x", "propagate_at_launch": False},
                {"key": "system", "value": "try", "propagate_at_launch": True},
            ],
        ),
        ("aws:autoscaling/group:Group", None, [{"key": "system", "value": "try", "propagate_at_launch": True}]),
    ],
    ids=["none", "own", "list", "no list"],
)
def test_mandatory_tags_win(token: str, own: t.Any, expected: t.Any) -> None:
    found: list[t.Any] = []

    async def look() -> None:
        pulumi.runtime.set_mocks(Nothing())
        args = pulumi.ResourceTransformationArgs(
            resource=t.cast("pulumi.Resource", None),
            type_=token,
            name="x",
            props={"tags": own},
            opts=pulumi.ResourceOptions(),
        )
        changed = with_tags(args, MANDATORY)
        assert changed is not None
        tags: pulumi.Output[t.Any] = pulumi.Output.from_input(changed.props["tags"])
        found.append(await tags.future())

    asyncio.run(look())
    assert found == [expected]


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest) -> Program:
    """Each stack there is a file of: a new one joins by itself."""
    return record(request.param)


def test_every_resource_of_every_stack_has_the_tags(stack: Program) -> None:
    assert sum(takes_tags(resource.type) for resource in stack.resources) > 10
    assert untagged(stack) == []


def test_one_resource_without_its_tags_is_found(stack: Program) -> None:
    """Each in its turn: all of them, and one tag of them."""
    for number, resource in enumerate(stack.resources):
        if not takes_tags(resource.type):
            continue
        for tag in (None, *stack.tags):
            inputs = copy.deepcopy(resource.inputs)
            inputs["tags"] = without(inputs["tags"], tag)
            lacking = copy.copy(stack)
            lacking.resources = list(stack.resources)
            lacking.resources[number] = Recorded(resource.type, resource.name, inputs)
            assert untagged(lacking) == [f"{resource.type} {resource.name}"]


def without(tags: t.Any, tag: str | None) -> t.Any:
    if tag is None:
        return None
    if isinstance(tags, list):
        return [item for item in tags if item["key"] != tag]
    return {key: value for key, value in tags.items() if key != tag}


def instances(tags: t.Mapping[str, str]) -> Program:
    args = InstancesArgs(names=NAMES, arns=ARNS, vpc_id="vpc-1", subnet_ids=["subnet-1"], tags=tags)
    return record_part(lambda: Cluster("cluster", ClusterArgs(names=NAMES, instances=args)) and {})


def test_what_a_launch_template_makes_has_the_tags_too() -> None:
    assert untagged(instances(TAGS)) == []
    template = f"{TEMPLATE} {NAMES('instances')}"
    assert untagged(instances({})) == [f"{template}: {kind}" for kind in MADE_BY_TEMPLATES]


def test_instances_get_the_tags_of_their_group_when_they_start() -> None:
    program = instances(TAGS)
    group = program.one(GROUP)
    group.inputs["tags"] = [{**tag, "propagateAtLaunch": False} for tag in group.inputs["tags"]]
    assert untagged(program) == [f"{GROUP} {group.name}"]


@pytest.mark.parametrize(
    ("token", "taken"),
    [
        ("aws:lambda/function:Function", True),
        (GROUP, True),
        ("aws:iam/rolePolicy:RolePolicy", False),
        ("slipway:network:Network", False),
    ],
)
def test_the_provider_says_what_takes_tags(token: str, taken: bool) -> None:
    assert takes_tags(token) is taken
