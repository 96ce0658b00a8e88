# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Pulumi writes state plain, or compressed with gzip or zstd; the content tells which."""

from __future__ import annotations

import zlib

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import MAXIMUM_SIZE

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_WINDOW = 16 + zlib.MAX_WBITS


def decompress(content: bytes, where: str, *, maximum: int = MAXIMUM_SIZE) -> bytes:
    """Return the plain content, never more than C(maximum) bytes of it."""
    if content.startswith(ZSTD_MAGIC):
        raise CheckpointError(
            f"{where} is compressed with zstd, which this version does not read.",
            hint="Unset PULUMI_DIY_BACKEND_ZSTD where the stack is updated (gzip is fine), and update it once.",
        )
    if not content.startswith(GZIP_MAGIC):
        return content
    engine = zlib.decompressobj(GZIP_WINDOW)
    try:
        plain = engine.decompress(content, maximum + 1)
    except zlib.error:
        raise CheckpointError(f"{where} is damaged: its gzip data cannot be unpacked.") from None
    if len(plain) > maximum:
        raise CheckpointError(f"{where} unpacks to more than {maximum} bytes, which is no Pulumi state.")
    if not engine.eof:
        raise CheckpointError(f"{where} is cut short: its gzip data ends too early.")
    return plain


__all__ = ("decompress",)
