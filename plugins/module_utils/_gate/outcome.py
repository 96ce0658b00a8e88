# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""How one attempt, one check and a whole gate can end."""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class Outcome(enum.StrEnum):
    """C(failed) means measured and not good; C(error) means it could not be measured at all."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What one attempt saw, in words fit for a report: nothing in here is secret."""

    outcome: Outcome
    expected: str = ""
    got: str = ""
    error: str = ""
    # How long the other side asked us to stay away, in seconds.
    retry_after: float | None = None
    facts: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


__all__ = ("Measurement", "Outcome")
