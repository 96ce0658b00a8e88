# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""One stack, read and vouched for: the way from a backend to outputs."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import difflib
import functools
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Backend, Catalogue
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import (
    NEVER,
    Checkpoint,
    Deployment,
    parse_checkpoint,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    OutputError,
    PulumiError,
    StackEmptyError,
    StackPendingError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.secrets import decrypter
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import Entry
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import holds_secret, plain

READERS = 8


@dataclasses.dataclass(frozen=True)
class Stack:
    """A stack whose last update finished and left a root resource; values are decrypted when asked for."""

    reference: StackReference
    where: str
    checkpoint: Checkpoint
    deployment: Deployment
    environment: t.Mapping[str, str] = dataclasses.field(repr=False)

    @functools.cached_property
    def _serialised(self) -> dict[str, t.Any]:
        root = self.deployment.root
        return root.outputs if root else {}

    @functools.cached_property
    def _decrypt(self) -> t.Callable[[str], str]:
        return decrypter(self.deployment.secrets_provider, self.environment)

    @functools.cached_property
    def secret_outputs(self) -> tuple[str, ...]:
        """The names of the outputs that are secret or contain a secret."""
        with _told_of(self.reference):
            return tuple(sorted(name for name, value in self._serialised.items() if holds_secret(value)))

    def outputs(self, *, secrets: bool) -> dict[str, t.Any]:
        """Return all outputs, or all but the secret ones."""
        left_out = () if secrets else self.secret_outputs
        return {name: self.output(name) for name in self._serialised if name not in left_out}

    def output(self, name: str) -> t.Any:
        """Return one output, decrypted if need be."""
        with _told_of(self.reference):
            if name not in self._serialised:
                raise OutputError(f"There is no output {name!r}.", hint=self._nearest(name))
            return plain(self._serialised[name], self._decrypt, name)

    def _nearest(self, name: str) -> str:
        names = sorted(self._serialised)
        if not names:
            return "The stack exports nothing."
        near = difflib.get_close_matches(name, names)
        return f"Did you mean {' or '.join(near)}?" if near else f"The stack exports {', '.join(names[:20])}."


@contextlib.contextmanager
def _told_of(reference: StackReference) -> t.Iterator[None]:
    """Put the stack's name in front of what went wrong inside it."""
    try:
        yield
    except PulumiError as error:
        raise type(error)(f"Stack {reference}: {error.message}", hint=error.hint, details=error.details) from None


def read_stack(
    backend: Backend,
    reference: StackReference,
    entry: Entry,
    *,
    locked: bool,
    environment: t.Mapping[str, str],
    allow_pending: bool = False,
) -> Stack:
    """Read a stack's state and refuse it unless it can be relied on."""
    where = f"{backend.where}/{entry.key}"
    if locked and not allow_pending:
        raise StackPendingError(
            f"Stack {reference}: an update is running, or was killed and left its lock behind.",
            hint="Wait for it, or run pulumi cancel; allow_pending reads the state as it is.",
        )
    checkpoint = parse_checkpoint(backend.read(entry), where)
    deployment = checkpoint.deployment
    if deployment is None or (deployment.time == NEVER and not deployment.resources):
        raise StackEmptyError(f"Stack {reference} was never updated, so it has no outputs.", hint="Run pulumi up.")
    if deployment.root is None:
        raise StackEmptyError(
            f"Stack {reference} holds no resources: it was destroyed, or its first update failed.",
            hint="Run pulumi up, or remove the stack with pulumi stack rm.",
        )
    pending = deployment.pending_operations
    if pending and not allow_pending:
        first = pending[0]
        raise StackPendingError(
            f"Stack {reference}: the last update was cut off with {len(pending)} operation(s) pending, "
            f"the first {first.type or 'working on'} {first.urn or 'an unnamed resource'}.",
            hint="Run pulumi refresh and pulumi up; allow_pending reads the state as it is.",
        )
    return Stack(reference, where, checkpoint, deployment, environment)


def read_stacks(
    backend: Backend,
    wanted: Catalogue,
    *,
    environment: t.Mapping[str, str],
    allow_pending: bool = False,
    skip_empty: bool = False,
) -> list[Stack]:
    """Read several stacks side by side, in order; the first that cannot be read stops it all."""
    locked = backend.locked()

    def read(item: tuple[StackReference, Entry]) -> Stack | None:
        reference, entry = item
        try:
            return read_stack(
                backend,
                reference,
                entry,
                locked=reference in locked,
                environment=environment,
                allow_pending=allow_pending,
            )
        except StackEmptyError:
            if skip_empty:
                return None
            raise

    with concurrent.futures.ThreadPoolExecutor(max_workers=READERS) as pool:
        return [stack for stack in pool.map(read, wanted.items()) if stack is not None]


__all__ = ("Stack", "read_stack", "read_stacks")
