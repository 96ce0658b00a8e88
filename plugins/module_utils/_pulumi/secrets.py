# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Which secrets provider a stack uses, and whether we can stand in for it."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import SecretsProvider
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import SecretsError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.sealed import Decrypt
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import SECRET, SIGNATURE

KEY_SERVICE = "awskms"
SCHEME = re.compile(r"([a-z0-9+.-]{1,32})://")
THE_CLI = "Let the Pulumi CLI read the stack, with the backend cli, or cli+<URL of the backend>."


class Decrypter:
    """Decrypts one value at a time. Nothing is loaded, derived or asked for before it is first called."""

    def __init__(self, provider: SecretsProvider | None, environment: t.Mapping[str, str]) -> None:
        self._provider = provider
        self._environment = environment
        self._ready: Decrypt | None = None
        self._expected: list[str] = []

    def expect(self, value: t.Any) -> None:
        """Say that all secrets in a serialised value will be asked for: some providers open many as fast as one."""
        self._expected += _ciphertexts(value)

    def __call__(self, ciphertext: str) -> str:
        if self._ready is None:
            self._ready = _open(self._provider, self._environment)
        if self._expected:
            if isinstance(self._ready, ManyAtOnce):
                self._ready.expect(self._expected)
            self._expected = []
        return self._ready(ciphertext)


@t.runtime_checkable
class ManyAtOnce(t.Protocol):
    """A provider that likes to know beforehand what it will be asked to open."""

    def expect(self, ciphertexts: t.Iterable[str]) -> None:
        """Remember what will be asked for."""

    def __call__(self, ciphertext: str) -> str:
        """Open one value."""


def decrypter(provider: SecretsProvider | None, environment: t.Mapping[str, str]) -> Decrypter:
    """Return what decrypts a stack's secrets."""
    return Decrypter(provider, environment)


def _open(provider: SecretsProvider | None, environment: t.Mapping[str, str]) -> Decrypt:
    if provider is None:
        raise SecretsError("The stack has secret outputs, but its state names no secrets provider.")
    # Each brings libraries that take longer to load than most states take to read: only who needs one waits for it.
    if provider.type == "passphrase":
        from ansible_collections.slipway.aws.plugins.module_utils._pulumi.passphrase import passphrase_decrypter

        return passphrase_decrypter(provider.state, environment)
    if provider.type == "service":
        from ansible_collections.slipway.aws.plugins.module_utils._pulumi.service_secrets import service_decrypter

        return service_decrypter(provider.state, environment)
    if provider.type == "cloud":
        return _open_cloud(provider, environment)
    raise SecretsError(
        f"The stack's secrets are encrypted by the provider {provider.type!r}, which this version does not know.",
        hint=THE_CLI,
    )


def _open_cloud(provider: SecretsProvider, environment: t.Mapping[str, str]) -> Decrypt:
    """Open the key of somebody's cloud; Pulumi calls all of them by one name, and tells them apart by their URL."""
    url = provider.state.get("url")
    # Nothing but the scheme is told: whatever else stands there may be anything.
    found = SCHEME.match(url) if isinstance(url, str) else None
    scheme = found[1] if found else ""
    if scheme == KEY_SERVICE:
        from ansible_collections.slipway.aws.plugins.module_utils._pulumi.key_service import key_service_decrypter

        return key_service_decrypter(provider.state, environment)
    raise SecretsError(
        f"The stack's secrets are encrypted by {scheme or 'a service without a name'}, which only Pulumi can ask.",
        hint=THE_CLI,
    )


def _ciphertexts(value: t.Any) -> list[str]:
    found: list[str] = []
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo += item
        elif isinstance(item, dict):
            ciphertext = item.get("ciphertext") if item.get(SIGNATURE) == SECRET else None
            if isinstance(ciphertext, str) and ciphertext:
                found.append(ciphertext)
            else:
                todo += item.values()
    return found


__all__ = ("Decrypter", "decrypter")
