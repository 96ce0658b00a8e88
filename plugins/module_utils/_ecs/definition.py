# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Task definitions as values: lay a release over a base, tell whether it changes anything, show how."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import IDENTITY, Definition, Release, Target
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

FINGERPRINT_TAG = "slipway:fingerprint"
ASKED_TAG = "slipway:asked"
RELEASE_TAG = "slipway:release"

# DescribeTaskDefinition answers these and RegisterTaskDefinition refuses them. Everything else passes through:
# a list of what we know would silently drop what AWS adds next.
DESCRIBE_ONLY = frozenset({
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities",
    "registeredAt", "registeredBy", "deregisteredAt",
})  # fmt: skip

# Lists whose order AWS does not keep or does not mean, and the key that identifies an entry.
UNORDERED = {
    "environment": "name", "secrets": "name", "portMappings": "containerPort", "mountPoints": "containerPath",
    "ulimits": "name", "volumes": "name", "systemControls": "namespace",
}  # fmt: skip

MASK = "********"


def overlay(base: Definition, target: Target, release: Release) -> Definition:
    """Return the definition to register: the base with what the target wishes, and the release's identity."""
    wishes = target.wishes
    definition = {key: copy.deepcopy(value) for key, value in base.items() if key not in DESCRIBE_ONLY}
    definition |= {key: value for key, value in (("cpu", wishes.cpu), ("memory", wishes.memory)) if value is not None}
    definition = t.cast("Definition", merge(definition, wishes.override))
    for name, image in wishes.images.items():
        _container(definition, target.name, name)["image"] = image
    container = _container(definition, target.name, target.container)
    if wishes.command is not None:
        container["command"] = list(wishes.command)
    environment = {item["name"]: item["value"] for item in container.get("environment", [])}
    secrets = {item["name"]: item["valueFrom"] for item in container.get("secrets", [])}
    # A name is either the one or the other: what is wished for now replaces what the base had under it.
    secrets = {name: value for name, value in secrets.items() if name not in wishes.environment} | dict(wishes.secrets)
    environment = {name: value for name, value in environment.items() if name not in wishes.secrets}
    environment |= {**wishes.environment, **release.environment(container.get("image"))}
    container["environment"] = [{"name": name, "value": environment[name]} for name in sorted(environment)]
    if secrets or "secrets" in container:
        container["secrets"] = [{"name": name, "valueFrom": secrets[name]} for name in sorted(secrets)]
    return definition


def merge(base: t.Any, over: t.Any) -> t.Any:
    """Lay one value over another: maps by key, lists of named things by name, everything else as a whole.

    Nothing (null) takes a key away, which an empty value does not: an empty value means something to ECS.
    """
    if isinstance(base, dict) and isinstance(over, t.Mapping):
        merged = {key: value for key, value in base.items() if over.get(key, value) is not None}
        for key, value in over.items():
            if value is not None:
                merged[key] = merge(merged.get(key, {} if isinstance(value, t.Mapping) else None), value)
        return merged
    if _named(base) and _named(over):
        by_name = {item["name"]: item for item in base}
        for item in over:
            by_name[item["name"]] = merge(by_name.get(item["name"], {}), item)
        return list(by_name.values())
    return copy.deepcopy(over)


def _named(value: t.Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "name" in item for item in value)


def asked(target: Target) -> str:
    """Return a digest of what is asked for: the same request over the same base needs no second look at the base."""
    request = {
        "base": target.base,
        "template": target.template,
        "container": target.container,
        **dataclasses.asdict(target.wishes),
    }
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _container(definition: Definition, service: str, name: str) -> dict[str, t.Any]:
    containers = definition.get("containerDefinitions", [])
    for container in containers:
        if container.get("name") == name:
            return t.cast("dict[str, t.Any]", container)
    names = ", ".join(sorted(str(container.get("name")) for container in containers)) or "none"
    raise SlipwayError(
        f"Service {service}: its task definition has no container named {name} (it has: {names}).",
        hint="Correct the container in the delivery document, or in the infrastructure.",
    )


def canonical(definition: Definition) -> Definition:
    """Return a definition in one spelling, so that equal contents compare equal. Release identity is left out."""
    plain = {key: value for key, value in definition.items() if key not in DESCRIBE_ONLY}
    return t.cast("Definition", _settle(plain, parent=""))


def _settle(value: t.Any, parent: str) -> t.Any:
    if isinstance(value, dict):
        settled = {key: _settle(item, parent=key) for key, item in sorted(value.items())}
        # An empty list or map is what the API answers for a field nobody sent; an empty string is a value.
        return {key: item for key, item in settled.items() if item not in (None, [], {})}
    if isinstance(value, list):
        items = [_settle(item, parent=parent) for item in value]
        if parent == "environment":
            items = [item for item in items if item.get("name") not in IDENTITY]
        if parent in UNORDERED:
            items.sort(key=lambda item: str(item.get(UNORDERED[parent], "")))
        return items
    return value


def fingerprint(definition: Definition) -> str:
    """Return a digest of what would run, whatever the release is called."""
    text = json.dumps(canonical(definition), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def release_of(definition: Definition, container_name: str) -> str | None:
    """Return the release a running definition says it belongs to."""
    for container in definition.get("containerDefinitions", []):
        if container.get("name") == container_name:
            for item in container.get("environment", []):
                if item.get("name") == "RELEASE_ID":
                    return str(item["value"])
    return None


def difference(before: Definition | None, after: Definition) -> dict[str, str]:
    """Return before and after as text for ``--diff``.

    Environment values are masked: some are secrets that people should not have put there.
    """
    return {"before": _readable(before), "after": _readable(after, known=before)}


def _readable(definition: Definition | None, known: Definition | None = None) -> str:
    if definition is None:
        return ""
    shown = canonical(definition)
    values_before = _environment_values(canonical(known)) if known else {}
    for container in shown.get("containerDefinitions", []):
        for item in container.get("environment", []):
            key = (container.get("name"), item["name"])
            changed = known is not None and values_before.get(key) != item["value"]
            # The digest says what ships and is no secret; other values only say whether they differ.
            if item["name"] != "IMAGE_DIGEST":
                item["value"] = f"{MASK} (changed)" if changed else MASK
    return json.dumps(shown, indent=2, sort_keys=True, default=str) + "\n"


def _environment_values(definition: Definition) -> dict[tuple[t.Any, str], str]:
    return {
        (container.get("name"), item["name"]): item["value"]
        for container in definition.get("containerDefinitions", [])
        for item in container.get("environment", [])
    }


__all__ = (
    "ASKED_TAG", "FINGERPRINT_TAG", "RELEASE_TAG", "asked", "canonical", "difference", "fingerprint", "merge",
    "overlay", "release_of",
)  # fmt: skip
