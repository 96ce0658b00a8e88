# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Copies of replaced pages, beside the site, as the way back where a bucket does not keep versions.

A copy is named after its content, so whatever publication a page goes back to, its copy stays what it was.
"""

from __future__ import annotations

import collections
import datetime
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import OWN_FOLDER

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from ansible_collections.slipway.aws.plugins.module_utils._edge.api import RemoteObject

BEGINNING = datetime.datetime.min.replace(tzinfo=datetime.UTC)


def kept_key(replaced: RemoteObject, prefix: str) -> str:
    """Return where the copy of an object is kept."""
    return f"{_folder(prefix)}{replaced.etag}/{replaced.key.removeprefix(prefix)}"


def copies_to_drop(remote: Mapping[str, RemoteObject], needed: Set[str], prefix: str, *, keep: int) -> list[str]:
    """Return the copies beyond the newest of each page. Those this publication goes back to are the newest."""
    by_page: dict[str, list[str]] = collections.defaultdict(list)
    for copy in {*needed, *(key for key in remote if key.startswith(_folder(prefix)))}:
        by_page[copy.removeprefix(_folder(prefix)).partition("/")[2]].append(copy)

    def age(copy: str) -> tuple[bool, datetime.datetime, str]:
        found = remote.get(copy)
        return copy in needed, (found.modified if found and found.modified else BEGINNING), copy

    ordered = (sorted(copies, key=age, reverse=True) for copies in by_page.values())
    return sorted(copy for copies in ordered for copy in copies[keep:])


def _folder(prefix: str) -> str:
    return f"{prefix}{OWN_FOLDER}kept/"


__all__ = ("copies_to_drop", "kept_key")
