# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Compress files before they are stored, so that nobody has to do it when they are asked for.

The same content gives the same bytes, without a time or a name in them. Where the bucket's notes say that it holds the
compressed form of just this content, nothing is compressed at all.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import typing as t
import zlib

from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import ENCODINGS
from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import BLOCK, SiteFile
from ansible_collections.slipway.aws.plugins.module_utils._edge.parallel import in_parallel
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

try:
    BROTLI: t.Any = importlib.import_module("brotli")
except ImportError:
    BROTLI = None

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ansible_collections.slipway.aws.plugins.module_utils._edge.api import RemoteObject

# Less than this fits into one packet anyway.
WORTH_IT = 1000
BEST_GZIP = 9
# Tells zlib to write the header of gzip, which then has neither a time nor a name.
GZIP_WINDOW = 16 + zlib.MAX_WBITS


@dataclasses.dataclass(frozen=True)
class Compressed:
    """What became of a source when it was compressed."""

    source: str
    encoding: str
    md5: str
    sha256: str
    size: int


def with_siblings(files: Sequence[SiteFile], encodings: Sequence[str]) -> list[SiteFile]:
    """Return the files, and beside each one that is worth it a compressed one under its own name."""
    present = {file.path for file in files}
    siblings = [
        dataclasses.replace(
            file,
            path=file.path + ENCODINGS[encoding],
            headers=dataclasses.replace(file.headers, content_encoding=encoding),
            compress=encoding,
        )
        for file in files
        if file.headers.is_compressible and file.size >= WORTH_IT
        for encoding in encodings
        if file.path + ENCODINGS[encoding] not in present
    ]
    return sorted([*files, *siblings], key=lambda file: file.path)


def require_encodings(files: Sequence[SiteFile]) -> None:
    """Refuse what cannot be compressed here, before anything is asked of AWS."""
    if BROTLI is None and any(file.compress == "br" for file in files):
        raise SlipwayError(
            "Files are to be compressed with br, and the Python that publishes has no package brotli.",
            hint="Install brotli where the task runs, or choose gzip.",
        )


def stored_forms(
    files: Sequence[SiteFile],
    *,
    remote: Mapping[str, RemoteObject],
    prefix: str,
    known: Mapping[str, Compressed],
    folder: Path,
    workers: int,
) -> list[SiteFile]:
    """Return the files with the size and the hashes of what is stored. What is not there yet lies in the folder."""

    def remembered(file: SiteFile) -> Compressed | None:
        note, there = known.get(prefix + file.path), remote.get(prefix + file.path)
        if note is None or there is None or (note.source, note.encoding) != (file.sha256, file.compress):
            return None
        return note if there.etag == note.md5 else None

    notes = {file.path: remembered(file) for file in files if file.compress}
    todo = {(file.sha256, str(file.compress)): file for file in files if file.compress and notes[file.path] is None}
    fresh, error = in_parallel(lambda file: _compress(file, folder), list(todo.values()), workers=workers)
    if error is not None:
        raise error
    made = {(each.source, each.encoding): each for each in fresh}
    return [
        _as_stored(file, notes[file.path] or made[file.sha256, str(file.compress)], folder) if file.compress else file
        for file in files
    ]


def _as_stored(file: SiteFile, form: Compressed, folder: Path) -> SiteFile:
    return dataclasses.replace(
        file,
        location=_place(folder, file),
        md5=form.md5,
        sha256=form.sha256,
        size=form.size,
        compressed_from=form.source,
    )


def _place(folder: Path, file: SiteFile) -> Path:
    return folder / (file.sha256 + ENCODINGS[str(file.compress)])


def _compress(file: SiteFile, folder: Path) -> Compressed:
    # MD5 because S3 answers it as the ETag of an object; nobody relies on it for safety.
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    try:
        with file.location.open("rb") as source, _place(folder, file).open("wb") as target:
            for piece in _pieces(source, str(file.compress)):
                target.write(piece)
                md5.update(piece)
                sha256.update(piece)
                size += len(piece)
    except OSError as error:
        raise SlipwayError(
            f"Could not compress {file.path}: {error.strerror}.",
            hint=f"Nothing was uploaded. Compressed files wait in {folder} until they are; TMPDIR names another place.",
        ) from error
    return Compressed(file.sha256, str(file.compress), md5.hexdigest(), sha256.hexdigest(), size)


def _pieces(source: t.BinaryIO, encoding: str) -> Iterator[bytes]:
    compress: Callable[[bytes], bytes]
    finish: Callable[[], bytes]
    if encoding == "gzip":
        gzip = zlib.compressobj(BEST_GZIP, zlib.DEFLATED, GZIP_WINDOW)
        compress, finish = gzip.compress, gzip.flush
    else:
        brotli = BROTLI.Compressor()
        compress, finish = brotli.process, brotli.finish
    while block := source.read(BLOCK):
        yield compress(block)
    yield finish()


__all__ = ("Compressed", "require_encodings", "stored_forms", "with_siblings")
