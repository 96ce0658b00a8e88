"""Where the words of an edge stand: on the edge itself, off every card, every title and every other label."""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass, field

from diagrams.layout import CANVAS, Layout, Rect
from diagrams.routing import Point, Way, pixels
from diagrams.text import width, wrapped

SIZE = 10.0
LINE = 12
MARGIN = 4
# Narrow ones fit between columns, wide ones on long ways.
ROOMS = (66, 84, 110, 50)
DEARER = 6
HIDING = 40
OVER_BEND = 8
# Half as wide as the head of an arrow.
HEAD = 5
OVER_OTHERS = 12
OVER_SHARED = 25


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is said once of one or more edges that go the same way there."""

    ways: tuple[Way, ...]
    lines: tuple[str, ...]
    rect: Rect


def labelled(ways: t.Sequence[Way], layout: Layout) -> tuple[list[Label], list[Way]]:
    """Return the labels, and the ways that had no room for theirs."""
    taken = [card.rect for card in layout.cards.values()]
    taken += [
        Rect(frame.rect.x, frame.rect.y, frame.rect.width, frame.title_height) for frame in layout.frames.values()
    ]
    # Heads of arrows say where an edge ends.
    taken += [_head(way) for way in ways]
    users: dict[Point, int] = {}
    for way in ways:
        for cell in way.cells:
            users[cell] = users.get(cell, 0) + 1
    found: list[Label] = []
    homeless: list[Way] = []
    for group in _groups(ways):
        waiting = list(group)
        while waiting:
            best = min(_candidates(waiting, layout, [*taken, *(label.rect for label in found)], users), default=None)
            if best is None:
                homeless += waiting
                break
            found.append(Label(ways=best.ways, lines=best.lines, rect=best.rect))
            waiting = [way for way in waiting if way not in best.ways]
    return found, homeless


def _head(way: Way) -> Rect:
    (x, y), (end_x, end_y) = (pixels(cell) for cell in way.cells[-2:])
    return Rect(min(x, end_x) - HEAD, min(y, end_y) - HEAD, abs(x - end_x) + 2 * HEAD, abs(y - end_y) + 2 * HEAD)


def _groups(ways: t.Sequence[Way]) -> list[list[Way]]:
    """Return the ways that say the same and may go together: to one end, or from one. Short ones have least choice."""
    said = [way for way in ways if way.edge.labels]
    found: dict[tuple[str, ...], list[Way]] = {}
    for way in said:
        to = [other for other in said if _same(way, other) and other.edge.target == way.edge.target]
        begins = [other for other in said if _same(way, other) and other.edge.source == way.edge.source]
        end = ("to", way.edge.target) if len(to) >= len(begins) else ("from", way.edge.source)
        found.setdefault((*end, way.edge.flow.name, *way.edge.labels), []).append(way)
    return sorted(found.values(), key=lambda group: (max(len(way.cells) for way in group), group[0].edge.source))


def _same(way: Way, other: Way) -> bool:
    return way.edge.flow is other.edge.flow and way.edge.labels == other.edge.labels


@dataclass(frozen=True, order=True, kw_only=True)
class _Candidate:
    missed: int
    price: float
    where: Point
    lines: tuple[str, ...]
    rect: Rect = field(compare=False)
    ways: tuple[Way, ...] = field(compare=False)


def _candidates(
    group: t.Sequence[Way], layout: Layout, taken: t.Sequence[Rect], users: t.Mapping[Point, int]
) -> t.Iterator[_Candidate]:
    own = {cell for way in group for cell in way.cells}
    text = ", ".join(group[0].edge.labels)
    places: dict[Point, list[tuple[Way, int]]] = {}
    for way in group:
        for index, cell in enumerate(way.cells[1:-1], start=1):
            places.setdefault(cell, []).append((way, index))
    for preference, room in enumerate(ROOMS):
        lines = tuple(wrapped(text, SIZE, room))
        wide = math.ceil(max(width(line, SIZE) for line in lines)) + 2 * MARGIN
        high = len(lines) * LINE + MARGIN
        for cell, there in places.items():
            x, y = pixels(cell)
            rect = Rect(x - wide // 2, y - high // 2, wide, high)
            if rect.x < 2 or rect.right > CANVAS - 2 or rect.bottom > layout.height:
                continue
            if any(rect.meets(other, by=2) for other in taken):
                continue
            under = sum(_inside(point, rect) for point in users if point not in own)
            shared = users[cell] - len(there)
            off = min(abs(index - (len(way.cells) - 1) / 2) for way, index in there)
            # A label must not hide the edge it is about.
            bends = sum(_holds(rect, corner) for way, _index in there for corner in way.corners[1:-1])
            hidden = max(sum(_inside(point, rect) for point in way.cells) / len(way.cells) for way, _index in there)
            yield _Candidate(
                missed=len(group) - len(there),
                price=under * OVER_OTHERS
                + shared * OVER_SHARED
                + off
                + preference * DEARER
                + hidden * HIDING
                + bends * OVER_BEND,
                where=cell,
                lines=lines,
                rect=rect,
                ways=tuple(way for way, _index in there),
            )


def _inside(cell: Point, rect: Rect) -> bool:
    return _holds(rect, pixels(cell))


def _holds(rect: Rect, point: Point) -> bool:
    return rect.x <= point[0] <= rect.right and rect.y <= point[1] <= rect.bottom


__all__ = ("LINE", "SIZE", "Label", "labelled")
