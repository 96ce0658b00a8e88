# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What every backend can do, however it keeps its stacks."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import StackNotFoundError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackName, StackReference

# Far above any real state, far below what would hurt the controller.
MAXIMUM_SIZE = 256 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where a backend keeps a stack. C(version) changes whenever the content does; empty means nobody can tell."""

    key: str
    modified: float
    version: str


@dataclasses.dataclass(frozen=True)
class Lock:
    """Somebody is updating the stack, or was killed doing it. C(holder) reads as "someone@host (pid 1) since …"."""

    holder: str | None = None


@dataclasses.dataclass(frozen=True)
class ConfigKey:
    """A name the stack is configured with; the value is not ours to tell."""

    name: str
    secret: bool


@dataclasses.dataclass(frozen=True)
class Update:
    """The last thing C(pulumi) did to a stack. Times are seconds since 1970."""

    kind: str
    result: str
    started: int | None = None
    ended: int | None = None
    message: str | None = None
    version: int | None = None
    config_keys: tuple[ConfigKey, ...] = ()

    @property
    def failed(self) -> bool:
        return self.result == "failed"


Catalogue = dict[StackReference, Entry]


class Backend(t.Protocol):
    """A place that keeps stacks. Each method raises only errors of this package."""

    @property
    def where(self) -> str:
        """Name the backend as errors should, without anything secret."""

    def catalogue(self) -> Catalogue:
        """List all stacks."""

    def locate(self, name: StackName) -> tuple[StackReference, Entry]:
        """Find the one stack a name means."""

    def lock(self, reference: StackReference) -> Lock | None:
        """Say who holds the stack, V(None) if nobody does."""

    def stream(self, entry: Entry, *, secrets: bool) -> t.Iterator[bytes]:
        """Read a stack's state in pieces, compressed or not.

        Only the backend that asks the Pulumi CLI needs to know C(secrets): whether values will be decrypted.
        """

    def last_update(self, reference: StackReference, entry: Entry) -> Update | None:
        """Tell what the last update did, V(None) where there is no record of one."""


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
    raise StackNotFoundError(f"There is no {wanted} in {where}.", hint=existing(catalogue))


def existing(catalogue: Catalogue, most: int = 20) -> str:
    """Say in a sentence which stacks there are."""
    if not catalogue:
        return "It has no stacks at all."
    names = [str(reference) for reference in sorted(catalogue)]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"It has {', '.join(names[:most])}{more}."


__all__ = (
    "MAXIMUM_SIZE",
    "Backend",
    "Catalogue",
    "ConfigKey",
    "Entry",
    "Lock",
    "Update",
    "existing",
    "pick",
)
