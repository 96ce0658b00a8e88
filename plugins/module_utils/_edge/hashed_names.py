# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Recognise file names that carry a hash of the content, as bundlers write them.

Such a file never changes under its name, so it may be cached for ever. The rules would rather miss a hash than
see one in an ordinary word: a missed hash costs a revalidation, a wrong one leaves old content in browsers for a year.
"""

from __future__ import annotations

import re

# webpack, Parcel and most hand-written builds: hexadecimal, with digits and letters both.
HEXADECIMAL = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{8,64}")
# Rollup and Vite: exactly eight characters of base64url right before the extension; esbuild: eight of base32.
BEFORE_EXTENSION = re.compile(r"[-.]([A-Za-z0-9_-]{8})\.[^.]+(?:\.map)?$")
MIXED = re.compile(r"(?=.*[A-Z])(?=.*[a-z0-9])[A-Za-z0-9]{8}")
MIXED_WITH_SEPARATORS = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])[A-Za-z0-9_-]{8}")
# OpenSans, MacBook1, README12: words, with or without a number behind them.
WORDS = re.compile(r"(?:[A-Z]?[a-z]{2,}|[A-Z]{2,})+\d*")


def is_hashed_name(path: str) -> bool:
    """Tell whether the file's name changes whenever its content does."""
    name = path.rpartition("/")[2]
    parts = re.split(r"[-._]", name)[1:-1]
    if any(HEXADECIMAL.fullmatch(part) for part in parts):
        return True
    found = BEFORE_EXTENSION.search(name)
    if found is None:
        return False
    candidate = found[1]
    if MIXED.fullmatch(candidate):
        return WORDS.fullmatch(candidate) is None
    return MIXED_WITH_SEPARATORS.fullmatch(candidate) is not None


__all__ = ("is_hashed_name",)
