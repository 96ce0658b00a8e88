# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""How often and for how long a check is attempted, and how much trouble it may have on the way."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._gate.options import Options


@dataclasses.dataclass(frozen=True)
class Limits:
    """``None`` for one of the three ``*_limit`` means that only ``attempts`` bounds it."""

    attempts: int = 5
    interval: float = 3.0
    timeout: float = 10.0
    consecutive_success: int = 1
    failure_limit: int | None = None
    error_limit: int | None = None
    inconclusive_limit: int | None = None

    # The names are those of the options: one list for the reader, the messages and the documentation.
    NAMES: t.ClassVar[tuple[str, ...]] = (
        "attempts",
        "interval",
        "timeout",
        "consecutive_success",
        "failure_limit",
        "error_limit",
        "inconclusive_limit",
    )

    @classmethod
    def from_options(cls, options: Options) -> Limits:
        limits = cls(
            attempts=options.whole_number("attempts", default=cls.attempts, minimum=1),
            interval=options.number("interval", default=cls.interval, minimum=0),
            timeout=options.number("timeout", default=cls.timeout, minimum=0.1),
            consecutive_success=options.whole_number("consecutive_success", default=1, minimum=1),
            failure_limit=options.limit("failure_limit"),
            error_limit=options.limit("error_limit"),
            inconclusive_limit=options.limit("inconclusive_limit"),
        )
        if limits.consecutive_success > limits.attempts:
            raise SlipwayError(
                f"{options.where} can never pass: it needs {limits.consecutive_success} successes in a row "
                f"and has {limits.attempts} attempts.",
                hint="Raise attempts, or lower consecutive_success.",
            )
        return limits


__all__ = ("Limits",)
