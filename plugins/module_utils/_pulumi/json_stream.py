# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A large JSON document, read member by member: what nobody wants is never held.

A state file is mostly one long list of resources. Walking it costs the memory of the largest resource, not of the file.
"""

from __future__ import annotations

import codecs
import json
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import (
    damaged,
    finite,
    refuse_number,
    too_deep,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError

WHITESPACE = re.compile(r"[ \t\n\r]*")
# The parser cannot tell half a value from a wrong one, but stops at the end of the one and inside the other:
# no token that is cut off begins further from the end than this, strings excepted.
LONGEST_TOKEN = 64
UNTERMINATED = "Unterminated string"
NUMBER = frozenset("0123456789+-.eE")
# Far above the largest single resource or output.
MAXIMUM_VALUE = 96 * 1024 * 1024
# Of a few bytes each, parts take far more memory than text does, and time: the parts of one value, told by its commas,
# and all that is walked. A resource without its type and its name would be a hundredth of what Pulumi writes.
MAXIMUM_PARTS = 2_000_000
MAXIMUM_STEPS = 1_000_000


class JsonStream:
    """Reads one document from left to right. Whoever walks a container has to take each of its values."""

    def __init__(self, pieces: t.Iterator[bytes], where: str) -> None:
        self._pieces = pieces
        self._where = where
        self._text = ""
        self._position = 0
        self._line = 1
        self._steps = 0
        self._complete = False
        self._is_empty = True
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._decode = json.JSONDecoder(parse_constant=refuse_number, parse_float=finite).raw_decode

    def value(self) -> t.Any:
        """Take the value that comes next, whatever it is."""
        self._next()
        while True:
            try:
                value, end = self._decode(self._text, self._position)
            except RecursionError:
                raise too_deep(self._where) from None
            except json.JSONDecodeError as error:
                if self._complete or self._is_wrong(error):
                    raise self._damaged_at(error.pos) from None
            except ValueError:  # a number too long, too large, or none
                # With what follows it may still become one: it may have an exponent.
                if self._complete or self._text[-1] not in NUMBER:
                    raise self._damaged_at(self._position) from None
            else:
                # A number near the end may go on behind it.
                if self._complete or not isinstance(value, (int, float)) or end < len(self._text) - LONGEST_TOKEN:
                    self._position = end
                    return value
            self._grow()

    def members(self) -> t.Iterator[str]:
        """Walk an object: yields each key, whose value then comes next."""
        yield from self._walk("{", "}", keys=True)

    def elements(self) -> t.Iterator[int]:
        """Walk a list: yields each index, whose value then comes next."""
        yield from self._walk("[", "]", keys=False)

    def at(self, opening: str) -> bool:
        """Tell whether the value that comes next begins with this character."""
        return self._next() == opening

    def finish(self) -> None:
        """Make sure that nothing follows."""
        if self._next():
            raise self._damaged_at(self._position)

    def _walk(self, opening: str, closing: str, *, keys: bool) -> t.Iterator[t.Any]:
        self._expect(opening)
        if self._next() == closing:
            self._position += 1
            return
        index = 0
        while True:
            self._steps += 1
            if self._steps > MAXIMUM_STEPS:
                raise CheckpointError(f"{self._where} holds more than {MAXIMUM_STEPS} resources and other parts.")
            yield self._key() if keys else index
            index += 1
            if self._next() == closing:
                self._position += 1
                return
            self._expect(",")

    def _key(self) -> str:
        if self._next() != '"':
            raise self._damaged_at(self._position)
        key = self.value()
        self._expect(":")
        return str(key)

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise self._damaged_at(self._position)
        self._position += 1

    def _next(self) -> str:
        """Skip white space and return the character behind it, or nothing at the end."""
        while True:
            match = WHITESPACE.match(self._text, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._text):
                self._is_empty = False
                return self._text[self._position]
            if self._complete:
                return ""
            self._grow()

    def _grow(self) -> None:
        """Drop what is done with and read on: at least as much as is left, so that a large value is tried few times."""
        self._line += self._text.count("\n", 0, self._position)
        left = self._text[self._position :]
        if len(left) > MAXIMUM_VALUE:
            raise CheckpointError(f"{self._where} holds one value of more than {MAXIMUM_VALUE} characters.")
        if len(left) > MAXIMUM_PARTS and left.count(",") > MAXIMUM_PARTS:
            raise CheckpointError(f"{self._where} holds one value of more than {MAXIMUM_PARTS} parts.")
        parts = [left]
        wanted = max(len(left), 1)
        while wanted > 0 and not self._complete:
            piece = next(self._pieces, None)
            try:
                text = self._utf8.decode(piece or b"", final=piece is None)
            except UnicodeDecodeError:
                raise damaged(self._where, "it is not JSON") from None
            self._complete = piece is None
            parts.append(text)
            wanted -= len(text)
        self._text = "".join(parts)
        self._position = 0

    def _is_wrong(self, error: json.JSONDecodeError) -> bool:
        return error.pos < len(self._text) - LONGEST_TOKEN and not error.msg.startswith(UNTERMINATED)

    def _damaged_at(self, position: int) -> CheckpointError:
        if self._is_empty:
            return damaged(self._where, "it is empty")
        line = self._line + self._text.count("\n", 0, position)
        return damaged(self._where, f"it stops being JSON in line {line}")


__all__ = ("JsonStream",)
