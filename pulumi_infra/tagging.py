"""The mandatory tags, put on every resource that takes tags, whichever file creates it."""

from __future__ import annotations

import typing as t

import pulumi


def with_tags(
    args: pulumi.ResourceTransformationArgs, mandatory: t.Mapping[str, str]
) -> pulumi.ResourceTransformationResult | None:
    """Add the mandatory tags to a resource, if it is of a kind that can be tagged."""
    # The AWS classes pass every property they know, set or not: the key alone says that the type takes tags.
    if not args.type_.startswith("aws:") or "tags" not in args.props:
        return None
    own: pulumi.Output[t.Any] = pulumi.Output.from_input(args.props["tags"])
    tags: pulumi.Output[t.Any]
    if args.type_ == "aws:autoscaling/group:Group":
        # A list here, whose entries say whether the group's instances carry them too.
        listed = [{"key": key, "value": value, "propagate_at_launch": True} for key, value in mandatory.items()]
        tags = own.apply(lambda given: [*(given or []), *listed])
    else:
        tags = own.apply(lambda given: {**(given or {}), **mandatory})
    return pulumi.ResourceTransformationResult(props={**args.props, "tags": tags}, opts=args.opts)


def tag_everything(mandatory: t.Mapping[str, str]) -> None:
    """Apply L(with_tags) to all resources of the running stack."""
    pulumi.runtime.register_stack_transformation(lambda args: with_tags(args, mandatory))


__all__ = ("tag_everything", "with_tags")
