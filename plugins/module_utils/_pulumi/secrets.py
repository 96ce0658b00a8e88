# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Which secrets provider a stack uses, and whether we can stand in for it."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import SecretsProvider
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import SecretsError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.passphrase import passphrase_decrypter
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import Decrypt


def decrypter(provider: SecretsProvider | None, environment: t.Mapping[str, str]) -> Decrypt:
    """Return a function that decrypts; nothing is derived or asked for before it is first called."""
    ready: list[Decrypt] = []

    def decrypt(ciphertext: str) -> str:
        if not ready:
            ready.append(_open(provider, environment))
        return ready[0](ciphertext)

    return decrypt


def _open(provider: SecretsProvider | None, environment: t.Mapping[str, str]) -> Decrypt:
    if provider is None:
        raise SecretsError("The stack has secret outputs, but its state names no secrets provider.")
    if provider.type == "passphrase":
        return passphrase_decrypter(provider.state, environment)
    raise SecretsError(
        f"The stack's secrets are encrypted by the provider {provider.type!r}; this version knows only 'passphrase'.",
        hint="Read the outputs that are not secret, or have the secret read at run time from where AWS keeps it.",
    )


__all__ = ("decrypter",)
