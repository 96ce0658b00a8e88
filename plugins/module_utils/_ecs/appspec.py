# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""The AppSpec of a CodeDeploy deployment to ECS: made from what the service has, and read again."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

# Without it JSON alone is read.
with contextlib.suppress(ImportError):
    import yaml

Answer = t.Mapping[str, t.Any]
Hooks = list[dict[str, str]]

TASK_DEFINITION = re.compile(r"arn:[\w-]+:ecs:[\w-]*:\d*:task-definition/[\w-]+:\d+")


def app_spec(service: Answer, revision: str, hooks: t.Sequence[t.Mapping[str, str]] = ()) -> str:
    """Return the AppSpec that deploys a revision and leaves everything else of the service as it is.

    What is not said there is not kept: CodeDeploy takes its own defaults. So network, platform version and capacity
    providers are said again, as the task set that serves has them.
    """
    primary = _primary(service)
    balancer = next(
        (item for item in _list(primary, service, "loadBalancers") if item.get("containerName")),
        None,
    )
    if balancer is None:
        raise SlipwayError(
            f"Service {service.get('serviceName')} has no load balancer, and CodeDeploy deploys by shifting traffic.",
            hint="Give the service a load balancer in the infrastructure, or the deployment controller ECS.",
        )
    properties: dict[str, t.Any] = {
        "TaskDefinition": revision,
        "LoadBalancerInfo": {
            "ContainerName": balancer["containerName"],
            "ContainerPort": balancer.get("containerPort"),
        },
        **_kept(service, primary),
    }
    spec: dict[str, t.Any] = {
        "version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}],
    }
    if hooks:
        spec["Hooks"] = [dict(hook) for hook in hooks]
    return json.dumps(spec, separators=(",", ":"))


def revision_of(location: Answer) -> str | None:
    """Return the task definition that a deployment's revision names, where it can be read."""
    found = TASK_DEFINITION.search(_content(location) or "")
    return found.group() if found else None


def hooks_of(location: Answer) -> Hooks | None:
    """Return the hooks of a deployment's revision; nothing where they cannot be read."""
    content = _content(location)
    if content is None:
        # Where nothing was ever deployed there is no revision, and a revision elsewhere has hooks that we do not see.
        return [] if not location else None
    spec = _parsed(content)
    if not isinstance(spec, dict):
        return None
    hooks = next((value for key, value in spec.items() if str(key).lower() == "hooks"), None) or []
    return [{str(event): str(function) for event, function in hook.items()} for hook in hooks if isinstance(hook, dict)]


def _content(location: Answer) -> str | None:
    found = location.get("appSpecContent") or location.get("string") or {}
    content = found.get("content")
    return None if content is None else str(content)


def _parsed(content: str) -> t.Any:
    try:
        return json.loads(content)
    except ValueError:
        pass
    try:
        return yaml.safe_load(content)
    except (NameError, ValueError):
        return None
    except yaml.YAMLError:
        return None


def _kept(service: Answer, primary: Answer) -> dict[str, t.Any]:
    kept: dict[str, t.Any] = {}
    # The task set says the version that LATEST was; the service says what was asked for.
    version = service.get("platformVersion") or primary.get("platformVersion")
    if version:
        kept["PlatformVersion"] = version
    network = (primary.get("networkConfiguration") or service.get("networkConfiguration") or {}).get(
        "awsvpcConfiguration"
    )
    if network:
        kept["NetworkConfiguration"] = {"AwsvpcConfiguration": _capitalised(network)}
    strategy = _list(primary, service, "capacityProviderStrategy")
    if strategy:
        kept["CapacityProviderStrategy"] = [_capitalised(item) for item in strategy]
    return kept


def _capitalised(item: Answer) -> dict[str, t.Any]:
    """Spell keys as an AppSpec does, where the API begins them small."""
    return {f"{key[:1].upper()}{key[1:]}": value for key, value in item.items()}


def _primary(service: Answer) -> Answer:
    return next((item for item in service.get("taskSets") or () if item.get("status") == "PRIMARY"), {})


def _list(primary: Answer, service: Answer, key: str) -> list[Answer]:
    return list(primary.get(key) or service.get(key) or ())


__all__ = ("Hooks", "app_spec", "hooks_of", "revision_of")
