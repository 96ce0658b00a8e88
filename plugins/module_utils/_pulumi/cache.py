# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What was read once in a run need not be read again: states by their version, as the backend tells it.

What is kept is what the state file says, secrets still encrypted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import tempfile
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import (
    Checkpoint,
    Deployment,
    PendingOperation,
    Resource,
    SecretsProvider,
    named,
    resource_of,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import Document, load_json
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError

# Raised whenever what is kept changes its form.
FORM = 2


class Cache(t.Protocol):
    """Keeps texts by name."""

    def get(self, name: str) -> str | None:
        """Return what was kept, V(None) if nothing was."""

    def put(self, name: str, text: str) -> None:
        """Keep a text; where that cannot be done, it is simply not kept."""


class FolderCache:
    """Keeps texts in a folder only we may read, for other processes of the same run."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def get(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    def put(self, name: str, text: str) -> None:
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            pathlib.Path(draft).replace(self._folder / name)


def recall(cache: Cache, question: tuple[t.Any, ...], version: str) -> Checkpoint | None:
    """Return the checkpoint a question was answered with, if that was this version of it."""
    text = cache.get(_name(question))
    if text is None:
        return None
    try:
        kept = Document(load_json(text, "the cache"), "the cache")
        if kept.take("form", int, 0) != FORM or kept.take("version", str, "") != version:
            return None
        checkpoint = kept.child("checkpoint")
        return _checkpoint(checkpoint) if checkpoint else None
    except CheckpointError:
        return None  # written by something else, or half


def remember(cache: Cache, question: tuple[t.Any, ...], version: str, checkpoint: Checkpoint) -> None:
    """Keep the checkpoint for whoever asks the same question."""
    kept = {"form": FORM, "version": version, "checkpoint": checkpoint}
    # What is nested too deeply to be kept is refused by whoever asks for it.
    with contextlib.suppress(RecursionError):
        cache.put(_name(question), json.dumps(kept, default=vars))


def _name(question: tuple[t.Any, ...]) -> str:
    return hashlib.sha256(json.dumps(question).encode()).hexdigest() + ".json"


def _checkpoint(kept: Document) -> Checkpoint:
    _complete(kept, Checkpoint)
    deployment = kept.child("deployment")
    return Checkpoint(
        version=kept.take("version", int, 0),
        features=tuple(kept.strings("features")),
        stack=kept.take("stack", str, ""),
        deployment=_deployment(deployment) if deployment else None,
    )


def _deployment(kept: Document) -> Deployment:
    _complete(kept, Deployment)
    root, provider = kept.child("root"), kept.child("secrets_provider")
    return Deployment(
        time=kept.take("time", str, "") or None,
        pulumi_version=kept.take("pulumi_version", str, "") or None,
        root=_resource(root) if root else None,
        resources=tuple(_resource(item) for item in kept.children("resources")),
        resource_count=kept.take("resource_count", int, 0),
        pending_operations=tuple(_pending_operation(item) for item in kept.children("pending_operations")),
        secrets_provider=_secrets_provider(provider) if provider else None,
    )


def _resource(kept: Document) -> Resource:
    _complete(kept, Resource)
    return named(resource_of(kept))


def _pending_operation(kept: Document) -> PendingOperation:
    _complete(kept, PendingOperation)
    return PendingOperation(type=kept.take("type", str, ""), urn=kept.take("urn", str, ""))


def _secrets_provider(kept: Document) -> SecretsProvider:
    _complete(kept, SecretsProvider)
    return SecretsProvider(type=kept.take("type", str, ""), state=kept.take("state", dict, {}))


def _complete(kept: Document, kind: type) -> None:
    """Refuse what lacks a part, or has one more: somebody else wrote it."""
    if set(kept.keys()) != {field.name for field in dataclasses.fields(kind)}:
        raise CheckpointError("The cache holds something else.")


__all__ = ("Cache", "FolderCache", "recall", "remember")
