# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A backend people keep themselves: its layout, its stacks, who has them locked, and what was done to them last."""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import (
    Catalogue,
    Entry,
    Lock,
    Update,
    pick,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendError, StackNotFoundError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.history import parse_lock, parse_update
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import (
    DIY_ORGANIZATION,
    StackName,
    StackReference,
    is_name,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import Storage

META = ".pulumi/meta.yaml"
STACKS = ".pulumi/stacks/"
LOCKS = ".pulumi/locks/"
HISTORY = ".pulumi/history/"
SUFFIXES = (".json", ".json.gz", ".json.zst")
HISTORY_SUFFIXES = tuple(f".history{suffix}" for suffix in SUFFIXES)
# The file holds this one line; a YAML library may be missing where this runs.
META_VERSION = re.compile(r"""^[{\s"']*version["']?\s*:\s*["']?(\d{1,9})["'}\s]*(#.*)?$""", re.MULTILINE)
# The history is named by the clock of who wrote it, the state by that of the storage. Should they differ by more than
# this, all of the history is listed.
CLOCKS_DIFFER = 3600.0


class StorageBackend:
    """Reads what C(pulumi) writes into a folder or a bucket."""

    def __init__(self, storage: Storage, where: str) -> None:
        self._storage = storage
        self.where = where

    @functools.cached_property
    def _layout(self) -> int | None:
        """The layout the backend declares: 1, 0, or V(None) when it declares none."""
        content = self._storage.read(META)
        if content is None:
            return None
        found = META_VERSION.search(content[:1024].decode("utf-8", "replace"))
        if not found:
            raise BackendError(f"{self.where}/{META} is damaged: it states no version.")
        version = int(found[1])
        if version > 1:
            raise BackendError(
                f"The backend {self.where} has layout version {version}; this version reads 0 and 1.",
                hint="It was written by a newer Pulumi: update this collection.",
            )
        return version

    def catalogue(self) -> Catalogue:
        return self._stacks(STACKS)

    def _stacks(self, prefix: str) -> Catalogue:
        by_project: Catalogue = {}
        without_project: Catalogue = {}
        for entry in self._storage.entries(prefix):
            reference = _reference(entry.key)
            if reference is None:
                continue
            found = by_project if reference.project else without_project
            best = found.get(reference)
            # Turning compression on or off can leave the older spelling behind.
            if best is None or entry.modified >= best.modified:
                found[reference] = entry
        if self._layout == 1:
            return by_project
        # Pulumi takes a backend that declares nothing for the old layout as soon as it holds stacks of it.
        return without_project if self._layout == 0 else without_project or by_project

    def locate(self, name: StackName) -> tuple[StackReference, Entry]:
        self.check(name)
        if name.project is not None and self._layout == 1:
            reference = StackReference(name.project, name.stack)
            # One stack is found without listing all of them.
            entry = self._stacks(f"{STACKS}{reference}.json").get(reference)
            if entry is not None:
                return reference, entry
        return pick(self.catalogue(), name, self.where)

    @staticmethod
    def check(name: StackName) -> None:
        """Refuse organizations: there are none here."""
        if name.organization not in (None, DIY_ORGANIZATION):
            wanted = "/".join(part for part in (DIY_ORGANIZATION, name.project, name.stack) if part)
            raise StackNotFoundError(
                f"The stack name {str(name)!r} begins with the organization {name.organization!r}.",
                hint=f"A backend in a folder or a bucket knows only {DIY_ORGANIZATION!r}: write {wanted!r}.",
            )

    def lock(self, reference: StackReference) -> Lock | None:
        key = self._locks.get(reference)
        if key is None:
            return None
        content = self._storage.read(key)
        # Gone since it was listed: whoever held it has only just finished, and what they wrote was read too early.
        return Lock() if content is None else parse_lock(content)

    @functools.cached_property
    def _locks(self) -> dict[StackReference, str]:
        """All locks of the backend, which are few: listed once, not once per stack."""
        return {
            held: entry.key
            for entry in self._storage.entries(LOCKS)
            if (held := _locked_reference(entry.key)) is not None
        }

    def stream(self, entry: Entry, *, secrets: bool) -> t.Iterator[bytes]:  # noqa: ARG002 - nothing to ask for here
        pieces = self._storage.stream(entry.key)
        if pieces is None:
            raise StackNotFoundError(f"{self.where}/{entry.key} was removed while it was being read.")
        return pieces

    def last_update(self, reference: StackReference, entry: Entry) -> Update | None:
        folder = f"{HISTORY}{reference}/"
        # A stack may have thousands of updates behind it; their names begin with its own, and then the time.
        recent = f"{folder}{reference.stack}-{int((entry.modified - CLOCKS_DIFFER) * 1e9)}"
        key = self._newest(folder, recent) or self._newest(folder, "")
        content = self._storage.read(key) if key else None
        return parse_update(content, f"{self.where}/{key}") if content is not None else None

    def _newest(self, folder: str, after: str) -> str | None:
        entries = self._storage.entries(folder, after=after)
        return max((entry.key for entry in entries if entry.key.endswith(HISTORY_SUFFIXES)), default=None)


def _reference(key: str) -> StackReference | None:
    parts = key.removeprefix(STACKS).split("/")
    suffix = next((suffix for suffix in SUFFIXES if parts[-1].endswith(suffix)), None)
    if suffix is None or len(parts) > 2:  # backups, tags, and what people put there
        return None
    parts[-1] = parts[-1].removesuffix(suffix)
    if not all(is_name(part) for part in parts):
        return None
    return StackReference(project=parts[0] if len(parts) == 2 else "", stack=parts[-1])


def _locked_reference(key: str) -> StackReference | None:
    # .pulumi/locks/organization/<project>/<stack>/<id>.json, or .pulumi/locks/<stack>/<id>.json in the old layout
    parts = key.removeprefix(LOCKS).split("/")
    if not parts[-1].endswith(".json"):
        return None
    if len(parts) == 4 and parts[0] == DIY_ORGANIZATION:
        return StackReference(project=parts[1], stack=parts[2])
    return StackReference(project="", stack=parts[0]) if len(parts) == 2 else None


__all__ = ("StorageBackend",)
