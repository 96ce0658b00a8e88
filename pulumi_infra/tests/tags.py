"""Which resources can carry tags, and which of them lack the mandatory ones."""

from __future__ import annotations

import inspect
import typing as t

import pulumi_aws as aws

from tests.recorded_program import Program, Recorded

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
#: What a launch template makes, and tags only if it is told to.
MADE_BY_TEMPLATES = ("instance", "volume")


def takes_tags(token: str) -> bool:
    """Say whether the provider's class of a type has tags."""
    package, path, name = token.split(":")
    if package != "aws":
        return False
    module = path.split("/")[0]
    # A word of Python's own gets an underscore.
    resource: t.Any = getattr(getattr(aws, "lambda_" if module == "lambda" else module), name)
    return "tags" in inspect.signature(resource._internal_init).parameters


def untagged(program: Program) -> list[str]:
    """Return the resources that can carry tags and lack a mandatory one; and what they make that will lack it."""
    assert program.tags, "no tags are mandatory: every resource would do"
    return sorted(
        found
        for resource in program.resources
        if takes_tags(resource.type)
        for found in _bare(resource, dict(program.tags))
    )


def _bare(resource: Recorded, mandatory: dict[str, str]) -> list[str]:
    where = f"{resource.type} {resource.name}"
    given = resource.inputs.get("tags") or {}
    if resource.type == GROUP:
        given = {tag["key"]: tag["value"] for tag in given if tag["propagateAtLaunch"] is True}
    bare = [where] if _lacks(given, mandatory) else []
    if resource.type == TEMPLATE:
        specifications = resource.inputs.get("tagSpecifications") or []
        made = {item["resourceType"]: item.get("tags") or {} for item in specifications}
        bare += [f"{where}: {kind}" for kind in MADE_BY_TEMPLATES if _lacks(made.get(kind, {}), mandatory)]
    return bare


def _lacks(given: dict[str, str], mandatory: dict[str, str]) -> bool:
    return bool(mandatory.items() - given.items())


__all__ = ("GROUP", "MADE_BY_TEMPLATES", "TEMPLATE", "takes_tags", "untagged")
