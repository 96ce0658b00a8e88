# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The options and the result of C(pulumi_stack_info), for its module and its action plugin alike."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cache import Cache
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import Resource
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Terms, open_reader
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack

# What the option secret_outputs says when secrets may be decrypted.
DECRYPT = "decrypt"
# How to name one stack, and what to put up with in it: the same for everything that reads one.
STACK_ARGUMENTS: dict[str, t.Any] = {
    "stack": {"type": "str", "required": True},
    "backend": {"type": "str"},
    "project": {"type": "str"},
    "project_dir": {"type": "str"},
    "allow_pending": {"type": "bool", "default": False},
    "allow_failed": {"type": "bool", "default": False},
}
ARGUMENTS: dict[str, t.Any] = {
    **STACK_ARGUMENTS,
    "outputs": {"type": "list", "elements": "str"},
    "secret_outputs": {"type": "str", "choices": ["omit", DECRYPT], "default": "omit", "no_log": False},
    "resource_types": {"type": "list", "elements": "str", "default": []},
    "config_keys": {"type": "bool", "default": False, "no_log": False},
}


def read_one(
    options: t.Mapping[str, t.Any], *, base: pathlib.Path, environment: t.Mapping[str, str], cache: Cache | None
) -> Stack:
    """Read the stack the options name."""
    project_dir = options["project_dir"]
    reader = open_reader(
        options["backend"],
        base=base,
        environment=environment,
        project_dir=base / pathlib.Path(project_dir).expanduser() if project_dir else None,
        cache=cache,
    )
    terms = Terms(
        allow_pending=options["allow_pending"],
        allow_failed=options["allow_failed"],
        secrets=options.get("secret_outputs") == DECRYPT,
        resource_types=tuple(options.get("resource_types") or ()),
    )
    return reader.stack(options["stack"], terms, project=options["project"])


def stack_info(
    options: t.Mapping[str, t.Any], *, base: pathlib.Path, environment: t.Mapping[str, str], cache: Cache | None
) -> dict[str, t.Any]:
    """Read a stack and return the task's result."""
    stack = read_one(options, base=base, environment=environment, cache=cache)
    secrets = options["secret_outputs"] == DECRYPT
    deployment, update = stack.deployment, stack.update
    result: dict[str, t.Any] = {
        "changed": False,
        "organization": stack.reference.organization,
        "project": stack.reference.project,
        "stack": stack.reference.stack,
        "outputs": _outputs(stack, options["outputs"], secrets=secrets),
        "secret_outputs": list(stack.secret_outputs),
        "state_version": stack.checkpoint.version,
        "pulumi_version": deployment.pulumi_version,
        "state_time": deployment.time,
        # Not "update": in a template that would be the method of the dictionary.
        "last_update": {
            "kind": update.kind,
            "result": update.result,
            "started": update.started,
            "ended": update.ended,
            "message": update.message,
            "version": update.version,
        }
        if update
        else None,
        "pending_operations": [dataclasses.asdict(operation) for operation in deployment.pending_operations],
        "resource_count": deployment.resource_count,
    }
    if options["resource_types"]:
        result["resources"] = [_resource(stack, resource, secrets=secrets) for resource in deployment.resources]
    if options["config_keys"]:
        result["config_keys"] = [dataclasses.asdict(key) for key in update.config_keys] if update else []
    return result


def _outputs(stack: Stack, wanted: list[str] | None, *, secrets: bool) -> dict[str, t.Any]:
    if wanted is None:
        return stack.outputs(secrets=secrets)
    return {path: stack.output(path, secrets=secrets) for path in wanted}


def _resource(stack: Stack, resource: Resource, *, secrets: bool) -> dict[str, t.Any]:
    return {
        "urn": resource.urn,
        "type": resource.type,
        "id": resource.id,
        "outputs": stack.resource_outputs(resource, secrets=secrets),
    }


__all__ = ("DECRYPT", "ARGUMENTS", "STACK_ARGUMENTS", "read_one", "stack_info")
