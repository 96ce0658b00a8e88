# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Pulumi's C(service) secrets provider: Pulumi Cloud, or a service with its API, opens each value itself."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cloud_api import (
    decrypt_value,
    decrypt_values,
    open_service,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cloud_client import Client
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendError,
    SecretsError,
    StackNotFoundError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, is_name
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.sealed import decode

# No user name, no parameters: what a state file says is not ours to trust.
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?|https?://\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
# What goes into one call.
BATCH = 200
BATCH_CHARACTERS = 4 * 1024 * 1024
# The service cannot, or not with all of these: asked one by one, it tells which it cannot open.
ONE_BY_ONE = frozenset({400, 404, 405, 413, 501})


class ServiceDecrypter:
    """Has values decrypted: one by one, or side by side those somebody said they would ask for."""

    def __init__(self, client: Client, reference: StackReference) -> None:
        self._client = client
        self._reference = reference
        self._expected: dict[str, None] = {}
        self._opened: dict[str, str] = {}

    def expect(self, ciphertexts: t.Iterable[str]) -> None:
        """Remember what will be asked for; it is asked for together, as soon as one of it is."""
        self._expected |= dict.fromkeys(text for text in ciphertexts if text not in self._opened)

    def __call__(self, ciphertext: str) -> str:
        decode(ciphertext)  # what is not base64 is damage in the state, not the service's fault
        if ciphertext in self._expected and len(self._expected) > 1:
            self._open_expected()
        if ciphertext not in self._opened:
            self._opened[ciphertext] = self._open(ciphertext)
        return self._opened[ciphertext]

    def _open_expected(self) -> None:
        expected, self._expected = list(self._expected), {}
        for batch in _batches(expected):
            try:
                self._opened |= decrypt_values(self._client, self._reference, batch)
            except (BackendError, StackNotFoundError) as error:
                if error.details.get("http_status") not in ONE_BY_ONE:
                    raise _told(error) from None
                return

    def _open(self, ciphertext: str) -> str:
        try:
            return decrypt_value(self._client, self._reference, ciphertext)
        except StackNotFoundError as error:
            raise SecretsError(
                f"{self._client.url} is to decrypt secrets of the stack {self._reference}, and does not know it.",
                hint="The stack was renamed or removed there: run pulumi up to have its secrets encrypted anew.",
                details=error.details,
            ) from None
        except BackendError as error:
            raise _told(error) from None


def service_decrypter(state: t.Mapping[str, t.Any], environment: t.Mapping[str, str]) -> ServiceDecrypter:
    """Return what decrypts a stack's secrets; nothing is asked for before the first of them is."""
    url = state.get("url")
    names = [state.get(key) for key in ("owner", "project", "stack")]
    if not isinstance(url, str) or not ADDRESS.fullmatch(url):
        raise SecretsError("The stack's secrets provider is damaged: it names no service.")
    if not all(isinstance(name, str) and is_name(name) for name in names):
        raise SecretsError("The stack's secrets provider is damaged: it names no stack.")
    owner, project, stack = map(str, names)
    try:
        client = open_service(url.rstrip("/"), environment, named=False)
    except BackendError as error:
        raise _told(error) from None
    return ServiceDecrypter(client, StackReference(project, stack, owner))


def _told(error: BackendError | StackNotFoundError) -> SecretsError:
    return SecretsError(f"A secret cannot be decrypted: {error.message}", hint=error.hint, details=error.details)


def _batches(ciphertexts: list[str]) -> t.Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for ciphertext in ciphertexts:
        if batch and (len(batch) == BATCH or size + len(ciphertext) > BATCH_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(ciphertext)
        size += len(ciphertext)
    if batch:
        yield batch


__all__ = ("ServiceDecrypter", "service_decrypter")
