# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Pulumi writes state plain, or compressed with gzip or zstd; the content tells which."""

from __future__ import annotations

import typing as t
import zlib

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import MAXIMUM_SIZE
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError

try:
    import zstandard
except ImportError:
    HAS_ZSTANDARD = False
else:
    HAS_ZSTANDARD = True

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_WINDOW = 16 + zlib.MAX_WBITS
# What gzip may unpack at a time, and the largest piece anybody gets. A bomb is a thousand times its size, or more.
STEP = 1024 * 1024
# What zstd gets at a time: each four bytes of it may become 128 KiB.
ZSTD_STEP = 64
# Pulumi's encoder keeps to 8 MiB; a frame may ask its reader for far more.
ZSTD_WINDOW = 32 * 1024 * 1024

Pieces = t.Iterator[bytes]


def decompress(pieces: Pieces, where: str, *, maximum: int = MAXIMUM_SIZE) -> Pieces:
    """Unpack content piece by piece, never more than C(maximum) bytes of it."""
    # Both ends are watched: there is compressed data that never becomes anything.
    packed = _limited(_cut(pieces, STEP), maximum, f"{where} has")
    yield from _limited(_unpacked(packed, where), maximum, f"{where} unpacks to")


def _limited(pieces: Pieces, maximum: int, what: str) -> Pieces:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > maximum:
            raise CheckpointError(f"{what} more than {maximum} bytes, which is no Pulumi state.")
        yield piece


def _unpacked(pieces: Pieces, where: str) -> Pieces:
    first = b""
    while len(first) < len(ZSTD_MAGIC) and (piece := next(pieces, None)) is not None:
        first += piece
    everything = _preceded(first, pieces)
    if first.startswith(GZIP_MAGIC):
        return _gunzip(everything, where)
    if first.startswith(ZSTD_MAGIC):
        return _unzstd(everything, where)
    return everything


def _preceded(first: bytes, rest: Pieces) -> Pieces:
    if first:
        yield first
    yield from rest


def _cut(pieces: Pieces, size: int) -> Pieces:
    """Make pieces of a bounded size; there are no empty ones."""
    for piece in pieces:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]


def _gunzip(pieces: Pieces, where: str) -> Pieces:
    engine = zlib.decompressobj(GZIP_WINDOW)
    for piece in pieces:
        if engine.eof:
            raise _followed(where, "gzip")
        pending = piece
        while pending and not engine.eof:
            try:
                yield engine.decompress(pending, STEP)
            except zlib.error:
                raise CheckpointError(f"{where} is damaged: its gzip data cannot be unpacked.") from None
            pending = engine.unconsumed_tail
        if engine.unused_data:
            raise _followed(where, "gzip")
    if not engine.eof:
        raise CheckpointError(f"{where} is cut short: its gzip data ends too early.")


def _unzstd(pieces: Pieces, where: str) -> Pieces:
    if not HAS_ZSTANDARD:
        raise CheckpointError(
            f"{where} is compressed with zstd, and the Python library zstandard is not installed.",
            hint="Install it, or set PULUMI_DIY_BACKEND_GZIP instead of PULUMI_DIY_BACKEND_ZSTD and update the stack.",
        )
    # Not the library's reader of streams, which takes a frame that was cut short for one that ended.
    engine = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
    for piece in _cut(pieces, ZSTD_STEP):
        if engine.eof:
            raise _followed(where, "zstd")
        try:
            unpacked = engine.decompress(piece)
        except zstandard.ZstdError:
            raise CheckpointError(f"{where} is damaged: its zstd data cannot be unpacked.") from None
        yield from _cut(iter((unpacked,)), STEP)
        if engine.unused_data:
            raise _followed(where, "zstd")
    if not engine.eof:
        raise CheckpointError(f"{where} is cut short: its zstd data ends too early.")


def _followed(where: str, kind: str) -> CheckpointError:
    return CheckpointError(f"{where} is damaged: something follows its {kind} data.")


__all__ = ("decompress",)
