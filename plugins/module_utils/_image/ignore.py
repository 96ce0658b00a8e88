# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The rules of a C(.dockerignore) file, as the engines read them.

A pattern also covers everything below a folder it matches; the last pattern that matches
decides; C(!) lets back in. C(*) stays inside one folder, C(**) crosses folders.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

# Which of the patterns match a path or one of its parents.
Matches = tuple[bool, ...]


@dataclasses.dataclass(frozen=True)
class Pattern:
    """One line of an ignore file."""

    expression: re.Pattern[str]
    parts: tuple[str, ...]
    lets_in: bool

    def may_match_below(self, folder: str) -> bool:
        """Return whether the pattern could match something inside C(folder); in doubt, yes."""
        levels = folder.split("/")
        for part, level in zip(self.parts, levels, strict=False):
            if "**" in part:
                return True
            if not re.fullmatch(_translate(part), level):
                return False
        return len(self.parts) > len(levels)


@dataclasses.dataclass(frozen=True)
class IgnoreRules:
    """The patterns of one ignore file; without patterns nothing is ignored."""

    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def parse(cls, text: str, origin: str) -> IgnoreRules:
        """Read the lines of an ignore file; C(origin) names it in errors."""
        patterns = (_parse_line(line, origin) for line in text.removeprefix("\ufeff").splitlines())
        return cls(tuple(pattern for pattern in patterns if pattern is not None))

    @property
    def at_the_top(self) -> Matches:
        """What the context's own folder matches: nothing."""
        return (False,) * len(self.patterns)

    def match(self, path: str, parent: Matches) -> Matches:
        """Return which patterns match C(path), given those that match its parent folder."""
        return tuple(
            above or pattern.expression.fullmatch(path) is not None
            for pattern, above in zip(self.patterns, parent, strict=True)
        )

    def ignores(self, matches: Matches) -> bool:
        """Return what the last matching pattern decides."""
        ignored = False
        for pattern, matched in zip(self.patterns, matches, strict=True):
            if matched:
                ignored = not pattern.lets_in
        return ignored

    def ignores_all_below(self, folder: str, matches: Matches) -> bool:
        """Return whether nothing inside an ignored folder can be let back in."""
        return self.ignores(matches) and not any(
            pattern.lets_in and pattern.may_match_below(folder) for pattern in self.patterns
        )


def _parse_line(line: str, origin: str) -> Pattern | None:
    text = line.strip()
    if not text or line.startswith("#"):
        return None
    lets_in = text.startswith("!")
    if lets_in:
        text = text[1:].strip()
    if not text:
        raise SlipwayError(f"{origin} has a line with nothing but an exclamation mark.", hint="Remove that line.")
    path = posixpath.normpath(text).lstrip("/") or "/"
    try:
        expression = re.compile(_translate(path), re.DOTALL)
    except re.error as error:
        raise SlipwayError(
            f"The line {line.strip()!r} of {origin} is not a pattern: {error}.", hint="Correct or remove that line."
        ) from error
    return Pattern(expression, tuple(path.split("/")), lets_in)


def _translate(pattern: str) -> str:
    """Turn a pattern into a regular expression for the whole path."""
    expression = ""
    rest = pattern
    while rest:
        if rest.startswith("**"):
            rest = rest[2:].removeprefix("/")
            # At the end it takes everything; elsewhere any number of whole folders, also none.
            expression += "(?:.*/)?" if rest else ".*"
            continue
        character, rest = rest[0], rest[1:]
        if character == "*":
            expression += "[^/]*"
        elif character == "?":
            expression += "[^/]"
        elif character == "[":
            inside, bracket, after = rest.partition("]")
            # Without its closing bracket this is left to the compiler of expressions to refuse.
            expression += f"[{inside}{bracket}"
            rest = after
        elif character == "\\" and rest:
            # The engines hand an escaped letter on as it is, so it keeps its meaning in an expression.
            expression += f"\\{rest[0]}" if rest[0].isalnum() else re.escape(rest[0])
            rest = rest[1:]
        else:
            expression += re.escape(character)
    return expression


__all__ = ("IgnoreRules", "Matches", "Pattern")
