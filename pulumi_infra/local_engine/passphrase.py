"""Pulumi's ``passphrase`` secrets provider: AES-256-GCM with a key stretched from a passphrase."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import typing as t
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from local_engine.errors import LocalEngineError
from local_engine.wire import SECRET, SIGNATURE, is_secret, secret

# All fixed by the format.
ITERATIONS = 1_000_000
KEY_BYTES = 32
SALT_BYTES = 8
NONCE_BYTES = 12
PROOF = "pulumi"

HINT = "Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the stack's passphrase."


def passphrase_from_environment() -> str | None:
    """Return the passphrase, which may be empty, or nothing if none was given."""
    if (given := os.environ.get("PULUMI_CONFIG_PASSPHRASE")) is not None:
        return given
    if file := os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise LocalEngineError(f"Could not read the passphrase from {file}: {error.strerror}.") from error
    return None


class Passphrase:
    """Encrypts and decrypts one stack's secrets. Stretching the key takes a while, and is done on first use."""

    def __init__(self, state: str | None, passphrase: str | None) -> None:
        self._passphrase = passphrase
        self._given = state

    @functools.cached_property
    def state(self) -> str:
        """The salt, and a proof of the passphrase, as C(encryptionsalt) and the checkpoint keep them."""
        if self._given:
            return self._given
        salt = os.urandom(SALT_BYTES)
        return f"v1:{base64.b64encode(salt).decode()}:{_encrypt(self._stretch(salt), PROOF)}"

    @functools.cached_property
    def _key(self) -> bytes:
        version, salt, proof = self.state.split(":", 2)
        if version != "v1":
            raise LocalEngineError(f"The stack's salt has the format {version}; this engine knows v1.")
        key = self._stretch(base64.b64decode(salt))
        # Fails if the passphrase is wrong: that is what the proof is for.
        _decrypt(key, proof)
        return key

    def _stretch(self, salt: bytes) -> bytes:
        if self._passphrase is None:
            raise LocalEngineError(f"The stack holds secrets, and no passphrase is known. {HINT}")
        return hashlib.pbkdf2_hmac("sha256", self._passphrase.encode(), salt, ITERATIONS, KEY_BYTES)

    def encrypt(self, text: str) -> str:
        return _encrypt(self._key, text)

    def decrypt(self, ciphertext: str) -> str:
        return _decrypt(self._key, ciphertext)

    def seal(self, value: t.Any) -> t.Any:
        """Return a value as a checkpoint keeps it: every secret in it is ciphertext."""
        if is_secret(value):
            return {SIGNATURE: SECRET, "ciphertext": self.encrypt(json.dumps(value["value"]))}
        if isinstance(value, dict):
            return {key: self.seal(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.seal(item) for item in value]
        return value

    def open(self, value: t.Any) -> t.Any:
        """Return a value from a checkpoint with its secrets readable again, and still marked."""
        if is_secret(value):
            if "plaintext" in value:
                return secret(json.loads(value["plaintext"]))
            return secret(json.loads(self.decrypt(value["ciphertext"])))
        if isinstance(value, dict):
            return {key: self.open(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.open(item) for item in value]
        return value


def _encrypt(key: bytes, text: str) -> str:
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def _decrypt(key: bytes, ciphertext: str) -> str:
    try:
        version, nonce, sealed = ciphertext.split(":")
        if version != "v1":
            raise LocalEngineError(f"A secret has the format {version}; this engine knows v1.")
        return AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()
    except (InvalidTag, ValueError) as error:
        raise LocalEngineError(f"The passphrase of the stack is wrong, or a secret of it is damaged. {HINT}") from error


__all__ = ("Passphrase", "passphrase_from_environment")
