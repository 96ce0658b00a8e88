# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""From the values a state file holds to plain data, as C(pulumi stack output --json --show-secrets) prints them."""

from __future__ import annotations

import base64
import binascii
import decimal
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import load_json, whole
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    CheckpointError,
    OutputError,
    OutputHiddenError,
    OutputSecretError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.sealed import Decrypt

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
LONGEST_INTEGER = 1e21


def holds_secret(value: t.Any, depth: int = 0) -> bool:
    """Tell whether a serialised value is a secret or contains one."""
    _limit(depth)
    if isinstance(value, dict):
        return value.get(SIGNATURE) == SECRET or any(holds_secret(item, depth + 1) for item in value.values())
    return isinstance(value, list) and any(holds_secret(item, depth + 1) for item in value)


def plain(value: t.Any, decrypt: Decrypt | None, path: str, depth: int = 0) -> t.Any:
    """Return the plain data of a serialised value; C(path) names it in errors.

    Without C(decrypt), nothing secret is returned: meeting a secret is an error.
    """
    _limit(depth)
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, list):
        return [plain(item, decrypt, _part(path, f"[{index}]", decrypt), depth + 1) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return _number(value, path)
    signature = value.get(SIGNATURE)
    if SIGNATURE not in value or (isinstance(signature, str) and signature in PASSED_ON):
        return {
            whole(key): plain(item, decrypt, _part(path, f".{key}", decrypt), depth + 1) for key, item in value.items()
        }
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
        raise OutputHiddenError(
            f"The output {path} is the text {PLACEHOLDER}, which stands where a secret was hidden.",
            hint="Somebody exported or copied the value without --show-secrets: set the real one and run pulumi up.",
        )
    return whole(value)


def _number(value: t.Any, path: str) -> t.Any:
    if value is None or isinstance(value, bool):
        return value
    try:
        # To Pulumi all numbers are 64-bit floats; what a state holds beyond them, no output can be.
        number = float(value)
    except OverflowError:
        raise OutputError(f"The output {path} is not a finite number.", hint="Export a value JSON can carry.") from None
    if not number.is_integer() or abs(number) >= LONGEST_INTEGER:
        return number
    # It prints the fewest digits that tell two floats apart, and zeros up to the point.
    return int(decimal.Decimal(repr(number)))


def _secret(value: dict[str, t.Any], decrypt: Decrypt | None, path: str, depth: int) -> t.Any:
    return plain(opened(value, decrypt, path), as_it_is, path, depth + 1)


def as_it_is(text: str) -> str:
    """Open a secret inside a secret, which is marked as one, but was not encrypted a second time."""
    return text


def _part(path: str, step: str, decrypt: Decrypt | None) -> str:
    # The keys of a secret object are as secret as its values, so errors name nothing inside.
    return path if decrypt is as_it_is else path + whole(step)


def opened(value: dict[str, t.Any], decrypt: Decrypt | None, path: str) -> t.Any:
    """Return the serialised value a secret holds."""
    if decrypt is None:
        raise OutputSecretError(
            f"The output {path} is secret.",
            hint="Allow it to be decrypted with secret_outputs=decrypt, and keep it out of logs with no_log.",
        )
    ciphertext, plaintext = value.get("ciphertext"), value.get("plaintext")
    if isinstance(plaintext, str) and plaintext and not ciphertext:
        text = plaintext
    elif isinstance(ciphertext, str) and ciphertext and not plaintext:
        text = decrypt(ciphertext)
    else:
        raise OutputError(f"The secret output {path} is damaged: it has not exactly one of ciphertext and plaintext.")
    try:
        return load_json(text, path)
    except CheckpointError:
        raise OutputError(f"The secret output {path} is damaged: what was encrypted is not JSON.") from None


def _byte_string(value: dict[str, t.Any], path: str) -> str:
    encoded = value.get("value")
    try:
        content = base64.b64decode(encoded if isinstance(encoded, str) else "?", validate=True)
    except (binascii.Error, ValueError):
        raise OutputError(f"The output {path} is damaged: its bytes cannot be decoded.") from None
    try:
        return content.decode()
    except UnicodeDecodeError:
        # The CLI shows bytes that are no text in this way.
        return f'b"{base64.b64encode(content).decode()}"'


__all__ = ("as_it_is", "holds_secret", "opened", "plain")
