# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""State in a folder (C(file://))."""

from __future__ import annotations

import os
import pathlib
import stat
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import MAXIMUM_SIZE, Entry
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendEmptyError,
    BackendError,
    CheckpointError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import CHUNK
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import FolderLocation


class FolderStorage:
    """The files below a folder."""

    def __init__(self, location: FolderLocation) -> None:
        self._root = location.folder
        try:
            is_folder = stat.S_ISDIR(self._root.stat().st_mode)
        except FileNotFoundError:
            raise BackendEmptyError(
                f"There is no Pulumi backend at {location}: the folder does not exist.",
                hint="Run the first pulumi up against it, or correct the backend URL.",
            ) from None
        except PermissionError as error:
            raise BackendDeniedError(
                f"The Pulumi backend at {location} may not be opened: {error.strerror}."
            ) from error
        except OSError as error:
            raise BackendError(f"The Pulumi backend at {location} cannot be opened: {error.strerror}.") from error
        if not is_folder:
            raise BackendError(f"The Pulumi backend at {location} is not a folder.")

    def entries(self, prefix: str, *, after: str = "") -> list[Entry]:
        found = []
        start = self._root / prefix.rpartition("/")[0]
        for folder, _folders, names in os.walk(start, onerror=self._complain):
            for name in names:
                path = pathlib.Path(folder) / name
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix) and key > after:
                    entry = self._entry(path, key)
                    if entry:
                        found.append(entry)
        return sorted(found, key=lambda entry: entry.key)

    def read(self, key: str) -> bytes | None:
        pieces = self.stream(key)
        return None if pieces is None else b"".join(pieces)

    def stream(self, key: str) -> t.Iterator[bytes] | None:
        path = self._root / key
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        if not stat.S_ISREG(status.st_mode):
            raise CheckpointError(f"{path} is not a regular file.")
        if status.st_size > MAXIMUM_SIZE:
            raise CheckpointError(f"{path} has {status.st_size} bytes, more than the {MAXIMUM_SIZE} we read.")
        return _pieces(path)

    @staticmethod
    def _entry(path: pathlib.Path, key: str) -> Entry | None:
        try:
            status = path.stat()
        except OSError:  # gone since it was listed, or a dangling link
            return None
        return Entry(key=key, modified=status.st_mtime, version=f"{status.st_mtime_ns}-{status.st_size}")

    @staticmethod
    def _complain(error: OSError) -> None:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            kind = BackendDeniedError if isinstance(error, PermissionError) else BackendError
            raise kind(f"{error.filename} cannot be listed: {error.strerror}.") from error


def _pieces(path: pathlib.Path) -> t.Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: pathlib.Path, error: OSError) -> BackendError:
    kind = BackendDeniedError if isinstance(error, PermissionError) else BackendError
    return kind(f"{path} cannot be read: {error.strerror}.")


__all__ = ("FolderStorage",)
