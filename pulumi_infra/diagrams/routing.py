"""The ways of the edges: along the grid, around every card, with few bends and few crossings."""

from __future__ import annotations

import heapq
import typing as t
from dataclasses import dataclass

from diagrams.errors import DiagramError
from diagrams.layout import CANVAS, CELL, ORIGIN, Layout, Rect
from diagrams.model import Edge

Point = tuple[int, int]
# A point, and the direction in which it was come to.
State = tuple[Point, int]
ARRIVED: State = ((-1, -1), 0)
# Right, down, left, up.
STEPS: tuple[Point, ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))

STEP = 10
BEND = 45
CROSSING = 35
# Along another edge, or through its corner: two edges would look like one.
SHARED = 500
BESIDE_CARD = 6
ALONG_FRAME = 15
THROUGH_TITLE = 250
OFF_CENTRE = 3
# Columns are left and right of each other, so edges leave cards at their sides.
ABOVE_OR_BELOW = 20
PASSES = 3


@dataclass(frozen=True, kw_only=True)
class Way:
    """An edge and the points of the picture it goes through: each corner, and each end."""

    edge: Edge
    cells: tuple[Point, ...]

    @property
    def corners(self) -> tuple[Point, ...]:
        cells = self.cells
        turns = [
            cell
            for before, cell, after in zip(cells, cells[1:], cells[2:], strict=False)
            if (before[0] == cell[0]) != (cell[0] == after[0])
        ]
        return tuple(pixels(cell) for cell in (cells[0], *turns, cells[-1]))


def pixels(cell: Point) -> Point:
    return ORIGIN + cell[0] * CELL, ORIGIN + cell[1] * CELL


def routed(edges: t.Sequence[Edge], layout: Layout) -> list[Way]:
    """Return the way of each edge, in the edges' order."""
    board = _Board(layout)
    order = sorted(edges, key=lambda edge: (board.distance(edge), edge.source, edge.target))
    ways: dict[Edge, tuple[Point, ...]] = {}
    # Who came first knew nothing of the others: each looks again, now that all the others are there.
    for _pass in range(PASSES):
        for edge in order:
            board.clear(edge)
            ways[edge] = board.way(edge)
            board.take(edge, ways[edge])
    return [Way(edge=edge, cells=ways[edge]) for edge in edges]


class _Board:
    """What is on each point of the grid."""

    def __init__(self, layout: Layout) -> None:
        self._ends = {id_: _cells(rect) for id_, rect in layout.ends.items()}
        self._width = (CANVAS - ORIGIN) // CELL
        self._height = (layout.height - ORIGIN) // CELL + 2
        cards = [_cells(card.rect) for card in layout.cards.values()]
        self._blocked = {point for rect in cards for point in _points(rect)}
        self._beside = {point for rect in cards for point in _points(_grown(rect))} - self._blocked
        self._titles: set[Point] = set()
        self._upright: set[Point] = set()
        self._level: set[Point] = set()
        for frame in layout.frames.values():
            x, y, right, bottom = _cells(frame.rect)
            written = range(x + 1, min(right, x + 2 + frame.title_width // CELL))
            self._titles |= {
                (column, y + row) for column in written for row in range(1, 1 + frame.title_height // CELL)
            }
            self._upright |= {(column, row) for column in (x, right) for row in range(y, bottom + 1)}
            self._level |= {(column, row) for row in (y, bottom) for column in range(x, right + 1)}
        self._titles -= self._blocked
        # For each point, the edges there, and whether they go level, upright, or turn.
        self._taken: dict[Point, dict[Edge, str]] = {}

    def distance(self, edge: Edge) -> int:
        one, other = self._ends[edge.source], self._ends[edge.target]
        return abs(one[0] + one[2] - other[0] - other[2]) + abs(one[1] + one[3] - other[1] - other[3])

    def clear(self, edge: Edge) -> None:
        for there in self._taken.values():
            there.pop(edge, None)

    def take(self, edge: Edge, cells: t.Sequence[Point]) -> None:
        for index, cell in enumerate(cells):
            before = cells[index - 1] if index else None
            after = cells[index + 1] if index + 1 < len(cells) else None
            axes = {_axis(cell, other) for other in (before, after) if other is not None}
            self._taken.setdefault(cell, {})[edge] = axes.pop() if len(axes) == 1 else "turn"

    def way(self, edge: Edge) -> tuple[Point, ...]:
        """Search the cheapest way; of equally cheap ones always the same."""
        source, target = self._ends[edge.source], self._ends[edge.target]
        own = {*_points(source), *_points(target)}
        goals = {point: (facing, price) for point, facing, price in _ports(target)}
        search = _Search(target)
        for point, facing, price in _ports(source):
            search.offer((point, facing), None, price + self._meeting(point, facing, edge))
        while (found := search.cheapest()) is not None:
            cost, (point, facing) = found
            first = search.came[(point, facing)] is None
            if point in goals and not first:
                outward, price = goals[point]
                if (facing + 2) % 4 == outward:
                    search.offer(ARRIVED, (point, facing), cost + price)
                continue
            # An edge leaves its card straight.
            for turn in (0,) if first else (0, 1, 3):
                ahead = (facing + turn) % 4
                following = (point[0] + STEPS[ahead][0], point[1] + STEPS[ahead][1])
                step = self._price(following, ahead, edge, own, goals)
                if step is not None:
                    bend = BEND + self._corner(point, edge) if turn else 0
                    search.offer((following, ahead), (point, facing), cost + step + bend)
        if not (way := search.way()):
            raise DiagramError(f"There is no way from {edge.source} to {edge.target} in the picture.")
        return way

    def _price(
        self, point: Point, facing: int, edge: Edge, own: t.Collection[Point], goals: t.Collection[Point]
    ) -> int | None:
        """Return what a step to a point costs, or None where nobody may go."""
        # At the edge of the picture a line would look like its frame.
        if not (0 < point[0] < self._width and 0 < point[1] <= self._height):
            return None
        if point in goals:
            return STEP + self._meeting(point, facing, edge)
        if point in self._blocked or point in own:
            return None
        price = STEP + self._meeting(point, facing, edge)
        if point in self._beside:
            price += BESIDE_CARD
        if point in self._titles:
            price += THROUGH_TITLE
        if point in (self._level if facing % 2 == 0 else self._upright):
            price += ALONG_FRAME
        return price

    def _meeting(self, point: Point, facing: int, edge: Edge) -> int:
        axis = "level" if facing % 2 == 0 else "upright"
        price = 0
        for other, how in self._taken.get(point, {}).items():
            if _together(edge, other):
                continue
            price += CROSSING if how not in (axis, "turn") else SHARED
        return price

    def _corner(self, point: Point, edge: Edge) -> int:
        there = self._taken.get(point, {})
        return sum(SHARED for other in there if not _together(edge, other))


def _together(edge: Edge, other: Edge) -> bool:
    """Say whether two edges may share a way: those of a kind that begin, or end, at the same card."""
    return edge.flow is other.flow and (edge.source == other.source or edge.target == other.target)


class _Search:
    """The states looked at on the way to a rectangle, each with what it costs and where it was come to from."""

    def __init__(self, target: tuple[int, int, int, int]) -> None:
        self._target = target
        self._best: dict[State, int] = {}
        self._waiting: list[tuple[int, int, State]] = []
        self.came: dict[State, State | None] = {}

    def offer(self, state: State, before: State | None, cost: int) -> None:
        if cost < self._best.get(state, cost + 1):
            self._best[state], self.came[state] = cost, before
            far = 0 if state == ARRIVED else _far(state[0], self._target)
            heapq.heappush(self._waiting, (cost + far, cost, state))

    def cheapest(self) -> tuple[int, State] | None:
        """Return the next state to go on from, or None where the search is over."""
        while self._waiting:
            _guess, cost, state = heapq.heappop(self._waiting)
            if state == ARRIVED:
                return None
            if cost == self._best[state]:
                return cost, state
        return None

    def way(self) -> tuple[Point, ...]:
        points: list[Point] = []
        state = self.came.get(ARRIVED)
        while state is not None:
            points.append(state[0])
            state = self.came[state]
        return tuple(reversed(points))


def _cells(rect: Rect) -> tuple[int, int, int, int]:
    return (
        (rect.x - ORIGIN) // CELL,
        (rect.y - ORIGIN) // CELL,
        (rect.right - ORIGIN) // CELL,
        (rect.bottom - ORIGIN) // CELL,
    )


def _points(rect: tuple[int, int, int, int]) -> t.Iterator[Point]:
    x, y, right, bottom = rect
    return ((column, row) for column in range(x, right + 1) for row in range(y, bottom + 1))


def _grown(rect: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return rect[0] - 1, rect[1] - 1, rect[2] + 1, rect[3] + 1


def _ports(rect: tuple[int, int, int, int]) -> t.Iterator[tuple[Point, int, int]]:
    """Yield the points of a border, the direction outwards, and how much dearer a port is than the middle one."""
    x, y, right, bottom = rect
    for row in range(y + 1, bottom):
        price = abs(2 * row - y - bottom) * OFF_CENTRE
        yield (right, row), 0, price
        yield (x, row), 2, price
    for column in range(x + 1, right):
        price = abs(2 * column - x - right) * OFF_CENTRE + ABOVE_OR_BELOW
        yield (column, bottom), 1, price
        yield (column, y), 3, price


def _far(point: Point, rect: tuple[int, int, int, int]) -> int:
    x, y, right, bottom = rect
    across = max(x - point[0], 0, point[0] - right)
    down = max(y - point[1], 0, point[1] - bottom)
    return (across + down) * STEP


def _axis(one: Point, other: Point) -> str:
    return "level" if one[1] == other[1] else "upright"


__all__ = ("Way", "pixels", "routed")
