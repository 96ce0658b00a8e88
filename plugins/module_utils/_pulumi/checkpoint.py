# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A stack's state file, parsed: versions 3 and 4 of Pulumi's checkpoint."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.compression import decompress
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import Document, whole
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.json_stream import JsonStream

ROOT_TYPE = "pulumi:pulumi:Stack"
NEVER = "0001-01-01T00:00:00Z"
# What version 4 may contain besides version 3; a feature we have not met could change how an output is written.
KNOWN_FEATURES = frozenset(
    {"byteString", "extensionParameterization", "hooks", "refreshBeforeUpdate", "replaceWith"}
    | {"snippets-prototype", "taint", "views"}
)
# The parts of a file that are small and matter.
HEAD = frozenset({"features", "version"})
PARTS = frozenset({"manifest", "secrets_providers"})

Wanted = t.Callable[[str], bool]


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource as the state has it: C(outputs) are still in Pulumi's serialised form."""

    urn: str
    type: str
    id: str | None
    custom: bool
    parent: str | None
    delete: bool  # replaced, and what it was is still to be removed
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
    root: Resource | None  # carries the stack's outputs
    resources: tuple[Resource, ...]  # those somebody wanted
    resource_count: int
    pending_operations: tuple[PendingOperation, ...]
    secrets_provider: SecretsProvider | None


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A state file. C(deployment) is V(None) as long as the stack was never updated."""

    version: int
    features: tuple[str, ...]
    stack: str
    deployment: Deployment | None


def parse_checkpoint(pieces: t.Iterator[bytes], where: str, *, wanted: Wanted | None = None) -> Checkpoint:
    """Read a state file, or what C(pulumi stack export) prints; C(where) names it in errors.

    Of all the resources only the root is kept, and those whose type is wanted.
    """
    stream = JsonStream(decompress(pieces, where), where)
    return _Reader(stream, where, wanted).read()


class _Reader:
    """Walks down to the deployment and picks up what matters on the way."""

    def __init__(self, stream: JsonStream, where: str, wanted: Wanted | None) -> None:
        self._stream = stream
        self._where = where
        self._wanted = wanted

    def read(self) -> Checkpoint:
        head: dict[str, t.Any] = {}
        # By key, each with the stack's name. A key that is written twice counts the last time, as everywhere in JSON.
        found: dict[str, tuple[str, Deployment | None]] = {}
        self._object("the document")
        for key in self._stream.members():
            if self._is_null():
                self._stream.value()
                head.pop(key, None)
                found.pop(key, None)
                if key == "deployment":  # what is exported of a stack that was never updated
                    found[key] = "", None
            elif key == "checkpoint":
                found[key] = self._checkpoint()
            elif key == "deployment":
                found[key] = "", self._latest(key)
            else:
                value = self._stream.value()
                if key in HEAD:
                    head[key] = value
        self._stream.finish()
        document = Document(head, self._where)
        version = document.take("version", int, 0)
        features = tuple(document.strings("features"))
        self._check(version, features)
        if not found:
            raise CheckpointError(f"{self._where} is not a Pulumi checkpoint: it has no key 'checkpoint'.")
        stack, deployment = found["deployment"] if "deployment" in found else found["checkpoint"]
        # pulumi stack init writes a checkpoint without a version and without a deployment.
        if version == 0 and deployment is not None:
            raise CheckpointError(f"{self._where} is not a Pulumi checkpoint: it has no version.")
        return Checkpoint(version, features, stack, deployment)

    def _check(self, version: int, features: tuple[str, ...]) -> None:
        if version not in (0, 3, 4):
            raise CheckpointError(
                f"{self._where} has checkpoint version {version}; this version reads 3 and 4.",
                hint="Run any pulumi command that writes the stack with a current Pulumi CLI."
                if version < 3
                else "It was written by a newer Pulumi: update this collection.",
            )
        unknown = sorted(set(features) - KNOWN_FEATURES)
        if unknown:
            raise CheckpointError(
                f"{self._where} uses the state feature {', '.join(unknown)}, which this version does not know.",
                hint="It was written by a newer Pulumi: update this collection.",
            )

    def _checkpoint(self) -> tuple[str, Deployment | None]:
        head: dict[str, t.Any] = {}
        latest: Deployment | None = None
        self._object("checkpoint")
        for key in self._stream.members():
            if key == "latest" and not self._is_null():
                latest = self._latest("checkpoint.latest")
                continue
            value = self._stream.value()
            if key == "latest":
                latest = None
            elif key == "stack":
                head[key] = value
        return Document(head, self._where, "checkpoint").take("stack", str, ""), latest

    def _latest(self, path: str) -> Deployment:
        head: dict[str, t.Any] = {}
        kept: list[Resource] = []
        root: Resource | None = None
        count = 0
        pending: tuple[PendingOperation, ...] = ()
        self._object(path)
        for key in self._stream.members():
            if key == "resources":
                kept, root, count = [], None, 0
                for resource in map(resource_of, self._elements(f"{path}.{key}")):
                    count += 1
                    if root is None and resource.type == ROOT_TYPE and not resource.parent:
                        root = named(resource)
                    if self._wanted and self._wanted(resource.type):
                        kept.append(named(resource))
            elif key == "pending_operations":
                pending = tuple(map(_pending_operation, self._elements(f"{path}.{key}")))
            else:
                value = self._stream.value()
                if key in PARTS:
                    head[key] = value
        return _deployment(Document(head, self._where, path), root, tuple(kept), count, pending)

    def _elements(self, path: str) -> t.Iterator[Document]:
        """Walk a list of objects, which may be null instead of empty."""
        if self._is_null():
            self._stream.value()
            return
        if not self._stream.at("["):
            raise self._wrong_type(path)
        for index in self._stream.elements():
            yield Document(self._stream.value(), self._where, f"{path}[{index}]")

    def _is_null(self) -> bool:
        return self._stream.at("n")

    def _object(self, path: str) -> None:
        if not self._stream.at("{"):
            # Something else, or not even JSON: the parser knows.
            self._stream.value()
            raise CheckpointError(f"{self._where} is not a Pulumi checkpoint: {path} is not an object.")

    def _wrong_type(self, path: str) -> CheckpointError:
        self._stream.value()
        return CheckpointError(f"{self._where} is not a Pulumi checkpoint: {path} has the wrong type.")


def _deployment(
    document: Document,
    root: Resource | None,
    kept: tuple[Resource, ...],
    count: int,
    pending: tuple[PendingOperation, ...],
) -> Deployment:
    manifest = document.child("manifest")
    provider = document.child("secrets_providers")
    return Deployment(
        time=manifest.take("time", str, "") or None if manifest else None,
        pulumi_version=manifest.take("version", str, "") or None if manifest else None,
        root=root,
        resources=kept,
        resource_count=count,
        pending_operations=pending,
        secrets_provider=_secrets_provider(provider) if provider else None,
    )


def resource_of(document: Document) -> Resource:
    """Read a resource, as a state has it, or somebody who kept it."""
    return Resource(
        urn=document.take("urn", str, ""),
        type=document.take("type", str, ""),
        id=document.take("id", str, "") or None,
        custom=document.take("custom", bool, False),
        parent=document.take("parent", str, "") or None,
        delete=document.take("delete", bool, False),
        outputs=document.take("outputs", dict, {}),
    )


def named(resource: Resource) -> Resource:
    """Return a resource whose outputs have names anybody can ask for."""
    if all(name.isascii() for name in resource.outputs):
        return resource
    return dataclasses.replace(resource, outputs={whole(name): value for name, value in resource.outputs.items()})


def _pending_operation(document: Document) -> PendingOperation:
    resource = document.child("resource")
    return PendingOperation(
        type=document.take("type", str, ""),
        urn=resource.take("urn", str, "") if resource else "",
    )


def _secrets_provider(document: Document) -> SecretsProvider | None:
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
    "named",
    "parse_checkpoint",
    "resource_of",
)
