# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine leaves mounted, found and unmounted again."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterable

MOUNTINFO = Path("/proc/self/mountinfo")


def mounted_below(folder: Path, mountinfo: str) -> list[Path]:
    """Return the mount points at or below a folder, deepest and latest first."""
    found = []
    for line in mountinfo.splitlines():
        words = line.split(" ")
        if len(words) > 4:
            # The kernel writes a space in a path as \040.
            point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), words[4]))
            if point == folder or folder in point.parents:
                found.append(point)
    found.reverse()
    return sorted(found, key=lambda point: len(point.parts), reverse=True)


def unmount_below(folders: Iterable[Path]) -> None:
    """Unmount everything at or below the folders; a mount still in use goes when its last user does."""
    for folder in folders:
        real = folder.resolve()
        if not MOUNTINFO.exists():
            return
        for point in mounted_below(real, MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")):
            if subprocess.run(["umount", str(point)], capture_output=True, check=False).returncode != 0:
                subprocess.run(["umount", "-l", str(point)], capture_output=True, check=False)
