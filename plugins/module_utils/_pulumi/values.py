# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""From the values a state file holds to plain data, as C(pulumi stack output --json --show-secrets) prints them."""

from __future__ import annotations

import base64
import binascii
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import load_json
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError, OutputError

Decrypt = t.Callable[[str], str]

# Pulumi marks everything JSON has no type for with this key; its value says which type it is.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark, not a secret
BYTE_STRING = "803fd3297a5875dc03ca845dda5d2a98"
SPECIAL_FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"
# Assets, archives and references to resources: the CLI prints their description, and so do we.
PASSED_ON = frozenset(
    {
        "c44067f5952c0a294b673a41bacd8c17",
        "0def7320c3a5731c473e5ecbe6d01bc7",
        "5cf8f73096256a8f31e491e813e4eb8e",
    }
)
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PLACEHOLDER = "[secret]"
MAXIMUM_DEPTH = 100


def holds_secret(value: t.Any, depth: int = 0) -> bool:
    """Tell whether a serialised value is a secret or contains one."""
    _limit(depth)
    if isinstance(value, dict):
        return value.get(SIGNATURE) == SECRET or any(holds_secret(item, depth + 1) for item in value.values())
    return isinstance(value, list) and any(holds_secret(item, depth + 1) for item in value)


def plain(value: t.Any, decrypt: Decrypt, path: str, depth: int = 0) -> t.Any:
    """Return the plain data of a serialised value; C(path) names it in errors."""
    _limit(depth)
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, list):
        return [plain(item, decrypt, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    signature = value.get(SIGNATURE)
    if SIGNATURE not in value or (isinstance(signature, str) and signature in PASSED_ON):
        return {_whole(key): plain(item, decrypt, f"{path}.{key}", depth + 1) for key, item in value.items()}
    if signature == SECRET:
        return _secret(value, decrypt, path, depth)
    if signature == BYTE_STRING:
        return _byte_string(value, path)
    if signature == SPECIAL_FLOAT:
        raise OutputError(f"The output {path} is not a finite number.", hint="Export a value JSON can carry.")
    raise OutputError(
        f"The output {path} is of a kind this version does not know.",
        hint="It was written by a newer Pulumi: update this collection.",
    )


def _limit(depth: int) -> None:
    if depth > MAXIMUM_DEPTH:
        raise OutputError(f"An output is nested more than {MAXIMUM_DEPTH} levels deep.")


def _text(value: str, path: str) -> str:
    if value == UNKNOWN:
        raise OutputError(
            f"The output {path} has no value yet: the last update did not get that far.",
            hint="Run pulumi up until it succeeds.",
        )
    if value == PLACEHOLDER:
        raise OutputError(
            f"The output {path} is the text {PLACEHOLDER}, which stands where a secret was hidden.",
            hint="Somebody exported or copied the value without --show-secrets: set the real one and run pulumi up.",
        )
    return _whole(value)


def _whole(value: str) -> str:
    """Replace half characters, which no output could be encoded with, as Pulumi replaces them."""
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _secret(value: dict[str, t.Any], decrypt: Decrypt, path: str, depth: int) -> t.Any:
    ciphertext, plaintext = value.get("ciphertext"), value.get("plaintext")
    if isinstance(plaintext, str) and plaintext and not ciphertext:
        text = plaintext
    elif isinstance(ciphertext, str) and ciphertext and not plaintext:
        text = decrypt(ciphertext)
    else:
        raise OutputError(f"The secret output {path} is damaged: it has not exactly one of ciphertext and plaintext.")
    try:
        inner = load_json(text, path)
    except CheckpointError:
        raise OutputError(f"The secret output {path} is damaged: what was encrypted is not JSON.") from None
    # Secrets inside a secret are marked, but not encrypted a second time.
    return plain(inner, lambda text: text, path, depth + 1)


def _byte_string(value: dict[str, t.Any], path: str) -> str:
    encoded = value.get("value")
    try:
        return base64.b64decode(encoded if isinstance(encoded, str) else "?", validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise OutputError(f"The output {path} is damaged: its bytes cannot be decoded.") from None


__all__ = ("Decrypt", "holds_secret", "plain")
