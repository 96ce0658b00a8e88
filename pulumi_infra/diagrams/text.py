"""How wide a text is at most, in whatever sans-serif font the reader has, and where it breaks into lines."""

from __future__ import annotations

import re

# Shares of the font's size, those of a wide font (DejaVu Sans), rounded up; most fonts are narrower.
_WIDTHS = (
    ("ijl|'", 0.29),
    (" .,:;!I/\\-", 0.38),
    ('()[]{}frt"*', 0.47),
    ("cksvxyz?_J", 0.60),
    ("aeobdghnpqu0123456789$LFETSYPBXZ", 0.66),
    ("ACDGHKNORUVQ&+=<>~#^", 0.80),
    ("mwM%@W", 1.0),
)
_WIDTH = {character: width for characters, width in _WIDTHS for character in characters}
_BOLD = 1.12
# A long word breaks after one of these.
_BREAKABLE = re.compile(r"(?<=[/:.,_@-])")


def width(text: str, size: float, *, bold: bool = False) -> float:
    # What is in no row is as wide as it is high, as Chinese and Japanese are.
    return sum(_WIDTH.get(character, 1.0) for character in text) * size * (_BOLD if bold else 1.0)


def wrapped(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """Return the lines of a text, none of them wider than the room."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined, size, bold=bold) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, size, room, bold)
        lines += full
    return [*lines, line] if line else lines


def _broken(word: str, size: float, room: float, bold: bool) -> list[str]:
    parts = [""]
    for piece in _pieces(word, size, room, bold):
        if parts[-1] and width(parts[-1] + piece, size, bold=bold) > room:
            parts.append("")
        parts[-1] += piece
    return parts


def _pieces(word: str, size: float, room: float, bold: bool) -> list[str]:
    pieces = [piece for piece in _BREAKABLE.split(word) if piece]
    # A piece without a good place to break breaks anywhere.
    return [part for piece in pieces for part in ([piece] if width(piece, size, bold=bold) <= room else list(piece))]


__all__ = ("width", "wrapped")
