# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Where receipts are kept: a bucket, a folder, or both. Receipts are only ever added."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._ledger import api


class Shelf(t.Protocol):
    """What keeping and reading receipts needs of a place."""

    def where(self, name: str) -> str:
        """Return the full address of a receipt."""

    def add(self, name: str, text: bytes) -> bool:
        """Keep a receipt, and return False if its name is taken."""

    def read(self, name: str) -> bytes | None:
        """Return a receipt's text, or None if there is none of that name."""

    def names(self) -> list[str]:
        """Return the names of everything there, in their order."""


class Bucket:
    """The ledger of a stack in S3."""

    def __init__(self, client: t.Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        folder = prefix.strip("/")
        self._prefix = f"{folder}/receipts/" if folder else "receipts/"

    def where(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def add(self, name: str, text: bytes) -> bool:
        return api.put_new_object(self._client, self._bucket, self._prefix + name, text)

    def read(self, name: str) -> bytes | None:
        return api.get_object(self._client, self._bucket, self._prefix + name)

    def names(self) -> list[str]:
        return [key.removeprefix(self._prefix) for key in api.list_objects(self._client, self._bucket, self._prefix)]


class Folder:
    """A ledger in a local folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def where(self, name: str) -> str:
        return str(self._folder / name)

    def add(self, name: str, text: bytes) -> bool:
        path = self._folder / name
        with _explained(f"write the receipt {path}"):
            self._folder.mkdir(parents=True, exist_ok=True)
            return _write_new(path, text)

    def read(self, name: str) -> bytes | None:
        path = self._folder / name
        with _explained(f"read the receipt {path}"):
            return path.read_bytes() if path.exists() else None

    def names(self) -> list[str]:
        with _explained(f"list the receipts in {self._folder}"):
            return sorted(path.name for path in self._folder.iterdir()) if self._folder.exists() else []


def _write_new(path: Path, text: bytes) -> bool:
    """Give a complete file a name that must be free: no reader ever sees half a receipt."""
    handle, draft_name = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    draft = Path(draft_name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                raise
            # A file system without hard links: the name is still taken by one writer only.
            try:
                with path.open("xb") as file:
                    file.write(text)
            except FileExistsError:
                return False
        return True
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _explained(action: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SlipwayError(f"Could not {action}: {error.strerror}.", hint="Check the folder and its rights.") from error


__all__ = ("Bucket", "Folder", "Shelf")
