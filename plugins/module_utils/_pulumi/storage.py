# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What every place that keeps state can do: list its files and read one."""

from __future__ import annotations

import dataclasses
import typing as t

# Far above any real state, far below what would hurt the controller.
MAXIMUM_SIZE = 256 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file of a backend. C(version) changes whenever the content does, as far as the place can tell."""

    key: str
    modified: float
    version: str


class Storage(t.Protocol):
    """A folder or a bucket. Keys are relative to the backend and use slashes."""

    def entries(self, prefix: str) -> list[Entry]:
        """List all files whose key begins with C(prefix), however deep."""

    def read(self, key: str) -> bytes | None:
        """Return a file's content, or V(None) when there is no such file."""


__all__ = ("MAXIMUM_SIZE", "Entry", "Storage")
