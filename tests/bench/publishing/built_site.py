# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A built site of any number of files, always the same: two thirds hashed assets, the rest pages."""

from __future__ import annotations

import hashlib
import random
import typing as t
from pathlib import Path

SMALLEST, LARGEST = 500, 24_000
PAGES_IN_TEN = 3


def build(root: Path, files: int, seed: int = 1) -> None:
    chance = random.Random(seed)  # noqa: S311 - content, no secret
    root.mkdir(parents=True, exist_ok=True)
    (root / "index.html").write_bytes(b"<h1>one</h1>")
    for number in range(files - 1):
        content = chance.randbytes(chance.randint(SMALLEST, LARGEST))
        if number % 10 < PAGES_IN_TEN:
            place = root / "docs" / str(number % 40) / f"page-{number}.html"
        else:
            mark = hashlib.sha256(content).hexdigest()[:8]
            place = root / "assets" / str(number % 50) / f"chunk-{number}.{mark}.js"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def change(root: Path, share: float) -> int:
    """Make every so many pages longer by a line, and return how many that were."""
    pages = sorted(root.glob("docs/*/*.html"))
    changed = pages[:: max(1, round(1 / share))]
    for page in changed:
        page.write_bytes(page.read_bytes() + b"\nchanged")
    return len(changed)


def contents(root: Path) -> dict[str, str]:
    """Return the MD5 of each file by key: what a bucket answers as its ETag."""
    return {str(file.relative_to(root)): _md5(file) for file in root.rglob("*") if file.is_file()}


def size(root: Path) -> int:
    return sum(file.stat().st_size for file in root.rglob("*") if file.is_file())


def _md5(file: Path) -> t.Any:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


__all__ = ("build", "change", "contents", "size")
