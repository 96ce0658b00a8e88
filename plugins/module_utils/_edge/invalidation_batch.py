# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Turn the paths that changed into one invalidation that fits CloudFront's limits."""

from __future__ import annotations

import collections
import hashlib
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._edge.url_paths import WILDCARD, covers, invalidation_path

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What a distribution may have in progress at a time: plain paths and wildcard paths are counted apart.
MAX_PATHS = 3000
MAX_WILDCARDS = 15


def batch_paths(paths: Iterable[str], *, max_paths: int = MAX_PATHS, max_wildcards: int = MAX_WILDCARDS) -> list[str]:
    """Return the fewest paths we can name that cover all given ones, sorted."""
    batch = _without_covered({invalidation_path(path) for path in paths})
    while (wildcard := _needed_wildcard(batch, max_paths, max_wildcards)) is not None:
        batch = _without_covered(batch | {wildcard})
    return sorted(batch)


def caller_reference(release: str, paths: Sequence[str]) -> str:
    """Return the name under which CloudFront recognises a repeated request: the same release and the same paths."""
    digest = hashlib.sha256("\n".join((release, *paths)).encode()).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", release)[:64]
    return f"slipway-{readable}-{digest[:32]}"


def _needed_wildcard(batch: set[str], max_paths: int, max_wildcards: int) -> str | None:
    """Return the wildcard to add next, or nothing when the batch fits."""
    wildcards = [path for path in batch if path.endswith(WILDCARD)]
    if len(wildcards) > max_wildcards:
        # Give up precision where it is finest: let the deepest wildcard grow to the folder around it.
        deepest = max(wildcards, key=lambda path: (_parent(path).count("/"), path))
        return _wider(deepest)
    if len(batch) > max_paths:
        return _best_folder(batch)
    return None


def _best_folder(batch: set[str]) -> str:
    """Return the folder that replaces the most paths by one; where folders hold one file each, look a level up."""
    folders = collections.Counter(_parent(path) for path in batch)
    while max(folders.values()) == 1 and len(folders) > 1:
        depth = max(folder.count("/") for folder in folders)
        raised: collections.Counter[str] = collections.Counter()
        for folder, count in folders.items():
            raised[_parent(folder.rstrip("/")) if folder.count("/") == depth else folder] += count
        folders = raised
    # The root would throw the whole cache away: only when nothing else is left.
    return max(folders, key=lambda folder: (folder != "/" and folders[folder] > 1, folders[folder], folder)) + WILDCARD


def _wider(wildcard: str) -> str:
    stem = wildcard.removesuffix(WILDCARD)
    folder = _parent(stem) if not stem.endswith("/") else _parent(stem.rstrip("/"))
    return folder + WILDCARD


def _parent(path: str) -> str:
    return path.rpartition("/")[0] + "/"


def _without_covered(batch: set[str]) -> set[str]:
    wildcards = [path for path in batch if path.endswith(WILDCARD)]
    return {path for path in batch if not any(each != path and covers(each, path) for each in wildcards)}


__all__ = ("MAX_PATHS", "MAX_WILDCARDS", "batch_paths", "caller_reference")
