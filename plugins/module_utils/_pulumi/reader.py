# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The way in: from what somebody asked for to stacks that can be relied on."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import fnmatch
import functools
import os
import pathlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.account import current_backend, naming
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Backend, Catalogue, Entry
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend_storage import StorageBackend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cache import Cache, recall, remember
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import (
    NEVER,
    Checkpoint,
    Deployment,
    parse_checkpoint,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendError,
    StackEmptyError,
    StackFailedError,
    StackLockedError,
    StackNeverUpdatedError,
    StackPendingError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, parse_stack_name
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.project import Project, read_project
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection, select
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import Storage
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage_folder import FolderStorage
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import (
    BucketLocation,
    CloudLocation,
    FolderLocation,
    Location,
    parse_backend_url,
)

# Enough to hide the way to S3 and back, few enough for its patience and ours.
READERS = 16


@dataclasses.dataclass(frozen=True)
class Terms:
    """What somebody puts up with, and what they need besides outputs."""

    allow_pending: bool = False
    allow_failed: bool = False
    allow_empty: bool = False
    secrets: bool = False
    resource_types: tuple[str, ...] = ()

    def wants(self, kind: str) -> bool:
        return any(fnmatch.fnmatchcase(kind, pattern) for pattern in self.resource_types)


class Reader:
    """Reads stacks of one backend. A state that has not changed is read once per cache."""

    def __init__(
        self, backend: Backend, environment: t.Mapping[str, str], cache: Cache | None, project: Project | None
    ) -> None:
        self.backend = backend
        self._environment = environment
        self._cache = cache
        self._project = project

    def stack(self, text: str, terms: Terms, *, project: str | None = None) -> Stack:
        """Read one stack by any of its names."""
        name = parse_stack_name(text)
        if name.project is None:
            name = dataclasses.replace(name, project=project or (self._project.name if self._project else None))
        reference, entry = self.backend.locate(name)
        return self._read(reference, entry, terms)

    def stacks(self, selection: Selection, terms: Terms) -> list[Stack]:
        """Read several stacks side by side, in order; the first that cannot be read stops it all.

        C(allow_empty) leaves out those that hold nothing.
        """
        if selection.project is None and self._project is not None:
            selection = dataclasses.replace(selection, project=self._project.name)
        wanted: Catalogue = select(self.backend, selection)

        def read(item: tuple[StackReference, Entry]) -> Stack | None:
            try:
                return self._read(*item, terms)
            except StackEmptyError:
                if terms.allow_empty and selection.stacks is None:
                    return None
                raise

        with concurrent.futures.ThreadPoolExecutor(max_workers=READERS) as pool:
            return [stack for stack in pool.map(read, wanted.items()) if stack is not None]

    def _read(self, reference: StackReference, entry: Entry, terms: Terms) -> Stack:
        """Read a stack's state and refuse it unless it can be relied on."""
        lock = None if terms.allow_pending else self.backend.lock(reference)
        if lock is not None:
            raise StackLockedError(
                f"Stack {reference}: an update is running, or was killed and left its lock behind"
                + (f"; the lock is held by {lock.holder}." if lock.holder else "."),
                hint="Wait for it, or run pulumi cancel; allow_pending reads the state as it is.",
            )
        checkpoint = self._checkpoint(entry, terms)
        deployment = checkpoint.deployment
        if deployment is None or (deployment.time == NEVER and not deployment.resource_count):
            raise _never(reference)
        _refuse_pending(reference, deployment, terms)
        update = self.backend.last_update(reference, entry)
        if update is not None and update.failed and not terms.allow_failed:
            raise StackFailedError(
                f"Stack {reference}: the last {update.kind or 'update'} failed, so its outputs are part old, part new.",
                hint="Run pulumi up until it succeeds; allow_failed reads the outputs as they are.",
            )
        if deployment.root is None and update is None and not deployment.resource_count:
            raise _never(reference)
        if deployment.root is None:
            raise StackEmptyError(
                f"Stack {reference} holds no resources: it was destroyed, or its first update failed.",
                hint="Run pulumi up, or remove the stack with pulumi stack rm.",
            )
        return Stack(reference, self._named(entry), checkpoint, deployment, update, self._environment)

    def _checkpoint(self, entry: Entry, terms: Terms) -> Checkpoint:
        question = (self.backend.where, entry.key, terms.resource_types)
        # What the CLI prints with secrets shown is not for keeping.
        version = entry.version
        cache = self._cache if version else None
        kept = recall(cache, question, version) if cache else None
        if kept is not None:
            return kept
        pieces = self.backend.stream(entry, secrets=terms.secrets)
        checkpoint = parse_checkpoint(pieces, self._named(entry), wanted=terms.wants)
        if cache:
            remember(cache, question, version, checkpoint)
        return checkpoint

    def _named(self, entry: Entry) -> str:
        return f"{self.backend.where}/{entry.key}"


def _never(reference: StackReference) -> StackNeverUpdatedError:
    return StackNeverUpdatedError(f"Stack {reference} was never updated, so it has no outputs.", hint="Run pulumi up.")


def _refuse_pending(reference: StackReference, deployment: Deployment, terms: Terms) -> None:
    pending = deployment.pending_operations
    if pending and not terms.allow_pending:
        first = pending[0]
        raise StackPendingError(
            f"Stack {reference}: the last update was cut off with {len(pending)} operation(s) pending, "
            f"the first {first.type or 'working on'} {first.urn or 'an unnamed resource'}.",
            hint="Run pulumi refresh and pulumi up; allow_pending reads the state as it is.",
        )


def open_reader(
    url: str | None,
    *,
    base: pathlib.Path,
    environment: t.Mapping[str, str],
    project_dir: pathlib.Path | None = None,
    cache: Cache | None = None,
) -> Reader:
    """Open the backend somebody names, or else the one the Pulumi CLI would use."""
    project = read_project(project_dir) if project_dir is not None else None
    if not url:
        url, base = _usual_backend(project, base, environment)
    location = parse_backend_url(url, base=base, environment=environment)
    if isinstance(location, CloudLocation):
        environment = naming(location.url, environment)
    return Reader(_open(location, base, environment), environment, cache, project)


def _usual_backend(
    project: Project | None, base: pathlib.Path, environment: t.Mapping[str, str]
) -> tuple[str, pathlib.Path]:
    if environment.get("PULUMI_BACKEND_URL"):
        return environment["PULUMI_BACKEND_URL"], pathlib.Path.cwd()
    if project is not None and project.backend:
        return project.backend, project.folder
    current = current_backend(environment)
    if current is None:
        raise BackendError(
            "No Pulumi backend is named.",
            hint="Set the option backend, or PULUMI_BACKEND_URL, or backend.url in Pulumi.yaml, or run pulumi login.",
        )
    return current, base


def open_backend(url: str, *, base: pathlib.Path, environment: t.Mapping[str, str]) -> Backend:
    """Open the backend a URL names; relative C(file://) paths start at C(base)."""
    return _open(parse_backend_url(url, base=base, environment=environment), base, environment)


def _open(location: Location, base: pathlib.Path, environment: t.Mapping[str, str]) -> Backend:
    if isinstance(location, FolderLocation):
        return StorageBackend(FolderStorage(location), str(location))
    # What talks to others takes longer to load than most states take to read: only who needs it waits for it.
    if isinstance(location, BucketLocation):
        return StorageBackend(_bucket(os.getpid(), location, _aws_part(environment)), str(location))
    if isinstance(location, CloudLocation):
        from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend_cloud import CloudBackend

        return CloudBackend(location, environment)
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend_cli import CliBackend

    return CliBackend(location, base, environment)


def _aws_part(environment: t.Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in environment.items() if name.startswith("AWS_")))


# Several lookups of a task share a connection; forked processes must not, which is why theirs is another number.
@functools.lru_cache(maxsize=16)
def _bucket(process: int, location: BucketLocation, environment: tuple[tuple[str, str], ...]) -> Storage:  # noqa: ARG001
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage_bucket import BucketStorage

    return BucketStorage(location, dict(environment))


__all__ = ("Reader", "Terms", "open_backend", "open_reader")
