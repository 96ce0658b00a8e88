# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A login that exists only while an image is pushed: a folder of our own, in memory where there is such a place.

The token never stands in a command line. The user's own login, helpers and plugins stay
untouched, but for the choice of the engine (its "context"), which is carried over.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made inside is private and has a random name


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Make a folder only we can read, and remove it afterwards."""
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)
    folder = Path(tempfile.mkdtemp(prefix="slipway-", dir=MEMORY if in_memory else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def login(host: str, token: str, environment: t.Mapping[str, str]) -> Iterator[Path]:
    """Yield a folder whose C(config.json) logs in to one registry, for docker and podman alike."""
    with private_folder() as folder:
        settings: dict[str, t.Any] = {"auths": {host: {"auth": token}}}
        usual = Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME") or Path.home()) / ".docker")
        context = _current_context(usual)
        if context:
            settings["currentContext"] = context
        if (usual / "contexts").is_dir():
            (folder / "contexts").symlink_to((usual / "contexts").resolve())
        file = folder / "config.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(settings), encoding="utf-8")
        yield folder


def _current_context(usual: Path) -> str | None:
    try:
        settings = json.loads((usual / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return settings.get("currentContext") if isinstance(settings, dict) else None


__all__ = ("login", "private_folder")
