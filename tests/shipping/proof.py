# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one run of everything came to."""

from __future__ import annotations

import dataclasses
import typing as t

SUCCESS = "success"
"""The one service that is shipped something good."""

if t.TYPE_CHECKING:
    from visitor import Visitor
    from world import Run


@dataclasses.dataclass(frozen=True)
class Proof:
    """Before, while and after all releases were shipped side by side."""

    before: dict[str, str]
    """The revision of each service."""
    refused: Run
    """The same releases, with a look before the first write."""
    writes_refused: list[str]
    after: dict[str, dict[str, t.Any]]
    """Each service, as ECS tells of it."""
    shipped: Run
    answers: dict[str, str]
    """Which release answered for each service when the run was over."""
    visitors: dict[str, Visitor]
    again: Run
    """The good releases once more."""
    writes_again: list[str]

    def of(self, name: str) -> dict[str, t.Any]:
        found: dict[str, t.Any] = self.shipped.result["services"][name]
        return found


__all__ = ("SUCCESS", "Proof")
