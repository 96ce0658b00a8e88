# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Tell by its name that a value is a secret, for warnings and for what must not be written down."""

from __future__ import annotations

import re

# A name is split into words: DB_PASSWORD, dbPassword and db-password are the same two.
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
SECRET_WORD = re.compile(
    "apikey|auth|authorization|authtoken|bearer|cookies?|credentials?|dsn|passphrase|passwd|passwords?|privatekey|pwd"
    "|secretkey|secrets?|token"
)
KEY_KIND = re.compile("access|account|api|encryption|private|secret|signing|ssh")
# DB_SECRET_ARN or TOKEN_FILE say where a secret is, or something about it, and are not one.
REFERENCE_WORD = re.compile(
    "arn|count|enabled|file|folder|length|limit|names?|path|region|source|ttl|type|uri|url|version"
)


def looks_secret(name: str) -> bool:
    """Return whether what is called C(name) is most likely a secret."""
    words = [word.lower() for word in WORDS.findall(name)]
    if not words or REFERENCE_WORD.fullmatch(words[-1]):
        return False
    pairs = zip(words, words[1:], strict=False)
    return any(map(SECRET_WORD.fullmatch, words)) or any(
        word == "key" and KEY_KIND.fullmatch(kind) for kind, word in pairs
    )


__all__ = ("looks_secret",)
