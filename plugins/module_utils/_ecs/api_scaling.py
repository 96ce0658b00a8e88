# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""The Application Auto Scaling calls that hold the scaling of ECS services still, one function each."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import aws_call

Answer = dict[str, t.Any]

TARGETS_PER_CALL = 50
SERVICE = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


@aws_call("describe the scalable targets of the ECS services")
def describe_scalable_targets(scaling: t.Any, resources: t.Sequence[str]) -> list[Answer]:
    """Return the scalable targets there are of these resources; most services have none."""
    found: list[Answer] = []
    for start in range(0, len(resources), TARGETS_PER_CALL):
        request: Answer = {**SERVICE, "ResourceIds": list(resources[start : start + TARGETS_PER_CALL])}
        answer = scaling.describe_scalable_targets(**request)
        found += answer.get("ScalableTargets", [])
        while answer.get("NextToken"):
            answer = scaling.describe_scalable_targets(**request, NextToken=answer["NextToken"])
            found += answer.get("ScalableTargets", [])
    return found


@aws_call("set what autoscaling of the ECS service may do")
def set_suspension(scaling: t.Any, resource: str, suspension: t.Mapping[str, bool]) -> None:
    """Set what is suspended. Capacities that are not sent stay as they are."""
    scaling.register_scalable_target(**SERVICE, ResourceId=resource, SuspendedState=dict(suspension))


@aws_call("read the tags of the scalable target")
def scalable_target_tags(scaling: t.Any, arn: str) -> dict[str, str]:
    return dict(scaling.list_tags_for_resource(ResourceARN=arn).get("Tags") or {})


@aws_call("tag the scalable target")
def tag_scalable_target(scaling: t.Any, arn: str, tags: t.Mapping[str, str]) -> None:
    scaling.tag_resource(ResourceARN=arn, Tags=dict(tags))


@aws_call("take the tags off the scalable target")
def untag_scalable_target(scaling: t.Any, arn: str, keys: t.Collection[str]) -> None:
    scaling.untag_resource(ResourceARN=arn, TagKeys=sorted(keys))


__all__ = (
    "describe_scalable_targets", "scalable_target_tags", "set_suspension", "tag_scalable_target",
    "untag_scalable_target",
)  # fmt: skip
