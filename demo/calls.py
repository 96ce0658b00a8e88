# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked of the AWS API between two moments, from the local cloud's call log."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from pathlib import Path

# What a release that changes nothing must not do.
RELEASE_WRITES = (
    "RegisterTaskDefinition",
    "UpdateService",
    "PutObject",
    "CopyObject",
    "DeleteObject",
    "DeleteObjects",
    "CreateInvalidation",
    "PutImage",
)


class CallLog:
    """Reads what came after the moment it was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = path.stat().st_size if path.exists() else 0

    def calls(self) -> list[dict[str, t.Any]]:
        with self._path.open("rb") as log:
            log.seek(self._start)
            return [json.loads(line) for line in log.read().splitlines() if line.strip()]

    def count(self) -> Counter[str]:
        """Return how often each API action was called."""
        return Counter(call["action"] for call in self.calls() if call.get("kind", "api") == "api")

    def writes(self) -> dict[str, int]:
        """Return how often each writing action of a release was called, zeros included."""
        counted = self.count()
        return {action: counted[action] for action in RELEASE_WRITES}
