"""Where the cards and the frames stand: a column for each place, and what watches and delivers in rows below.

Everything stands on a grid, on which the edges then find their way.
"""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass, field

from diagrams.model import SUBNETS, Flow, Node, Picture, Place
from diagrams.text import width, wrapped

CELL = 10
# Lines of the grid are at 5, 15, 25 ...: a margin of half a cell on each side.
ORIGIN = 5
CANVAS = 1200
CARD = 150
LEFT, RIGHT = 25, 1175
HEADER = 75
# Around cards: in the frame of a place, and between cards above each other.
PADDING = 10
SUBNET_PADDING = 20
GAP = 40
TITLE = 30
# A cluster is called after its stack, which may take a second line.
BOX_TITLE, BOX_FOOT = 50, 10
ROW_GAP = 40
MOST_IN_ROW = 6
# Between columns, in cells.
LEAST_GAP = 8

FRAME_SIZE = 11.0
TITLE_SIZE, WORD_SIZE, FACT_SIZE = 13.0, 10.5, 11.0
TITLE_LINE, WORD_LINE, FACT_LINE = 16, 14, 14
GLYPH = 24
INSET = 12
ROUNDS = 12


@dataclass(frozen=True)
class Rect:
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2

    def meets(self, other: Rect, *, by: int = 0) -> bool:
        """Say whether two rectangles share an area, or are nearer than ``by``."""
        return (
            self.x < other.right + by
            and other.x < self.right + by
            and self.y < other.bottom + by
            and other.y < self.bottom + by
        )

    def holds(self, other: Rect) -> bool:
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A frame with a title: a place, the network, or a cluster."""

    title: str
    kind: str
    rect: Rect

    @property
    def lines(self) -> list[str]:
        return wrapped(self.title, FRAME_SIZE, self.rect.width - 2 * PADDING, bold=True)

    @property
    def title_height(self) -> int:
        return 8 + 14 * len(self.lines)

    @property
    def title_width(self) -> int:
        return math.ceil(PADDING + max(width(line, FRAME_SIZE, bold=True) for line in self.lines))


@dataclass(frozen=True, kw_only=True)
class Card:
    """A node with its text broken into lines."""

    node: Node
    rect: Rect
    title: tuple[str, ...]
    word: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(kw_only=True)
class Layout:
    height: int
    cards: dict[str, Card]
    frames: dict[str, Frame]
    # What an edge may end at: cards, and the frames of clusters.
    ends: dict[str, Rect] = field(default_factory=dict)


def laid_out(picture: Picture) -> Layout:
    columns = [picture.at(place) for place in picture.places() if place is not Place.DELIVERY]
    middles = _Columns(picture, columns).settled()
    cards = {
        node.id: _card(node, Rect(x, middles[node.id][0], CARD, middles[node.id][1]))
        for x, column in zip(_positions(picture, columns), columns, strict=True)
        for node in column
    }
    frames = _boxes(picture, cards)
    drawn = [card.rect for card in cards.values()] + [frame.rect for frame in frames.values()]
    bottom = max((rect.bottom for rect in drawn), default=HEADER)
    frames |= _places(picture, cards, bottom + PADDING)
    lowest = max((frame.rect.bottom for frame in frames.values()), default=HEADER)
    lowest = _rows(picture, cards, frames, lowest + ROW_GAP)
    ends = {id_: card.rect for id_, card in cards.items()}
    ends |= {box.id: frames[box.id].rect for box in picture.boxes if box.id in frames}
    return Layout(height=lowest, cards=cards, frames=frames, ends=ends)


def _positions(picture: Picture, columns: t.Sequence[t.Sequence[Node]]) -> list[int]:
    """Return where each column begins. Between two of them is more room, the more edges come or go there."""
    if len(columns) < 2:
        return [LEFT] * len(columns)
    column_of = {node.id: index for index, column in enumerate(columns) for node in column}
    column_of |= {box.id: column_of[picture.members(box.id)[0].id] for box in picture.boxes if picture.members(box.id)}
    busy = [0] * (len(columns) - 1)
    for edge in picture.edges:
        ends = sorted(column_of.get(end, -1) for end in (edge.source, edge.target))
        if ends[0] >= 0 and ends[0] < len(busy):
            busy[ends[0]] += 1
        if ends[0] >= 0 and ends[1] - 1 > ends[0]:
            busy[ends[1] - 1] += 1
    cells = (RIGHT - LEFT - len(columns) * CARD) // CELL
    gaps = [LEAST_GAP] * len(busy)
    for _cell in range(cells - sum(gaps)):
        # One by one, to where most edges share the least.
        index = max(range(len(gaps)), key=lambda index: ((busy[index] + 1) / gaps[index], -index))
        gaps[index] += 1
    return [LEFT + sum(CARD + gap * CELL for gap in gaps[:index]) for index in range(len(columns))]


def _spread(number: int, least: int) -> list[int]:
    """Return where the cards of a row begin."""
    step = (RIGHT - CARD - LEFT) // (max(number, least) - 1) // CELL * CELL
    return [LEFT + index * step for index in range(number)]


def _lines(node: Node) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    room = CARD - INSET - 8
    title = wrapped(node.title, TITLE_SIZE, room - GLYPH, bold=True)
    word = wrapped(node.word, WORD_SIZE, room - GLYPH)
    facts = [line for fact in node.facts for line in wrapped(fact, FACT_SIZE, room)]
    return tuple(title), tuple(word), tuple(facts)


def _height(node: Node) -> int:
    title, word, facts = _lines(node)
    height = 16 + len(title) * TITLE_LINE + len(word) * WORD_LINE + len(facts) * FACT_LINE + (4 if facts else 0)
    return -(-height // CELL) * CELL


def _card(node: Node, rect: Rect) -> Card:
    title, word, facts = _lines(node)
    return Card(node=node, rect=rect, title=title, word=word, facts=facts)


class _Columns:
    """Finds an order and a height for the cards of each column that keep edges short."""

    def __init__(self, picture: Picture, columns: t.Sequence[t.Sequence[Node]]) -> None:
        self._columns = [list(column) for column in columns]
        self._heights = {node.id: _height(node) for column in columns for node in column}
        self._boxes = {node.id: node.box for column in columns for node in column}
        inner = TITLE + (TITLE if picture.network else 0)
        self._top = HEADER + inner
        self._neighbours = self._weights(picture)
        self._y: dict[str, float] = {}
        for column in self._columns:
            self._stack(column)
        ends = [self._y[column[-1].id] + self._heights[column[-1].id] for column in self._columns]
        self._bottom = max(ends, default=self._top)

    def settled(self) -> dict[str, tuple[int, int]]:
        """Return the top and the height of each card."""
        for number in range(ROUNDS):
            forward = number % 2 == 0
            for column in self._columns if forward else reversed(self._columns):
                wanted = {node.id: self._wanted(node) for node in column}
                # The order settles first, and then only the distances.
                if number < ROUNDS - 4:
                    self._reorder(column, wanted)
                self._settle(column, wanted)
        snap = {id_: ORIGIN + round((y - ORIGIN) / CELL) * CELL for id_, y in self._y.items()}
        return {id_: (y, self._heights[id_]) for id_, y in snap.items()}

    def _weights(self, picture: Picture) -> dict[str, list[tuple[str, int]]]:
        """Return with whom each card has edges, and how much each of them counts."""
        found: dict[str, list[tuple[str, int]]] = {id_: [] for id_ in self._heights}
        for edge in picture.edges:
            weight = {Flow.REQUEST: 6, Flow.USE: 3, Flow.GUARD: 2}.get(edge.flow, 1)
            for one, other in ((edge.source, edge.target), (edge.target, edge.source)):
                for own in self._meant(picture, one):
                    found[own] += [(id_, weight) for id_ in self._meant(picture, other) if id_ != own]
        return found

    def _meant(self, picture: Picture, end: str) -> list[str]:
        members = [node.id for node in picture.members(end)] or [end]
        return [id_ for id_ in members if id_ in self._heights]

    def _between(self, above: Node, below: Node) -> int:
        if above.box == below.box:
            return GAP
        return GAP + (BOX_FOOT if above.box else 0) + (BOX_TITLE if below.box else 0)

    def _stack(self, column: t.Sequence[Node]) -> None:
        y = self._top + (BOX_TITLE if column[0].box else 0)
        for index, node in enumerate(column):
            if index:
                y += self._heights[column[index - 1].id] + self._between(column[index - 1], node)
            self._y[node.id] = y

    def _wanted(self, node: Node) -> float:
        """Return the height at which a card would be straight across from those it has edges with."""
        near = [(self._y[id_] + self._heights[id_] / 2, weight) for id_, weight in self._neighbours[node.id]]
        if not near:
            return self._y[node.id]
        middle = sum(y * weight for y, weight in near) / sum(weight for _y, weight in near)
        return middle - self._heights[node.id] / 2

    def _reorder(self, column: list[Node], wanted: t.Mapping[str, float]) -> None:
        """Sort a column by what its cards want, and keep what shares a frame together."""
        groups: dict[str, list[float]] = {}
        for node in column:
            groups.setdefault(node.box or node.id, []).append(wanted[node.id])
        means = {key: sum(values) / len(values) for key, values in groups.items()}
        column.sort(key=lambda node: (means[node.box or node.id], node.box or node.id, wanted[node.id], node.id))

    def _settle(self, column: t.Sequence[Node], wanted: t.Mapping[str, float]) -> None:
        """Put each card as near as can be to where it wants to be, in order and with the gaps between."""
        offsets = [0.0]
        for above, below in zip(column, column[1:], strict=False):
            offsets.append(offsets[-1] + self._heights[above.id] + self._between(above, below))
        targets = [wanted[node.id] - offset for node, offset in zip(column, offsets, strict=True)]
        least = self._top + (BOX_TITLE if column[0].box else 0)
        foot = BOX_FOOT if column[-1].box else 0
        most = max(least, self._bottom - offsets[-1] - self._heights[column[-1].id] - foot)
        for node, offset, level in zip(column, offsets, _rising(targets), strict=True):
            self._y[node.id] = min(max(level, least), most) + offset


def _rising(targets: t.Sequence[float]) -> list[float]:
    """Return the numbers nearest to these that never fall: neighbours that would cross meet in the middle."""
    pools: list[tuple[float, int]] = []
    for target in targets:
        total, number = target, 1
        while pools and pools[-1][0] / pools[-1][1] > total / number:
            more, others = pools.pop()
            total, number = total + more, number + others
        pools.append((total, number))
    return [total / number for total, number in pools for _each in range(number)]


def _around(rects: t.Sequence[Rect], left: int, top: int, right: int, bottom: int) -> Rect:
    x, y = min(rect.x for rect in rects) - left, min(rect.y for rect in rects) - top
    return Rect(x, y, max(rect.right for rect in rects) + right - x, max(rect.bottom for rect in rects) + bottom - y)


def _boxes(picture: Picture, cards: t.Mapping[str, Card]) -> dict[str, Frame]:
    found = {}
    for box in picture.boxes:
        members = [cards[node.id].rect for node in picture.members(box.id)]
        if members:
            rect = _around(members, PADDING, BOX_TITLE, PADDING, BOX_FOOT)
            found[box.id] = Frame(title=box.title, kind="cluster", rect=rect)
    return found


def _places(picture: Picture, cards: t.Mapping[str, Card], bottom: int) -> dict[str, Frame]:
    """Put a frame around each place, all of the same height, and one around the subnets."""
    found: dict[str, Frame] = {}
    top = HEADER
    inset = TITLE if picture.network else 0
    foot = PADDING if picture.network else 0
    for place in picture.places():
        if place is Place.DELIVERY:
            continue
        inner = place in SUBNETS and picture.network is not None
        padding = SUBNET_PADDING if inner else PADDING
        rects = [cards[node.id].rect for node in picture.at(place)]
        x = min(rect.x for rect in rects) - padding
        y = top + (inset if inner else 0)
        end = bottom + (0 if inner else foot)
        title = place.value
        found[place.name] = Frame(title=title, kind="place", rect=Rect(x, y, CARD + 2 * padding, end - y))
    subnets = [found[place.name].rect for place in SUBNETS if place.name in found]
    if picture.network and subnets:
        rect = _around(subnets, PADDING, TITLE, PADDING, PADDING)
        found = {"network": Frame(title=picture.network, kind="network", rect=rect), **found}
    return found


def _rows(picture: Picture, cards: dict[str, Card], frames: dict[str, Frame], top: int) -> int:
    """Put what watches and delivers into rows at the foot; return where they end."""
    nodes = picture.at(Place.DELIVERY)
    if not nodes:
        return top - ROW_GAP
    x_of = {id_: card.rect.middle[0] for id_, card in cards.items()}
    for box in picture.boxes:
        if box.id in frames:
            x_of[box.id] = frames[box.id].rect.middle[0]

    def key(node: Node) -> tuple[bool, float, str]:
        ends = [
            x_of[other]
            for edge in picture.edges
            for own, other in ((edge.source, edge.target), (edge.target, edge.source))
            if own == node.id and other in x_of
        ]
        return not ends, sum(ends) / len(ends) if ends else 0.0, node.id

    ordered = sorted(nodes, key=key)
    rows = -(-len(ordered) // MOST_IN_ROW)
    in_row = -(-len(ordered) // rows)
    y = top + TITLE
    starts = _spread(in_row, 4)
    for first in range(0, len(ordered), in_row):
        row = ordered[first : first + in_row]
        for x, node in zip(starts, row, strict=False):
            cards[node.id] = _card(node, Rect(x, y, CARD, _height(node)))
        y = max(cards[node.id].rect.bottom for node in row) + ROW_GAP
    bottom = y - ROW_GAP + PADDING
    frames[Place.DELIVERY.name] = Frame(
        title=Place.DELIVERY.value,
        kind="place",
        rect=Rect(LEFT - PADDING, top, RIGHT - LEFT + 2 * PADDING, bottom - top),
    )
    return bottom


__all__ = ("CANVAS", "CELL", "ORIGIN", "Card", "Frame", "Layout", "Rect", "laid_out")
