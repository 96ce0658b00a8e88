"""The drawing is tidy, whatever is drawn: nothing lies on anything else, and every text has its room."""

from __future__ import annotations

import itertools

import pytest
from diagrams.layout import CANVAS, CARD, FACT_SIZE, GLYPH, INSET, TITLE_SIZE, WORD_SIZE, Layout, Rect, laid_out
from diagrams.model import Box, Edge, Flow, Look, Node, Picture, Place
from diagrams.routing import pixels
from diagrams.text import width, wrapped
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawn_systems import SYSTEMS, Drawing, drawing, drawing_of

TEXTS = st.text(alphabet="abcdefgWM-/.:* ", min_size=1, max_size=40).filter(lambda text: bool(text.strip()))


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    count = draw(st.integers(1, 14))
    nodes = []
    for number in range(count):
        place = draw(st.sampled_from(Place))
        nodes.append(
            Node(
                id=f"n{number}",
                place=place,
                look=draw(st.sampled_from(Look)),
                word=draw(TEXTS),
                title=draw(TEXTS),
                facts=tuple(draw(st.lists(TEXTS, max_size=4))),
                box="box" if place is Place.PRIVATE and draw(st.booleans()) else None,
            )
        )
    nodes.sort(key=lambda node: (list(Place).index(node.place), node.box or "", node.id))
    ids = [node.id for node in nodes]
    pairs = draw(st.sets(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=10))
    edges = [
        Edge(source=one, target=other, flow=draw(st.sampled_from(Flow)), labels=("reads",))
        for one, other in sorted(pairs)
        if one != other
    ]
    boxes = [Box(id="box", place=Place.PRIVATE, title="ECS cluster somewhere-prod")]
    return Picture(
        system="s",
        stack="s-prod",
        region="r",
        network=draw(st.sampled_from([None, "VPC"])),
        zones=2,
        nodes=tuple(nodes),
        boxes=tuple(boxes if any(node.box for node in nodes) else ()),
        edges=tuple(edges),
        resources=1,
    )


def inside(layout: Layout, shown: Picture) -> None:
    """Say that cards and frames stand apart, and each card in the frames it belongs to and in no other."""
    canvas = Rect(0, 0, CANVAS, layout.height)
    cards = [card.rect for card in layout.cards.values()]
    assert set(layout.cards) == {node.id for node in shown.nodes}
    assert not [pair for pair in itertools.combinations(cards, 2) if pair[0].meets(pair[1], by=10)]
    assert all(canvas.holds(rect) for rect in cards)
    places = [layout.frames[place.name].rect for place in shown.places()]
    assert not [pair for pair in itertools.combinations(places, 2) if pair[0].meets(pair[1])]
    frames = {place.name: [node.id for node in shown.at(place)] for place in shown.places()}
    frames |= {box.id: [node.id for node in shown.members(box.id)] for box in shown.boxes}
    for name, members in frames.items():
        frame = layout.frames[name]
        title = Rect(frame.rect.x, frame.rect.y, frame.rect.width, frame.title_height)
        assert canvas.holds(frame.rect)
        for id_, card in layout.cards.items():
            assert frame.rect.holds(card.rect) == (id_ in members)
            assert frame.rect.meets(card.rect) == (id_ in members)
            assert not title.meets(card.rect)
    for box in shown.boxes:
        assert layout.frames[box.place.name].rect.holds(layout.frames[box.id].rect)


@given(pictures())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_picture_is_laid_out_without_overlaps(shown: Picture) -> None:
    inside(laid_out(shown), shown)


@given(pictures())
@settings(max_examples=15, deadline=None, derandomize=True)
def test_any_edge_goes_around_the_cards(shown: Picture) -> None:
    go_around(drawing_of(drawing(SYSTEMS[0]).graph, shown))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_is_laid_out_without_overlaps(system: str) -> None:
    found = drawing(system)
    inside(found.layout, found.picture)


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_edge_of_a_system_goes_around_the_cards(system: str) -> None:
    go_around(drawing(system))


def go_around(found: Drawing) -> None:
    assert [way.edge for way in found.ways] == list(found.picture.edges)
    ends = found.layout.ends
    for way in found.ways:
        points = [pixels(cell) for cell in way.cells]
        assert on_border(ends[way.edge.source], points[0])
        assert on_border(ends[way.edge.target], points[-1])
        for one, other in itertools.pairwise(points):
            assert abs(one[0] - other[0]) + abs(one[1] - other[1]) == 10
        for card in found.layout.cards.values():
            assert not [point for point in points[1:-1] if on_it(card.rect, point)]


def on_it(rect: Rect, point: tuple[int, int]) -> bool:
    return rect.x <= point[0] <= rect.right and rect.y <= point[1] <= rect.bottom


def on_border(rect: Rect, point: tuple[int, int]) -> bool:
    inner = rect.x < point[0] < rect.right and rect.y < point[1] < rect.bottom
    return on_it(rect, point) and not inner


@pytest.mark.parametrize("system", SYSTEMS)
def test_edges_that_have_nothing_in_common_never_go_along_each_other(system: str) -> None:
    steps: dict[frozenset[tuple[int, int]], list[Edge]] = {}
    for way in drawing(system).ways:
        for pair in itertools.pairwise(way.cells):
            steps.setdefault(frozenset(pair), []).append(way.edge)
    for edges in steps.values():
        for one, other in itertools.combinations(edges, 2):
            assert one.flow is other.flow
            assert one.source == other.source or one.target == other.target


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_label_has_a_room_of_its_own(system: str) -> None:
    found = drawing(system)
    assert [way.edge for way in found.homeless] == []
    said = [way.edge for label in found.labels for way in label.ways]
    assert sorted(said, key=str) == sorted((edge for edge in found.picture.edges if edge.labels), key=str)
    rects = [label.rect for label in found.labels]
    assert not [pair for pair in itertools.combinations(rects, 2) if pair[0].meets(pair[1])]
    for label in found.labels:
        assert label.rect.x >= 0 and label.rect.right <= CANVAS
        assert not [card for card in found.layout.cards.values() if card.rect.meets(label.rect)]
        # No head of an arrow is under it.
        assert not [way for way in found.ways if on_it(label.rect, way.corners[-1])]
        for way in label.ways:
            assert any(on_it(label.rect, pixels(cell)) for cell in way.cells)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_text_fits_its_card(system: str) -> None:
    found = drawing(system)
    for card in found.layout.cards.values():
        room = CARD - INSET - 8
        assert all(width(line, TITLE_SIZE, bold=True) <= room - GLYPH for line in card.title)
        assert all(width(line, WORD_SIZE) <= room - GLYPH for line in card.word)
        assert all(width(line, FACT_SIZE) <= room for line in card.facts)
        lines = 16 * len(card.title) + 14 * (len(card.word) + len(card.facts))
        assert lines + 12 <= card.rect.height
    for frame in found.layout.frames.values():
        assert 10 + frame.title_width <= frame.rect.width + 10


@given(text=TEXTS, room=st.integers(20, 120), bold=st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_broken_text_keeps_its_letters_and_its_room(text: str, room: int, bold: bool) -> None:
    lines = wrapped(text, 11, room, bold=bold)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert all(width(line, 11, bold=bold) <= room for line in lines)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("two words", ["two words"]),
        ("repo:example-org/qa-chatbot", ["repo:", "example-org/", "qa-chatbot"]),
        ("運用監視", ["運用監視"]),
        ("a" * 20, ["a" * 11, "a" * 9]),
    ],
    ids=["fits", "at-marks", "wide-characters", "anywhere"],
)
def test_a_text_breaks_where_it_reads_best(text: str, lines: list[str]) -> None:
    assert wrapped(text, 11, 85) == lines
