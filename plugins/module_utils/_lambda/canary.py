# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""How traffic moves to a new version: in which steps, how long each is looked at, and what may not happen meanwhile."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.options import Options

NoData = t.Literal["fail", "pass"]
KEYS = ("steps", "bake", "bake_after", "interval", "alarms", "insufficient_data", "errors")
ERROR_KEYS = ("rate", "invocations", "no_data")


@dataclasses.dataclass(frozen=True)
class ErrorLimit:
    """The share of failed invocations that is still good, and how many it takes to tell."""

    rate: float
    invocations: int = 10
    no_data: NoData = "fail"


@dataclasses.dataclass(frozen=True)
class Canary:
    """All at once, and nobody looks, unless something else is said."""

    # Percents of the requests that the new version gets, before it gets them all.
    steps: tuple[float, ...] = ()
    bake: float = 60.0
    bake_after: float = 0.0
    interval: float = 15.0
    alarms: tuple[str, ...] = ()
    insufficient_data: NoData = "fail"
    errors: ErrorLimit | None = None

    @classmethod
    def from_options(cls, name: str, given: t.Any) -> Canary:
        where = f"functions.{name}.canary"
        options = Options(where, given or {}, known=KEYS)
        canary = cls(
            steps=_steps(where, options.value("steps")),
            bake=options.number("bake", default=60, minimum=0),
            bake_after=options.number("bake_after", default=0, minimum=0),
            interval=options.number("interval", default=15, minimum=1),
            alarms=tuple(dict.fromkeys(options.texts("alarms"))),
            insufficient_data=_no_data(options, "insufficient_data"),
            errors=_errors(where, options.value("errors")),
        )
        if canary.watches and not canary.looks:
            raise SlipwayError(
                f"{where} says what to watch for, but nobody would look.", hint="Give steps, bake_after, or both."
            )
        return canary

    @property
    def watches(self) -> bool:
        return bool(self.alarms or self.errors)

    @property
    def looks(self) -> bool:
        return bool(self.steps or self.bake_after)


def _steps(where: str, given: t.Any) -> tuple[float, ...]:
    steps = [] if given is None else given
    if not isinstance(steps, list):
        raise SlipwayError(f"{where}: option 'steps' must be a list of percents, such as [5, 25, 50].")
    numbers = [_percent(step) for step in steps]
    good = all(step is not None and 0 < step < 100 for step in numbers)
    percents = [step for step in numbers if step is not None]
    if not good or sorted(set(percents)) != percents:
        raise SlipwayError(
            f"{where}: option 'steps' must be percents that grow and stay below 100, such as [5, 25, 50].",
            hint="The last step, all of the traffic, comes by itself.",
        )
    return tuple(percents)


def _percent(value: t.Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _errors(where: str, given: t.Any) -> ErrorLimit | None:
    if given is None:
        return None
    options = Options(f"{where}.errors", given, known=ERROR_KEYS)
    if not options.has("rate"):
        raise SlipwayError(f"{where}.errors needs the option 'rate': the share of errors that is still good.")
    rate = options.number("rate", default=0, minimum=0)
    if rate >= 1:
        raise SlipwayError(f"{where}.errors: option 'rate' must be below 1; write 0.01 for one percent.")
    return ErrorLimit(
        rate=rate,
        invocations=options.whole_number("invocations", default=10, minimum=1),
        no_data=_no_data(options, "no_data"),
    )


def _no_data(options: Options, name: str) -> NoData:
    return t.cast("NoData", options.one_of(name, ("fail", "pass"), default="fail"))


__all__ = ("Canary", "ErrorLimit")
