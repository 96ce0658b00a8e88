# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""State at Pulumi Cloud, or a service with the same API (C(https://))."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi import cloud_api
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.account import default_organization
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import (
    Catalogue,
    Entry,
    Lock,
    Update,
    existing,
    pick,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cloud_client import Patience
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendError, StackNotFoundError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackName, StackReference
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import CloudLocation


class CloudBackend:
    """Asks a service for what its user may see."""

    def __init__(
        self, location: CloudLocation, environment: t.Mapping[str, str], *, patience: Patience | None = None
    ) -> None:
        self.where = location.url
        self._environment = environment
        self._client = cloud_api.open_service(location.url, environment, named=True, patience=patience)
        # What locate() was told along the way, for whoever asks for the lock next.
        self._just_seen: dict[StackReference, cloud_api.StackRecord] = {}

    def catalogue(self) -> Catalogue:
        return self._list(None)

    def _list(self, organization: str | None) -> Catalogue:
        listed = cloud_api.list_stacks(self._client, organization=organization)
        # A list does not tell one state from the next: two updates may begin within one second.
        return {
            reference: Entry(key=str(reference), modified=float(updated), version="")
            for reference, updated in listed.items()
        }

    def locate(self, name: StackName) -> tuple[StackReference, Entry]:
        organization = name.organization or self._organization
        if name.project is None:
            name = dataclasses.replace(name, organization=organization)
            reference = pick(self._list(organization), name, self.where)[0]
        else:
            reference = StackReference(name.project, name.stack, organization)
        try:
            record = cloud_api.get_stack(self._client, reference)
        except StackNotFoundError as error:
            raise StackNotFoundError(
                f"There is no stack {reference} in {self.where}.",
                hint=self._existing(organization),
                details=error.details,
            ) from None
        self._just_seen[reference] = record
        # As long as an update is under way, the state changes and its number does not.
        version = "" if record.operation else f"{record.version}-{record.update}"
        return reference, Entry(key=str(reference), modified=0.0, version=version)

    @functools.cached_property
    def _organization(self) -> str:
        """The organization of a stack whose name has none, found as the CLI finds it."""
        return (
            default_organization(self.where, self._environment)
            or cloud_api.get_default_organization(self._client)
            or cloud_api.get_user(self._client)
        )

    def _existing(self, organization: str) -> str:
        """Say which stacks there are, at best those of the organization that was meant."""
        try:
            return existing(self._list(organization) or self.catalogue())
        except (BackendError, StackNotFoundError):
            return f"Nor does it list stacks of the organization {organization!r}."

    def lock(self, reference: StackReference) -> Lock | None:
        record = self._just_seen.pop(reference, None) or cloud_api.get_stack(self._client, reference)
        running = record.operation
        if running is None:
            return None
        return Lock(f"{running.author or 'somebody'} ({running.kind or 'update'})" + _since(running.started))

    def stream(self, entry: Entry, *, secrets: bool) -> t.Iterator[bytes]:  # noqa: ARG002 - the protocol's
        return cloud_api.export_stack(self._client, self._reference(entry))

    @staticmethod
    def _reference(entry: Entry) -> StackReference:
        organization, project, stack = entry.key.split("/")
        return StackReference(project, stack, organization)

    def last_update(self, reference: StackReference, entry: Entry) -> Update | None:  # noqa: ARG002
        return cloud_api.get_last_update(self._client, reference)


def _since(seconds: int) -> str:
    try:
        started = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, OSError, ValueError):  # no time anybody could have started at
        return ""
    return f" since {started:%Y-%m-%dT%H:%M:%SZ}" if seconds else ""


__all__ = ("CloudBackend",)
