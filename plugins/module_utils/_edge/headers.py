# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Choose the headers a file is served with: by the rules of the site first, then by what its name says."""

from __future__ import annotations

import dataclasses
import fnmatch
import mimetypes
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._edge.hashed_names import is_hashed_name

if t.TYPE_CHECKING:
    from collections.abc import Iterable

FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"

# The types a browser insists on, spelled as the standards do. Python's own table differs between versions,
# and the system's between machines.
CONTENT_TYPES = {
    "atom": "application/atom+xml",
    "avif": "image/avif",
    "cjs": "text/javascript",
    "css": "text/css",
    "csv": "text/csv",
    "eot": "application/vnd.ms-fontobject",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "map": "application/json",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "rss": "application/rss+xml",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "txt": "text/plain",
    "wasm": "application/wasm",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xml": "application/xml",
}
# Beside text of any kind.
COMPRESSIBLE = frozenset({
    "application/atom+xml", "application/javascript", "application/json", "application/ld+json",
    "application/manifest+json", "application/rss+xml", "application/vnd.ms-fontobject", "application/wasm",
    "application/xhtml+xml", "application/xml", "font/otf", "font/ttf", "image/svg+xml", "image/x-icon",
})  # fmt: skip
OTHER_TYPES = mimetypes.MimeTypes()
UNKNOWN = "application/octet-stream"
# The encodings we can write, with the ending that marks a file in them.
ENCODINGS = {"gzip": ".gz", "br": ".br"}


@dataclasses.dataclass(frozen=True)
class Rule:
    """Headers for the files whose path matches a glob, in which C(*) also crosses folders."""

    pattern: str
    cache_control: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    """How the build compressed these files already."""
    compress: str | None = None
    """How we shall compress them: C(gzip), C(br) or C(none)."""

    @property
    def names_encoding(self) -> bool:
        return bool(self.content_encoding or self.compress)


@dataclasses.dataclass(frozen=True)
class Headers:
    content_type: str
    cache_control: str
    content_encoding: str | None = None

    @property
    def is_compressible(self) -> bool:
        """Whether compressing it saves something. What is compressed in itself, such as an image, only grows."""
        kind = self.content_type.partition(";")[0].strip().lower()
        return self.content_encoding is None and (kind.startswith("text/") or kind in COMPRESSIBLE)

    @property
    def is_html(self) -> bool:
        return self.content_type.startswith(("text/html", "application/xhtml+xml"))

    @property
    def is_asset(self) -> bool:
        """Whether old and new versions can live side by side. HTML is what people navigate to, so it never counts."""
        return "immutable" in self.cache_control.lower() and not self.is_html


def headers_for(path: str, rules: Iterable[Rule]) -> Headers:
    """Take each header from the first matching rule that names it, else from the file's name."""
    matching = [rule for rule in rules if fnmatch.fnmatchcase(path, rule.pattern)]
    content_type = next((rule.content_type for rule in matching if rule.content_type), None) or _content_type(path)
    cache_control = next((rule.cache_control for rule in matching if rule.cache_control), None)
    if cache_control is None:
        is_html = Headers(content_type, "").is_html
        cache_control = FOR_EVER if is_hashed_name(path) and not is_html else ASK_FIRST
    encoding = next((rule for rule in matching if rule.names_encoding), None)
    if encoding is None:
        return Headers(content_type, cache_control)
    return Headers(content_type, cache_control, encoding.content_encoding or compression_for(path, rules))


def compression_for(path: str, rules: Iterable[Rule]) -> str | None:
    """Return how we shall compress a file, if at all: the first rule that says anything of its encoding decides."""
    for rule in rules:
        if rule.names_encoding and fnmatch.fnmatchcase(path, rule.pattern):
            return rule.compress if rule.compress in ENCODINGS and not rule.content_encoding else None
    return None


def _content_type(path: str) -> str:
    extension = path.rpartition("/")[2].rpartition(".")[2].lower()
    content_type = CONTENT_TYPES.get(extension)
    if content_type is None:
        guess, encoding = OTHER_TYPES.guess_type("name." + extension, strict=False)
        # A compressed file is what its own name says, not what is inside it.
        content_type = UNKNOWN if guess is None or encoding else guess
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type


__all__ = ("ASK_FIRST", "ENCODINGS", "FOR_EVER", "Headers", "Rule", "compression_for", "headers_for")
