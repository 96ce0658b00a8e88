# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""How Pulumi seals one value, whoever keeps the key: AES-256-GCM, written C(v1:<nonce>:<data>)."""

from __future__ import annotations

import base64
import binascii
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import SecretsError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

Decrypt = t.Callable[[str], str]

KEY_BYTES = 32
NONCE_BYTES = 12


def opener(key: bytes, keeper: str) -> Decrypt:
    """Return the function that opens what was sealed with a key; C(keeper) names the key in errors."""
    if not HAS_CRYPTOGRAPHY:
        raise SecretsError("Decrypting secret outputs needs the Python library cryptography, which is not installed.")
    if len(key) != KEY_BYTES:
        raise SecretsError(f"The key that {keeper} gave for the stack is not one of Pulumi's: it has the wrong length.")
    cipher = AESGCM(key)

    def decrypt(ciphertext: str) -> str:
        nonce, message = _parts(ciphertext)
        try:
            return cipher.decrypt(nonce, message, None).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise SecretsError(f"A secret output is damaged: {keeper} does not open it.") from None

    return decrypt


def _parts(text: str) -> tuple[bytes, bytes]:
    parts = text.split(":")
    nonce = decode(parts[1]) if len(parts) == 3 and parts[0] == "v1" else b""
    if len(nonce) != NONCE_BYTES:
        raise SecretsError("A secret output is damaged: its ciphertext is not of the form v1:<nonce>:<data>.")
    return nonce, decode(parts[2])


def decode(text: str) -> bytes:
    """Read base64, and nothing but base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SecretsError("A secret of the stack is damaged: it is not base64.") from None


__all__ = ("Decrypt", "decode", "opener")
