# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A stack's state file, parsed: versions 3 and 4 of Pulumi's checkpoint."""

from __future__ import annotations

import dataclasses
import json
import math
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.compression import decompress
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError

ROOT_TYPE = "pulumi:pulumi:Stack"
NEVER = "0001-01-01T00:00:00Z"
# What version 4 may contain besides version 3; a feature we have not met could change how an output is written.
KNOWN_FEATURES = frozenset(
    {"byteString", "extensionParameterization", "hooks", "refreshBeforeUpdate", "replaceWith"}
    | {"snippets-prototype", "taint", "views"}
)

T = t.TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource as the state has it: C(outputs) are still in Pulumi's serialised form."""

    urn: str
    type: str
    id: str | None
    custom: bool
    parent: str | None
    outputs: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class PendingOperation:
    """Something an update began and has not reported back."""

    type: str
    urn: str


@dataclasses.dataclass(frozen=True)
class SecretsProvider:
    """Who can decrypt the stack's secrets, and what it needs to know for that."""

    type: str
    state: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Deployment:
    """What the last update left behind."""

    time: str | None
    pulumi_version: str | None
    resources: tuple[Resource, ...]
    pending_operations: tuple[PendingOperation, ...]
    secrets_provider: SecretsProvider | None

    @property
    def root(self) -> Resource | None:
        """The resource that carries the stack's outputs."""
        return next((item for item in self.resources if item.type == ROOT_TYPE and not item.parent), None)


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A state file. C(deployment) is V(None) as long as the stack was never updated."""

    version: int
    features: tuple[str, ...]
    stack: str
    deployment: Deployment | None


def parse_checkpoint(content: bytes, where: str) -> Checkpoint:
    """Read a state file; C(where) names it in errors."""
    document = _Document(load_json(decompress(content, where), where), where)
    version = document.take("version", int, 0)
    features = tuple(document.strings("features"))
    if version not in (0, 3, 4):
        raise CheckpointError(
            f"{where} has checkpoint version {version}; this version reads 3 and 4.",
            hint="Run any pulumi command that writes the stack with a current Pulumi CLI."
            if version < 3
            else "It was written by a newer Pulumi: update this collection.",
        )
    unknown = sorted(set(features) - KNOWN_FEATURES)
    if unknown:
        raise CheckpointError(
            f"{where} uses the state feature {', '.join(unknown)}, which this version does not know.",
            hint="It was written by a newer Pulumi: update this collection.",
        )
    body = document.child("checkpoint")
    if body is None:
        raise CheckpointError(f"{where} is not a Pulumi checkpoint: it has no key 'checkpoint'.")
    latest = body.child("latest")
    if version == 0 and latest is not None:
        raise CheckpointError(f"{where} is not a Pulumi checkpoint: it has no version.")
    # pulumi stack init writes a checkpoint without a version and without a deployment.
    return Checkpoint(
        version=version,
        features=features,
        stack=body.take("stack", str, ""),
        deployment=_deployment(latest) if latest else None,
    )


def load_json(content: bytes | str, where: str) -> t.Any:
    """Parse JSON as strictly as Pulumi does, and fail with a sentence for whatever is not JSON."""
    try:
        return json.loads(content, parse_constant=_refuse_number, parse_float=_finite)
    except RecursionError:
        raise CheckpointError(f"{where} is nested too deeply to be Pulumi state.") from None
    except ValueError as error:
        if not content.strip():
            reason = "it is empty"
        elif isinstance(error, json.JSONDecodeError):
            reason = f"it stops being JSON at line {error.lineno}, column {error.colno}"
        else:
            reason = "it is not JSON"
        # Not chained: the parser's exception carries the whole text, secrets included.
        raise CheckpointError(f"{where} is damaged or cut short: {reason}.") from None


def _refuse_number(text: str) -> t.NoReturn:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


class _Document:
    """One object of the file, which knows its place so that errors can name it."""

    def __init__(self, value: t.Any, where: str, path: str = "") -> None:
        if not isinstance(value, dict):
            raise CheckpointError(f"{where} is not a Pulumi checkpoint: {path or 'the document'} is not an object.")
        self._value: dict[str, t.Any] = value
        self._where = where
        self._path = path

    def _name(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def take(self, key: str, kind: type[T], default: T) -> T:
        value = self._value.get(key)
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise CheckpointError(f"{self._where} is not a Pulumi checkpoint: {self._name(key)} has the wrong type.")
        return value

    def child(self, key: str) -> _Document | None:
        value = self._value.get(key)
        return None if value is None else _Document(value, self._where, self._name(key))

    def children(self, key: str) -> list[_Document]:
        items: list[t.Any] = self.take(key, list, [])
        return [_Document(item, self._where, f"{self._name(key)}[{index}]") for index, item in enumerate(items)]

    def strings(self, key: str) -> list[str]:
        items: list[t.Any] = self.take(key, list, [])
        if not all(isinstance(item, str) for item in items):
            raise CheckpointError(f"{self._where} is not a Pulumi checkpoint: {self._name(key)} has the wrong type.")
        return items


def _deployment(document: _Document) -> Deployment:
    manifest = document.child("manifest")
    provider = document.child("secrets_providers")
    return Deployment(
        time=manifest.take("time", str, "") or None if manifest else None,
        pulumi_version=manifest.take("version", str, "") or None if manifest else None,
        resources=tuple(_resource(item) for item in document.children("resources")),
        pending_operations=tuple(_pending_operation(item) for item in document.children("pending_operations")),
        secrets_provider=_secrets_provider(provider) if provider else None,
    )


def _resource(document: _Document) -> Resource:
    return Resource(
        urn=document.take("urn", str, ""),
        type=document.take("type", str, ""),
        id=document.take("id", str, "") or None,
        custom=document.take("custom", bool, False),
        parent=document.take("parent", str, "") or None,
        outputs=document.take("outputs", dict, {}),
    )


def _pending_operation(document: _Document) -> PendingOperation:
    resource = document.child("resource")
    return PendingOperation(
        type=document.take("type", str, ""),
        urn=resource.take("urn", str, "") if resource else "",
    )


def _secrets_provider(document: _Document) -> SecretsProvider | None:
    kind = document.take("type", str, "")
    # The state of the cloud's own provider may be anything; ours are objects.
    return SecretsProvider(type=kind, state=document.take("state", dict, {})) if kind else None


__all__ = (
    "NEVER",
    "Checkpoint",
    "Deployment",
    "PendingOperation",
    "Resource",
    "SecretsProvider",
    "load_json",
    "parse_checkpoint",
)
