# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Read options that people write, and refuse what cannot be meant, in words that help."""

from __future__ import annotations

import difflib
import math
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

WORDS_FOR_TRUE = ("true", "yes", "on", "1")
WORDS_FOR_FALSE = ("false", "no", "off", "0")


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that was probably meant."""
    by_lower_case = {candidate.lower(): candidate for candidate in sorted(known)}
    matches = difflib.get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[matches[0]] if matches else None


class Options:
    """One dictionary of options. Numbers may arrive as text, because templates often make text of them."""

    def __init__(self, where: str, given: t.Any, *, known: Collection[str]) -> None:
        self.where = where
        if not isinstance(given, dict):
            raise SlipwayError(f"{where} must be a dictionary of options, not {_kind(given)}.")
        self._given: Mapping[str, t.Any] = given
        for name in given:
            if name not in known:
                guess = nearest(str(name), known)
                hint = f"Did you mean '{guess}'?" if guess else f"Known are: {', '.join(sorted(known))}."
                raise SlipwayError(f"{where} has an unknown option '{name}'.", hint=hint)

    def has(self, name: str) -> bool:
        return self._given.get(name) is not None

    def value(self, name: str) -> t.Any:
        return self._given.get(name)

    def text(self, name: str, *, default: str | None = None) -> str:
        value = self._given.get(name)
        if value is None:
            if default is None:
                raise SlipwayError(f"{self.where} needs the option '{name}'.")
            return default
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a text that is not empty", value)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._given.get(name)
        if value is None:
            return ()
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(item, str) and item for item in values):
            raise self._wrong(name, "a text or a list of texts, none of them empty", value)
        return tuple(values)

    def number(self, name: str, *, default: float, minimum: float) -> float:
        value = self._given.get(name)
        if value is None:
            return default
        number = _as_number(value)
        if number is None or number < minimum:
            raise self._wrong(name, f"a number of at least {minimum:g}", value)
        return number

    def whole_number(self, name: str, *, default: int, minimum: int) -> int:
        number = self.number(name, default=default, minimum=minimum)
        if number != int(number):
            raise self._wrong(name, f"a whole number of at least {minimum}", self._given[name])
        return int(number)

    def limit(self, name: str) -> int | None:
        return self.whole_number(name, default=0, minimum=0) if self.has(name) else None

    def truth(self, name: str, *, default: bool) -> bool:
        value = self._given.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        if str(value).lower() in WORDS_FOR_TRUE:
            return True
        if str(value).lower() in WORDS_FOR_FALSE:
            return False
        raise self._wrong(name, "true or false", value)

    def mapping(self, name: str) -> Mapping[str, t.Any]:
        value = self._given.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(name, "a dictionary", value)
        return {str(key): item for key, item in value.items()}

    def one_of(self, name: str, choices: Collection[str], *, default: str) -> str:
        value = self.text(name, default=default)
        if value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}", value)
        return value

    def _wrong(self, name: str, wanted: str, value: t.Any) -> SlipwayError:
        # The value itself may be a secret, so only its kind is told.
        return SlipwayError(f"{self.where}: option '{name}' must be {wanted}, not {_kind(value)}.")


def _as_number(value: t.Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _kind(value: t.Any) -> str:
    """Name what was given instead, without repeating a text that may be secret."""
    if isinstance(value, bool) or (isinstance(value, (int, float)) and math.isfinite(value)):
        return str(value).lower()
    if isinstance(value, str):
        return "an empty text" if not value else "a text that says something else"
    names = {type(None): "nothing", list: "a list", dict: "a dictionary", float: "a number without end"}
    return names.get(type(value), type(value).__name__)


__all__ = ("Options", "nearest")
