# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""State in a folder (C(file://))."""

from __future__ import annotations

import os
import pathlib
import stat

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendEmptyError,
    BackendError,
    CheckpointError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import MAXIMUM_SIZE, Entry
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
        except OSError as error:
            raise BackendError(f"The Pulumi backend at {location} cannot be opened: {error.strerror}.") from error
        if not is_folder:
            raise BackendError(f"The Pulumi backend at {location} is not a folder.")

    def entries(self, prefix: str) -> list[Entry]:
        found = []
        start = self._root / prefix.rpartition("/")[0]
        for folder, _folders, names in os.walk(start, onerror=self._complain):
            for name in names:
                path = pathlib.Path(folder) / name
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix):
                    entry = self._entry(path, key)
                    if entry:
                        found.append(entry)
        return sorted(found, key=lambda entry: entry.key)

    def read(self, key: str) -> bytes | None:
        path = self._root / key
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise CheckpointError(f"{path} is not a regular file.")
            if status.st_size > MAXIMUM_SIZE:
                raise CheckpointError(f"{path} has {status.st_size} bytes, more than the {MAXIMUM_SIZE} we read.")
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BackendError(f"{path} cannot be read: {error.strerror}.") from error

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
            raise BackendError(f"{error.filename} cannot be listed: {error.strerror}.") from error


__all__ = ("FolderStorage",)
