# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What of a build context reaches the engine: every entry that no ignore file keeps out."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.ignore import IgnoreRules, Matches

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file, folder or link of the context, reduced to what can change an image.

    Of the mode only the right to execute counts: a checkout's other bits follow the
    umask of whoever made it, and would give each machine a fingerprint of its own.
    """

    path: str
    kind: str
    executable: bool
    content: str


def ignore_views(context: Path, dockerfile: Path) -> list[IgnoreRules]:
    """Return one set of rules for each way an engine may read this context.

    Which file counts depends on the engine (only BuildKit reads the Dockerfile's own, only podman
    a C(.containerignore)), and the engine is not known yet: an entry counts if any of them would send it.
    """
    views = [_read_rules(context / ".dockerignore") or IgnoreRules()]
    others = (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".containerignore")
    return views + [rules for rules in map(_read_rules, others) if rules is not None]


def entries(context: Path, views: list[IgnoreRules]) -> Iterator[Entry]:
    """Walk the context in the order of names, and read what is not ignored."""
    try:
        yield from _walk(context, "", views, [rules.at_the_top for rules in views])
    except OSError as error:
        raise SlipwayError(
            f"Could not read {error.filename} of the build context: {error.strerror}.",
            hint="Correct its permissions, or keep it out with a line in .dockerignore.",
        ) from error


def _walk(folder: Path, prefix: str, views: list[IgnoreRules], above: list[Matches]) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        children = sorted(found, key=lambda child: os.fsencode(child.name))
    for child in children:
        path = prefix + child.name
        matches = [rules.match(path, parent) for rules, parent in zip(views, above, strict=True)]
        paired = list(zip(views, matches, strict=True))
        if not all(rules.ignores(matched) for rules, matched in paired):
            yield _read_entry(child, path)
        if child.is_dir(follow_symlinks=False) and not all(
            rules.ignores_all_below(path, matched) for rules, matched in paired
        ):
            yield from _walk(folder / child.name, f"{path}/", views, matches)


def _read_entry(child: os.DirEntry[str], path: str) -> Entry:
    status = child.stat(follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        return Entry(path, "link", executable=False, content=str(Path(child.path).readlink()))
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, "folder", executable=False, content="")
    if stat.S_ISREG(status.st_mode):
        with Path(child.path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Entry(path, "file", executable=bool(status.st_mode & 0o111), content=digest)
    return Entry(path, "special", executable=False, content=str(stat.S_IFMT(status.st_mode)))


def _read_rules(path: Path) -> IgnoreRules | None:
    try:
        text = path.read_bytes().decode("utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SlipwayError(f"Could not read {path}: {error.strerror}.", hint="Correct its permissions.") from error
    return IgnoreRules.parse(text, str(path))


__all__ = ("Entry", "entries", "ignore_views")
