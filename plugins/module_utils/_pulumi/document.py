# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""JSON whose shape has to be checked: values that know their place, so that errors can name it."""

from __future__ import annotations

import json
import math
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError

T = t.TypeVar("T")


def load_json(content: bytes | str, where: str) -> t.Any:
    """Parse JSON as strictly as Pulumi does, and fail with a sentence for whatever is not JSON."""
    try:
        return json.loads(content, parse_constant=refuse_number, parse_float=finite)
    except RecursionError:
        raise too_deep(where) from None
    except ValueError as error:
        if not content.strip():
            reason = "it is empty"
        elif isinstance(error, json.JSONDecodeError):
            reason = f"it stops being JSON at line {error.lineno}, column {error.colno}"
        else:
            reason = "it is not JSON"
        # Not chained: the parser's exception carries the whole text, secrets included.
        raise damaged(where, reason) from None


def refuse_number(text: str) -> t.NoReturn:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError(text)


def finite(text: str) -> float:
    """Return a number, unless it is too large to be one."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def whole(text: str) -> str:
    """Replace half characters, which nothing could be encoded with, as Pulumi replaces them."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def damaged(where: str, reason: str) -> CheckpointError:
    return CheckpointError(f"{where} is damaged or cut short: {reason}.")


def too_deep(where: str) -> CheckpointError:
    return CheckpointError(f"{where} is nested too deeply to be Pulumi state.")


class Document:
    """One object of a file, which knows its place so that errors can name it."""

    def __init__(self, value: t.Any, where: str, path: str = "") -> None:
        self._where = where
        self._path = path
        if not isinstance(value, dict):
            raise CheckpointError(f"{where} is not a Pulumi checkpoint: {path or 'the document'} is not an object.")
        self._value: dict[str, t.Any] = value

    def _name(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _wrong_type(self, key: str) -> CheckpointError:
        return CheckpointError(f"{self._where} is not a Pulumi checkpoint: {self._name(key)} has the wrong type.")

    def keys(self) -> list[str]:
        return list(self._value)

    def take(self, key: str, kind: type[T], default: T) -> T:
        value = self._value.get(key)
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._wrong_type(key)
        return t.cast("T", whole(value)) if isinstance(value, str) else value

    def child(self, key: str) -> Document | None:
        value = self._value.get(key)
        return None if value is None else Document(value, self._where, self._name(key))

    def children(self, key: str) -> list[Document]:
        items: list[t.Any] = self.take(key, list, [])
        return [Document(item, self._where, f"{self._name(key)}[{index}]") for index, item in enumerate(items)]

    def strings(self, key: str) -> list[str]:
        items: list[t.Any] = self.take(key, list, [])
        if not all(isinstance(item, str) for item in items):
            raise self._wrong_type(key)
        return [whole(item) for item in items]


__all__ = ("Document", "damaged", "finite", "load_json", "refuse_number", "too_deep", "whole")
