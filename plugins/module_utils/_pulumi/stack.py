# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""One stack, read and vouched for: from a state to outputs."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Update
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import Checkpoint, Deployment, Resource
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    OutputNotFoundError,
    OutputTypeError,
    PulumiError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.output_paths import (
    follow,
    kind_of,
    nearest,
    parse_output_path,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.secrets import Decrypter, decrypter
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import holds_secret, plain

# What a value can be asked to be.
KINDS: t.Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
}


@dataclasses.dataclass(frozen=True)
class Stack:
    """A stack that can be relied on. Values are decrypted when they are asked for, and only then."""

    reference: StackReference
    where: str
    checkpoint: Checkpoint
    deployment: Deployment
    update: Update | None
    environment: t.Mapping[str, str] = dataclasses.field(repr=False)

    @functools.cached_property
    def _serialised(self) -> dict[str, t.Any]:
        root = self.deployment.root
        return root.outputs if root else {}

    @functools.cached_property
    def _decrypt(self) -> Decrypter:
        return decrypter(self.deployment.secrets_provider, self.environment)

    @functools.cached_property
    def secret_outputs(self) -> tuple[str, ...]:
        """The names of the outputs that are secret or contain a secret."""
        with told_of(self.reference):
            return tuple(sorted(name for name, value in self._serialised.items() if holds_secret(value)))

    def outputs(self, *, secrets: bool) -> dict[str, t.Any]:
        """Return all outputs, or all but the secret ones."""
        left_out = () if secrets else self.secret_outputs
        if secrets:
            self._decrypt.expect(self._serialised)
        return {name: self.output(name, secrets=secrets) for name in self._serialised if name not in left_out}

    def output(self, path: str, *, secrets: bool, kind: str | None = None) -> t.Any:
        """Return one output or a part of one, which may have to be of a certain type."""
        with told_of(self.reference):
            parsed = parse_output_path(path, self._serialised)
            if parsed.name not in self._serialised:
                raise OutputNotFoundError(f"There is no output {parsed.name!r}.", hint=self._nearest(parsed.name))
            allowed = self._decrypt if secrets else None
            found, walked = follow(self._serialised[parsed.name], parsed, allowed)
            if allowed:
                allowed.expect(found)
            value = plain(found, allowed, walked)
            if kind is not None and not _is(value, kind):
                raise OutputTypeError(f"The output {walked} is {kind_of(value)}, not of the type {kind}.")
            return value

    def resource_outputs(self, resource: Resource, *, secrets: bool) -> dict[str, t.Any]:
        """Return what the state knows of a resource, or all of it that is not secret."""
        with told_of(self.reference):
            return {
                name: plain(value, self._decrypt, f"{resource.urn} {name}")
                for name, value in resource.outputs.items()
                if not name.startswith("__") and (secrets or not holds_secret(value))
            }

    def _nearest(self, name: str) -> str:
        return (
            nearest(name, self._serialised, "The stack exports") if self._serialised else "The stack exports nothing."
        )


def _is(value: t.Any, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


@contextlib.contextmanager
def told_of(reference: StackReference) -> t.Iterator[None]:
    """Put the stack's name in front of what went wrong inside it."""
    try:
        yield
    except PulumiError as error:
        raise type(error)(f"Stack {reference}: {error.message}", hint=error.hint, details=error.details) from None


__all__ = ("KINDS", "Stack", "told_of")
