# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Pulumi's C(passphrase) secrets provider, version 1: AES-256-GCM with a key derived by PBKDF2."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import pathlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import SecretsError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import Decrypt

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

ITERATIONS = 1_000_000
KEY_BYTES = 32
NONCE_BYTES = 12
# Pulumi encrypts this word beside the salt, so that a wrong passphrase is noticed before it garbles a secret.
PROOF = "pulumi"
VARIABLES = "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"


def passphrase_decrypter(state: t.Mapping[str, t.Any], environment: t.Mapping[str, str]) -> Decrypt:
    """Return the function that decrypts one ciphertext, after proving that the passphrase is right."""
    if not HAS_CRYPTOGRAPHY:
        raise SecretsError("Decrypting secret outputs needs the Python library cryptography, which is not installed.")
    salt, proof = _state(state.get("salt"))
    phrase = _passphrase(environment)
    cipher = AESGCM(hashlib.pbkdf2_hmac("sha256", os.fsencode(phrase), salt, ITERATIONS, KEY_BYTES))

    def decrypt(ciphertext: str) -> str:
        nonce, message = _parts(ciphertext)
        try:
            return cipher.decrypt(nonce, message, None).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise SecretsError("A secret output is damaged: the stack's passphrase does not open it.") from None

    try:
        proven = decrypt(proof) == PROOF
    except SecretsError:
        proven = False
    if not proven:
        raise SecretsError(
            "The passphrase is not the one the stack's secrets were encrypted with.",
            hint=f"Correct {VARIABLES}.",
        )
    return decrypt


def _passphrase(environment: t.Mapping[str, str]) -> str:
    # An empty passphrase is a passphrase: many local stacks have it.
    phrase = environment.get("PULUMI_CONFIG_PASSPHRASE")
    if phrase is not None:
        return phrase
    file = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        raise SecretsError("The stack's secrets are encrypted with a passphrase.", hint=f"Set {VARIABLES}.")
    try:
        return pathlib.Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecretsError(f"PULUMI_CONFIG_PASSPHRASE_FILE cannot be read: {error.strerror}.") from error
    except ValueError:
        raise SecretsError("PULUMI_CONFIG_PASSPHRASE_FILE is not a text file.") from None


def _state(text: t.Any) -> tuple[bytes, str]:
    parts = text.split(":", 2) if isinstance(text, str) else []
    if len(parts) != 3 or parts[0] != "v1":
        raise SecretsError("The stack's passphrase salt is damaged, or of a version other than v1.")
    return _decode(parts[1]), parts[2]


def _parts(text: str) -> tuple[bytes, bytes]:
    parts = text.split(":")
    nonce = _decode(parts[1]) if len(parts) == 3 and parts[0] == "v1" else b""
    if len(nonce) != NONCE_BYTES:
        raise SecretsError("A secret output is damaged: its ciphertext is not of the form v1:<nonce>:<data>.")
    return nonce, _decode(parts[2])


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SecretsError("A secret of the stack is damaged: it is not base64.") from None


__all__ = ("passphrase_decrypter",)
