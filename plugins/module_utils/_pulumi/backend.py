# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A backend people keep themselves: its layout, its stacks, and who has them locked."""

from __future__ import annotations

import functools
import pathlib
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendError, StackNotFoundError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import (
    DIY_ORGANIZATION,
    StackName,
    StackReference,
    is_name,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import Entry, Storage
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage_bucket import BucketStorage
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage_folder import FolderStorage
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import FolderLocation, parse_backend_url

META = ".pulumi/meta.yaml"
STACKS = ".pulumi/stacks/"
LOCKS = ".pulumi/locks/"
SUFFIXES = (".json", ".json.gz", ".json.zst")
# The file holds this one line; a YAML library may be missing where this runs.
META_VERSION = re.compile(r"""^[{\s"']*version["']?\s*:\s*["']?(\d{1,9})["'}\s]*(#.*)?$""", re.MULTILINE)

Catalogue = dict[StackReference, Entry]


class Backend:
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
        """List all stacks, each with its newest state file."""
        return self._stacks(STACKS)

    def find(self, reference: StackReference) -> Entry | None:
        """Look for one stack without listing all of them."""
        return self._stacks(f"{STACKS}{reference}.json").get(reference)

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
        """Find the one stack a name means."""
        if name.project is not None and self._layout == 1:
            reference = StackReference(name.project, name.stack)
            entry = self.find(reference)
            if entry is not None:
                return reference, entry
        return pick(self.catalogue(), name, self.where)

    def read(self, entry: Entry) -> bytes:
        content = self._storage.read(entry.key)
        if content is None:
            raise StackNotFoundError(f"{self.where}/{entry.key} was removed while it was being read.")
        return content

    def locked(self) -> set[StackReference]:
        """List the stacks an update holds a lock on, or left one behind for."""
        return {held for entry in self._storage.entries(LOCKS) if (held := _locked_reference(entry.key)) is not None}


def open_backend(url: str, *, base: pathlib.Path, environment: t.Mapping[str, str]) -> Backend:
    """Open the backend a URL names; relative C(file://) paths start at C(base)."""
    location = parse_backend_url(url, base=base, environment=environment)
    storage: Storage = (
        FolderStorage(location) if isinstance(location, FolderLocation) else BucketStorage(location, environment)
    )
    return Backend(storage, str(location))


def pick(catalogue: Catalogue, name: StackName, where: str) -> tuple[StackReference, Entry]:
    """Choose the one stack of a catalogue that a name means."""
    found = [reference for reference in catalogue if name.matches(reference)]
    # A stack of the old layout has no project that could contradict the name.
    found = found or [reference for reference in catalogue if reference == StackReference("", name.stack)]
    if len(found) == 1:
        return found[0], catalogue[found[0]]
    wanted = f"stack {name.stack!r}" + (f" of project {name.project!r}" if name.project else "")
    if found:
        raise StackNotFoundError(
            f"{where} has more than one {wanted}: {', '.join(str(reference) for reference in sorted(found))}.",
            hint="Name the project, or write organization/project/stack.",
        )
    raise StackNotFoundError(f"There is no {wanted} in {where}.", hint=_existing(catalogue))


def _existing(catalogue: Catalogue, most: int = 20) -> str:
    if not catalogue:
        return "It has no stacks at all."
    names = [str(reference) for reference in sorted(catalogue)]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"It has {', '.join(names[:most])}{more}."


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


__all__ = ("Backend", "Catalogue", "open_backend", "pick")
