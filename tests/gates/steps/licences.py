"""Every Python file that is shipped in plugins/ begins with the three-line licence header."""

from __future__ import annotations

import re
from pathlib import Path

from step import ROOT, report

HEADER = re.compile(
    r"(?:#!/usr/bin/python\n\n?)?"
    r"# Copyright \(c\) \d{4} The Slipway authors\n"
    r"# GNU General Public License v3\.0\+ \(see LICENSE or https://www\.gnu\.org/licenses/gpl-3\.0\.txt\)\n"
    r"# SPDX-License-Identifier: GPL-3\.0-or-later\n"
)


def without_header(files: list[Path]) -> list[Path]:
    return [path for path in files if not HEADER.match(path.read_text())]


if __name__ == "__main__":
    shipped = sorted((ROOT / "plugins").rglob("*.py"))
    report(
        [f"{path.relative_to(ROOT)}: no licence header" for path in without_header(shipped)],
        f"{len(shipped)} files have it",
    )
