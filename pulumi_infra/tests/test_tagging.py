"""The mandatory tags reach every resource, also where tags are a list."""

from __future__ import annotations

import asyncio
import typing as t

import pulumi
import pytest
from pulumi.runtime.mocks import Mocks
from tagging import with_tags

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
