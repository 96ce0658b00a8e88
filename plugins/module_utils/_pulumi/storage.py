# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What every place that keeps state files can do: list them and read one."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Entry

CHUNK = 1024 * 1024


class Storage(t.Protocol):
    """A folder or a bucket. Keys are relative to the backend and use slashes."""

    def entries(self, prefix: str, *, after: str = "") -> list[Entry]:
        """List the files whose key begins with C(prefix), however deep, in order.

        Only those whose key comes behind C(after).
        """

    def read(self, key: str) -> bytes | None:
        """Return a small file's content, or V(None) when there is no such file."""

    def stream(self, key: str) -> t.Iterator[bytes] | None:
        """Return a file's content in pieces, or V(None) when there is no such file."""


__all__ = ("CHUNK", "Storage")
