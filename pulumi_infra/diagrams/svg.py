"""The picture as SVG: plain shapes and text, no fonts and no images from elsewhere."""

from __future__ import annotations

import math
import typing as t
from xml.sax.saxutils import escape

from diagrams import layout as measures
from diagrams.labels import LINE, SIZE, Label, labelled
from diagrams.layout import CANVAS, Card, Frame, Layout, Rect, laid_out
from diagrams.model import Flow, Look, Picture
from diagrams.routing import Way, routed
from diagrams.text import width

FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"
INK, MUTED, LINE_COLOUR, PAPER = "#1d2733", "#566272", "#c6ceda", "#f7f9fc"
COLOURS = {
    Look.PERSON: "#475569",
    Look.ENTRANCE: "#1d62c4",
    Look.COMPUTE: "#c2570c",
    Look.STORE: "#17803d",
    Look.MODEL: "#0e7490",
    Look.GUARD: "#b42335",
    Look.WATCH: "#8a6a00",
    Look.DELIVERY: "#6d3bd1",
}
# Colour, width and dashes: who does not see the colours sees the dashes.
STROKES = {
    Flow.REQUEST: ("#1d62c4", 2.0, ""),
    Flow.USE: ("#17803d", 1.5, ""),
    Flow.GUARD: ("#b42335", 1.5, "2 3"),
    Flow.DELIVER: ("#6d3bd1", 1.5, "7 4"),
    Flow.WATCH: ("#8a6a00", 1.5, "1 4"),
}
FRAMES = {
    "place": ("#ffffff", "#d5dce6", ""),
    "network": ("#eef4fb", "#8fb0d8", "6 4"),
    "cluster": ("#fff8f1", "#e0a36c", "4 3"),
}
LEGEND_HEIGHT = 60
ROUND = 6


def svg(picture: Picture) -> str:
    layout = laid_out(picture)
    ways = routed(picture.edges, layout)
    labels, _homeless = labelled(ways, layout)
    height = layout.height + LEGEND_HEIGHT + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CANVAS} {height}" width="{CANVAS}" height="{height}" '
        f'role="img" aria-labelledby="title desc" font-family="{FONT}">',
        f'<title id="title">{escape(f"Architecture of {picture.stack}")}</title>',
        f'<desc id="desc">{escape(described(picture))}</desc>',
        _defs(),
        f'<rect x="0.5" y="0.5" width="{CANVAS - 1}" height="{height - 1}" rx="10" fill="{PAPER}" '
        f'stroke="{LINE_COLOUR}"/>',
        *_header(picture),
        *(_frame(frame) for frame in _outermost_first(layout)),
        *(_way(way, picture) for way in _strongest_last(ways)),
        *(part for card in layout.cards.values() for part in _card(card)),
        *(_label(label) for label in labels),
        *_legend(picture, layout.height + 20),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def described(picture: Picture) -> str:
    """Say the whole picture in words, for those who hear it."""
    names = {node.id: f"{node.title} ({node.word})" for node in picture.nodes}
    names |= {box.id: box.title for box in picture.boxes}
    places = [
        f"{place.value}: {', '.join(names[node.id] for node in picture.at(place))}." for place in picture.places()
    ]
    edges = [
        f"{names[edge.source]} to {names[edge.target]}{': ' if edge.labels else ''}{', '.join(edge.labels)}."
        for edge in picture.edges
    ]
    return " ".join([*places, *edges])


def _defs() -> str:
    heads = "".join(
        f'<marker id="head-{flow.name.lower()}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" '
        f'markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 1 L10 5 L0 9 z" '
        f'fill="{STROKES[flow][0]}"/></marker>'
        for flow in Flow
    )
    return f"<defs>{heads}</defs>"


def _header(picture: Picture) -> list[str]:
    stack = f"Stack {picture.stack} in {picture.region}: {picture.resources} resources."
    return [
        _text(25, 36, picture.system, size=22, weight=700),
        _text(25, 58, f"{stack} Drawn from the resource graph.", size=12, colour=MUTED),
    ]


def _outermost_first(layout: Layout) -> list[Frame]:
    order = ("network", "place", "cluster")
    return sorted(layout.frames.values(), key=lambda frame: order.index(frame.kind))


def _strongest_last(ways: t.Sequence[Way]) -> list[Way]:
    return sorted(ways, key=lambda way: -list(Flow).index(way.edge.flow))


def _frame(frame: Frame) -> str:
    fill, stroke, dashes = FRAMES[frame.kind]
    rect = frame.rect
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    title = "".join(
        _text(rect.x + 10, rect.y + 18 + number * 14, line, size=measures.FRAME_SIZE, weight=600, colour=MUTED)
        for number, line in enumerate(frame.lines)
    )
    return (
        f'<g><rect x="{rect.x}" y="{rect.y}" width="{rect.width}" height="{rect.height}" rx="8" fill="{fill}" '
        f'stroke="{stroke}"{dashed}/>{title}</g>'
    )


def _way(way: Way, picture: Picture) -> str:
    colour, thick, dashes = STROKES[way.edge.flow]
    dashed = f' stroke-dasharray="{dashes}" stroke-linecap="round"' if dashes else ""
    names = {node.id: node.title for node in picture.nodes} | {box.id: box.title for box in picture.boxes}
    said = f"{names[way.edge.source]} to {names[way.edge.target]}"
    said += f": {', '.join(way.edge.labels)}" if way.edge.labels else ""
    return (
        f'<path d="{_rounded(way.corners)}" fill="none" stroke="{colour}" stroke-width="{thick}"{dashed} '
        f'marker-end="url(#head-{way.edge.flow.name.lower()})"><title>{escape(said)}</title></path>'
    )


def _rounded(corners: t.Sequence[tuple[int, int]]) -> str:
    """Return a path through the corners, each of them a small curve."""
    parts = [f"M{corners[0][0]} {corners[0][1]}"]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        enter, leave = _towards(corner, before), _towards(corner, after)
        parts.append(f"L{enter[0]} {enter[1]} Q{corner[0]} {corner[1]} {leave[0]} {leave[1]}")
    return " ".join([*parts, f"L{corners[-1][0]} {corners[-1][1]}"])


def _towards(corner: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    across, down = other[0] - corner[0], other[1] - corner[1]
    far = min(ROUND, (abs(across) + abs(down)) // 2)
    return corner[0] + far * _sign(across), corner[1] + far * _sign(down)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _card(card: Card) -> list[str]:
    rect, look = card.rect, card.node.look
    colour = COLOURS[look]
    dashed = ' stroke-dasharray="4 3"' if look is Look.MODEL else ""
    parts = [
        f"<g><title>{escape(f'{card.node.title}: {card.node.word}')}</title>",
        f'<rect x="{rect.x}" y="{rect.y}" width="{rect.width}" height="{rect.height}" rx="6" fill="#ffffff" '
        f'stroke="{colour}" stroke-opacity="0.55"{dashed}/>',
        f'<path d="M{rect.x + 6} {rect.y} h-1 a5 5 0 0 0 -5 5 v{rect.height - 10} a5 5 0 0 0 5 5 h1 z" '
        f'fill="{colour}"/>',
        _glyph(look, rect.x + measures.INSET, rect.y + 10, colour),
    ]
    x, y = rect.x + measures.INSET + measures.GLYPH, rect.y + 8
    for line in card.title:
        y += measures.TITLE_LINE
        parts.append(_text(x, y - 3, line, size=measures.TITLE_SIZE, weight=600))
    for line in card.word:
        y += measures.WORD_LINE
        parts.append(_text(x, y - 3, line, size=measures.WORD_SIZE, colour=colour))
    x, y = rect.x + measures.INSET, y + 4
    for line in card.facts:
        y += measures.FACT_LINE
        parts.append(_text(x, y - 3, line, size=measures.FACT_SIZE, colour=MUTED))
    return [*parts, "</g>"]


def _label(label: Label) -> str:
    rect = label.rect
    colour = STROKES[label.ways[0].edge.flow][0]
    middle = rect.x + rect.width / 2
    lines = "".join(
        _text(middle, rect.y + LINE * (number + 1) - 1, line, size=SIZE, colour=colour, anchor="middle")
        for number, line in enumerate(label.lines)
    )
    return (
        f'<g><rect x="{rect.x}" y="{rect.y}" width="{rect.width}" height="{rect.height}" rx="4" fill="#ffffff" '
        f'fill-opacity="0.94"/>{lines}</g>'
    )


def _legend(picture: Picture, top: int) -> list[str]:
    """Explain the lines and the colours that this picture has."""
    parts = [f'<g aria-hidden="true"><path d="M25 {top - 8} H1175" stroke="{LINE_COLOUR}"/>']
    x = 25.0
    for flow in Flow:
        if any(edge.flow is flow for edge in picture.edges):
            colour, thick, dashes = STROKES[flow]
            dashed = f' stroke-dasharray="{dashes}" stroke-linecap="round"' if dashes else ""
            parts.append(
                f'<path d="M{_number(x)} {top + 10} h30" stroke="{colour}" stroke-width="{thick}"{dashed} '
                f'marker-end="url(#head-{flow.name.lower()})"/>'
            )
            parts.append(_text(x + 38, top + 14, flow.value, size=11, colour=MUTED))
            x += 38 + width(flow.value, 11) + 18
    x = 25.0
    for look in Look:
        if any(node.look is look for node in picture.nodes):
            parts.append(_glyph(look, x, top + 26, COLOURS[look]))
            parts.append(_text(x + 22, top + 38, look.value, size=11, colour=MUTED))
            x += 22 + width(look.value, 11) + 16
    return [*parts, "</g>"]


def _glyph(look: Look, x: float, y: float, colour: str) -> str:
    """Draw a sign of our own, 16 wide and high, for what something is for."""
    shapes = {
        Look.PERSON: '<circle cx="8" cy="5" r="3.2"/><path d="M2 15 a6 6 0 0 1 12 0"/>',
        Look.ENTRANCE: '<path d="M1 8 h11 M8 3.5 L12.5 8 L8 12.5 M15 2 v12"/>',
        Look.COMPUTE: '<rect x="3.5" y="3.5" width="9" height="9" rx="1"/>'
        '<path d="M6 1 v2.5 M10 1 v2.5 M6 12.5 V15 M10 12.5 V15 M1 6 h2.5 M1 10 h2.5 M12.5 6 H15 M12.5 10 H15"/>',
        Look.STORE: '<ellipse cx="8" cy="3.5" rx="6" ry="2.3"/>'
        '<path d="M2 3.5 v9 a6 2.3 0 0 0 12 0 v-9 M2 8 a6 2.3 0 0 0 12 0"/>',
        Look.MODEL: '<path d="M8 1 L10 6 L15 8 L10 10 L8 15 L6 10 L1 8 L6 6 Z"/>',
        Look.GUARD: '<path d="M8 1 L14 3 V8 C14 11.5 11.5 14 8 15 C4.5 14 2 11.5 2 8 V3 Z"/>',
        Look.WATCH: '<path d="M1 8 C4 3 12 3 15 8 C12 13 4 13 1 8 Z"/><circle cx="8" cy="8" r="2.2"/>',
        Look.DELIVERY: '<path d="M2 5 L8 2 L14 5 V11.5 L8 14.5 L2 11.5 Z M2 5 L8 8 L14 5 M8 8 V14.5"/>',
    }
    return (
        f'<g transform="translate({_number(x)} {_number(y)})" fill="none" stroke="{colour}" stroke-width="1.4" '
        f'stroke-linejoin="round" stroke-linecap="round">{shapes[look]}</g>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    weight: int = 400,
    colour: str = INK,
    anchor: str = "",
) -> str:
    heavy = f' font-weight="{weight}"' if weight != 400 else ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return (
        f'<text x="{_number(x)}" y="{_number(y)}" font-size="{_number(size)}"{heavy}{anchored} '
        f'fill="{colour}">{escape(text)}</text>'
    )


def _number(value: float) -> str:
    """Write a number the same everywhere: at most one digit after the point."""
    return f"{math.floor(value * 10 + 0.5) / 10:g}"


__all__ = ("described", "svg", "Rect")
