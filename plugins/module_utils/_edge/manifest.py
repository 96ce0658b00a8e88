# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Read a folder into a manifest: every file with its hashes and the headers it will be served with."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import os
import stat
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import (
    Headers,
    Rule,
    compression_for,
    headers_for,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK = 1 << 20
LARGEST = 5 << 30
# Where the collection keeps what it has to remember of a site, beside the site.
OWN_FOLDER = ".slipway/"


@dataclasses.dataclass(frozen=True)
class SiteFile:
    """One file of the site. C(path) is relative to the source and uses forward slashes."""

    path: str
    location: Path
    size: int
    md5: str
    sha256: str
    headers: Headers
    compress: str | None = None
    """The encoding it is stored in, where we compress it. Until that is done, size and hashes are the source's."""
    compressed_from: str | None = None
    """The SHA-256 of the source, once it is compressed."""


def read_manifest(source: str, *, rules: Sequence[Rule], index_document: str, workers: int) -> list[SiteFile]:
    """Return the files of a built site, sorted by path."""
    folder = Path(source)
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise SlipwayError(f"The source folder {source} {what}.", hint="Build the site first, or correct the path.")
    root = folder.resolve()
    try:
        found = dict(sorted(_files_below(root, "", (root,))))
        if not found:
            raise SlipwayError(f"The source folder {source} holds no files.", hint="Did the build of the site fail?")
        if index_document and index_document not in found:
            raise SlipwayError(
                f"The source folder {source} has no {index_document}.",
                hint="Point at the built site, or set the option index_document to the site's first page "
                "(to an empty string for a folder without one).",
            )
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            return list(pool.map(lambda item: _read(item[0], item[1], rules), found.items()))
    except OSError as error:
        raise SlipwayError(f"Could not read {error.filename or source}: {error.strerror}.") from error


def manifest_digest(files: Sequence[SiteFile]) -> str:
    """Return one hash over everything a visitor can see: paths, contents and headers."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda each: each.path):
        fields = [file.path, file.sha256, file.headers.content_type, file.headers.cache_control]
        if file.headers.content_encoding:
            fields.append(file.headers.content_encoding)
        digest.update("\0".join(fields).encode() + b"\n")
    return f"sha256:{digest.hexdigest()}"


def _files_below(folder: Path, prefix: str, parents: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            _require_text(path)
            if path + "/" == OWN_FOLDER:
                raise SlipwayError(
                    f"The source folder holds {path}, the name under which Slipway keeps its own notes in the bucket.",
                    hint="Rename it, or leave it out of the build.",
                )
            location = Path(entry.path)
            if entry.is_symlink():
                location = _inside(parents[0], location, path)
            kind = location.stat().st_mode
            if stat.S_ISREG(kind):
                yield path, location
            elif not stat.S_ISDIR(kind):
                raise SlipwayError(f"{path} in the source folder is neither a file nor a folder.")
            elif location in parents:
                raise SlipwayError(f"The link {path} in the source folder leads back to a folder above it.")
            else:
                yield from _files_below(location, path + "/", (*parents, location))


def _inside(root: Path, link: Path, path: str) -> Path:
    target = link.resolve()
    if not target.exists():
        raise SlipwayError(f"The link {path} in the source folder leads nowhere.")
    if not target.is_relative_to(root):
        raise SlipwayError(
            f"The link {path} in the source folder leads outside of it.",
            hint="Nothing was uploaded. Copy what it points to into the site, or remove the link.",
        )
    return target


def _require_text(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise SlipwayError(f"The name of {path!a} in the source folder is not valid UTF-8.") from error


def _read(path: str, location: Path, rules: Sequence[Rule]) -> SiteFile:
    # MD5 because S3 answers it as the ETag of an object; nobody relies on it for safety.
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with location.open("rb") as file:
        while block := file.read(BLOCK):
            md5.update(block)
            sha256.update(block)
            size += len(block)
    if size > LARGEST:
        raise SlipwayError(f"{path} in the source folder has {size} bytes, and S3 takes 5 GiB in one request.")
    compress = compression_for(path, rules)
    return SiteFile(path, location, size, md5.hexdigest(), sha256.hexdigest(), headers_for(path, rules), compress)


__all__ = ("OWN_FOLDER", "SiteFile", "manifest_digest", "read_manifest")
