# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes backends as the Pulumi CLI writes them, for tests to read back."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
import typing as t
from pathlib import Path

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"
PASSPHRASE = "correct horse"
SALT = b"\x01\x02\x03\x04\x05\x06\x07\x08"
LOCK = b'{"pid": 1, "username": "someone", "hostname": "elsewhere", "timestamp": "2026-11-21T08:00:00Z"}'
NEVER_UPDATED: dict[str, t.Any] = {"version": 0, "checkpoint": {"stack": "organization/shop/dev"}}


@functools.cache
def _key(passphrase: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), SALT, 1_000_000, 32)


def encrypt(text: str, passphrase: str = PASSPHRASE) -> str:
    """Encrypt one value as Pulumi's passphrase provider does."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    # Not random, so that tests which run side by side are called the same.
    nonce = hashlib.sha256(text.encode()).digest()[:12]
    sealed = AESGCM(_key(passphrase)).encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def secret(value: t.Any, passphrase: str = PASSPHRASE) -> dict[str, str]:
    """Return the mark Pulumi puts in the place of a secret value."""
    return {SIGNATURE: SECRET_MARK, "ciphertext": encrypt(json.dumps(value), passphrase)}


def passphrase_provider(passphrase: str = PASSPHRASE) -> dict[str, t.Any]:
    salt = base64.b64encode(SALT).decode()
    return {"type": "passphrase", "state": {"salt": f"v1:{salt}:{encrypt('pulumi', passphrase)}"}}


def checkpoint(
    outputs: dict[str, t.Any] | None = None,
    *,
    project: str = "shop",
    stack: str = "dev",
    version: int = 3,
    **latest: t.Any,
) -> dict[str, t.Any]:
    """Return the document of a stack whose update succeeded; C(latest) replaces parts of the deployment."""
    kind = "pulumi:pulumi:Stack"
    root = {
        "urn": f"urn:pulumi:{stack}::{project}::{kind}::{project}-{stack}",
        "custom": False,
        "type": kind,
        "outputs": outputs or {},
    }
    bucket = {
        "urn": f"urn:pulumi:{stack}::{project}::aws:s3/bucket:Bucket::assets",
        "custom": True,
        "id": "assets-1",
        "type": "aws:s3/bucket:Bucket",
        "outputs": {"bucket": "assets-1"},
        "parent": root["urn"],
    }
    manifest = {"time": "2026-11-21T08:00:00Z", "magic": hashlib.sha256(b"v3.272.0").hexdigest(), "version": "v3.272.0"}
    deployment = {"manifest": manifest, "resources": [root, bucket], "metadata": {}} | latest
    name = f"organization/{project}/{stack}" if project else stack
    return {"version": version, "checkpoint": {"stack": name, "latest": deployment}}


class StateFolder:
    """A C(file://) backend below a folder."""

    def __init__(self, folder: Path, layout: int = 1) -> None:
        self.folder = folder
        self.stacks = folder / ".pulumi" / "stacks"
        self.stacks.mkdir(parents=True)
        if layout:
            (folder / ".pulumi" / "meta.yaml").write_text(f"version: {layout}\n")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def write(self, name: str, content: t.Any, *, suffix: str = ".json") -> Path:
        """Write C(project/stack), or C(stack) in the old layout; documents are encoded, bytes are not."""
        path = self.stacks / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
            content = gzip.compress(content) if suffix.endswith(".gz") else content
        path.write_bytes(content)
        return path

    def lock(self, name: str, content: bytes = LOCK) -> None:
        path = self.folder / ".pulumi" / "locks" / name / "0c6b9c1e.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    def history(self, name: str, seconds: int, content: t.Any, *, suffix: str = ".json") -> None:
        """Write the record of an update that ended so many seconds after 1970."""
        path = self.folder / ".pulumi" / "history" / name / f"{Path(name).name}-{seconds}000000000.history{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
