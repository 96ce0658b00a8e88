# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""State the Pulumi CLI reads for us (C(cli)): from backends only it knows, with secrets only it can decrypt."""

from __future__ import annotations

import contextlib
import datetime
import functools
import pathlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import (
    MAXIMUM_SIZE,
    Catalogue,
    ConfigKey,
    Entry,
    Lock,
    Update,
    pick,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cli_process import Program
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import Document, load_json
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendError, CheckpointError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import (
    DIY_ORGANIZATION,
    StackName,
    StackReference,
    is_name,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import CliLocation

# Ten thousand stacks take two megabytes.
MAXIMUM_LIST = 64 * 1024 * 1024


class CliBackend:
    """Runs C(pulumi), once for the list of stacks, and for each stack once for its state and once for its history."""

    def __init__(self, location: CliLocation, base: pathlib.Path, environment: t.Mapping[str, str]) -> None:
        self.where = str(location)
        self._program = Program(base, environment, location.url)

    def catalogue(self) -> Catalogue:
        return {reference: entry for reference, (entry, dummy) in self._listed.items()}

    def locate(self, name: StackName) -> tuple[StackReference, Entry]:
        return pick(self.catalogue(), name, self.where)

    def lock(self, reference: StackReference) -> Lock | None:
        # Only services say so; of its own locks in folders and buckets the CLI does not tell.
        dummy, running = self._listed.get(reference, (None, False))
        return Lock() if running else None

    @functools.cached_property
    def _listed(self) -> dict[StackReference, tuple[Entry, bool]]:
        """All stacks, each with whether an update is under way."""
        found = {}
        with understood():
            for item in self._printed("stack", "ls", "--all", "--json"):
                name = item.take("name", str, "")
                # The CLI wants to hear the name it prints. Nothing it prints would change with every state.
                entry = Entry(key=name, modified=float(_seconds(item, "lastUpdate") or 0), version="")
                found[_reference(name)] = (entry, item.take("updateInProgress", bool, False))
        return found

    def stream(self, entry: Entry, *, secrets: bool) -> t.Iterator[bytes]:
        shown = ("--show-secrets",) if secrets else ()
        return self._program.output("stack", "export", f"--stack={entry.key}", *shown, maximum=MAXIMUM_SIZE)

    def last_update(self, reference: StackReference, entry: Entry) -> Update | None:  # noqa: ARG002 - the key says it
        with understood():
            updates = self._printed("stack", "history", "--json", "--page-size=1", f"--stack={entry.key}")
            return _update(updates[0]) if updates else None

    def _printed(self, *arguments: str) -> list[Document]:
        """Run a command that prints a list of objects."""
        where = "What pulumi " + " ".join(word for word in arguments if not word.startswith("-")) + " prints"
        printed = b"".join(self._program.output(*arguments, maximum=MAXIMUM_LIST))
        return Document({"list": load_json(printed, where)}, where).children("list")


@contextlib.contextmanager
def understood() -> t.Iterator[None]:
    """Tell what cannot be read as what it is: not a state, but what the CLI prints."""
    try:
        yield
    except CheckpointError as error:
        message = error.message.replace("is not a Pulumi checkpoint", "cannot be understood")
        raise BackendError(message, hint="It takes a Pulumi CLI of version 3.") from None


def _reference(name: str) -> StackReference:
    parts = name.split("/")
    if len(parts) not in (1, 3) or not all(is_name(part) for part in parts):
        raise CheckpointError("What pulumi stack ls prints cannot be understood: it has a name that is none.")
    if len(parts) == 1:
        return StackReference("", name)
    organization, project, stack = parts
    # Folders and buckets have no organizations, and are named here as everywhere else.
    return StackReference(project, stack, "" if organization == DIY_ORGANIZATION else organization)


def _update(record: Document) -> Update:
    config = record.child("config")
    names = sorted(config.keys()) if config else []
    values = [(name, config.child(name)) for name in names] if config else []
    return Update(
        kind=record.take("kind", str, ""),
        result=record.take("result", str, ""),
        started=_seconds(record, "startTime"),
        ended=_seconds(record, "endTime"),
        message=record.take("message", str, "") or None,
        version=record.take("version", int, 0) or None,
        config_keys=tuple(
            ConfigKey(name, secret=value is not None and value.take("secret", bool, False)) for name, value in values
        ),
    )


def _seconds(record: Document, key: str) -> int | None:
    """Read a time as the CLI writes it, to the second."""
    try:
        seconds = int(datetime.datetime.fromisoformat(record.take(key, str, "")).timestamp())
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if seconds > 0 else None


__all__ = ("CliBackend",)
