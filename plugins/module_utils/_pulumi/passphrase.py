# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Pulumi's C(passphrase) secrets provider, version 1: a key derived by PBKDF2."""

from __future__ import annotations

import functools
import hashlib
import os
import pathlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import PassphraseError, SecretsError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.sealed import KEY_BYTES, Decrypt, decode, opener

ITERATIONS = 1_000_000
# Pulumi encrypts this word beside the salt, so that a wrong passphrase is noticed before it garbles a secret.
PROOF = "pulumi"
VARIABLES = "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"


def passphrase_decrypter(state: t.Mapping[str, t.Any], environment: t.Mapping[str, str]) -> Decrypt:
    """Return the function that decrypts one ciphertext, after proving that the passphrase is right."""
    salt, proof = _state(state.get("salt"))
    try:
        phrase = os.fsencode(_passphrase(environment))
    except UnicodeEncodeError:
        raise PassphraseError("The passphrase is not a text.", hint=f"Correct {VARIABLES}.") from None
    decrypt = opener(_key(phrase, salt), "the stack's passphrase")
    try:
        proven = decrypt(proof) == PROOF
    except SecretsError:
        proven = False
    if not proven:
        raise PassphraseError(
            "The passphrase is not the one the stack's secrets were encrypted with.",
            hint=f"Correct {VARIABLES}.",
        )
    return decrypt


# A third of a second each: stacks of one project often share a passphrase and a salt.
@functools.lru_cache(maxsize=64)
def _key(phrase: bytes, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", phrase, salt, ITERATIONS, KEY_BYTES)


def _passphrase(environment: t.Mapping[str, str]) -> str:
    # An empty passphrase is a passphrase: many local stacks have it.
    phrase = environment.get("PULUMI_CONFIG_PASSPHRASE")
    if phrase is not None:
        return phrase
    file = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        raise PassphraseError("The stack's secrets are encrypted with a passphrase.", hint=f"Set {VARIABLES}.")
    try:
        return pathlib.Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise PassphraseError(f"PULUMI_CONFIG_PASSPHRASE_FILE cannot be read: {error.strerror}.") from error
    except ValueError:
        raise PassphraseError("PULUMI_CONFIG_PASSPHRASE_FILE is not a text file.") from None


def _state(text: t.Any) -> tuple[bytes, str]:
    parts = text.split(":", 2) if isinstance(text, str) else []
    if len(parts) != 3 or parts[0] != "v1":
        raise SecretsError("The stack's passphrase salt is damaged, or of a version other than v1.")
    return decode(parts[1]), parts[2]


__all__ = ("passphrase_decrypter",)
