"""The picture as a Mermaid flowchart, which GitHub draws by itself."""

from __future__ import annotations

import re
import typing as t

from diagrams.model import SUBNETS, Edge, Flow, Look, Node, Picture, Place

INDENT = "  "
ARROWS = {Flow.REQUEST: "==>", Flow.USE: "-->", Flow.GUARD: "-.->", Flow.DELIVER: "-.->", Flow.WATCH: "-.->"}
# The two sides of a card's text.
SHAPES = {
    Look.PERSON: ("([", "])"),
    Look.STORE: ("[(", ")]"),
    Look.GUARD: ("{{", "}}"),
}
COLOURS = {
    Look.PERSON: "fill:#eef1f5,stroke:#475569",
    Look.ENTRANCE: "fill:#e8f0fc,stroke:#1d62c4",
    Look.COMPUTE: "fill:#fdf0e4,stroke:#c2570c",
    Look.STORE: "fill:#e6f5ea,stroke:#17803d",
    Look.MODEL: "fill:#e3f4f7,stroke:#0e7490,stroke-dasharray:4 3",
    Look.GUARD: "fill:#fceaec,stroke:#b42335",
    Look.WATCH: "fill:#faf4df,stroke:#8a6a00",
    Look.DELIVERY: "fill:#f1ebfc,stroke:#6d3bd1",
}
# Two of a place, a cluster and a card must never have the same id.
_PLACE = "place_{name}"
_LIST = re.compile(r"\s*([-+*]|\d+[.)])\s")


def mermaid(picture: Picture) -> str:
    lines = [
        "---",
        f"title: {_quoted(f'{picture.system}, stack {picture.stack} in {picture.region}')}",
        "---",
        "flowchart LR",
    ]
    for place in picture.places():
        if place in SUBNETS and picture.network:
            continue
        lines += _place(picture, place, 1)
    subnets = [place for place in SUBNETS if picture.at(place)]
    if picture.network and subnets:
        inner = [line for place in subnets for line in _place(picture, place, 2)]
        lines += [
            f"{INDENT}subgraph {_PLACE.format(name='network')}[{_label(picture.network)}]",
            *inner,
            f"{INDENT}end",
        ]
    lines += [INDENT + _edge(edge) for edge in picture.edges]
    lines += [f"{INDENT}classDef {look.name.lower()} {COLOURS[look]},color:#1d2733" for look in _looks(picture)]
    for look in _looks(picture):
        members = ",".join(node.id for node in picture.nodes if node.look is look)
        lines.append(f"{INDENT}class {members} {look.name.lower()}")
    return "\n".join(lines) + "\n"


def _place(picture: Picture, place: Place, depth: int) -> list[str]:
    here = [_node(node) for node in picture.at(place) if node.box is None]
    for box in picture.boxes:
        members = [_node(node) for node in picture.members(box.id)]
        if box.place is place and members:
            here += [f"subgraph {box.id}[{_label(box.title)}]", *(INDENT + line for line in members), "end"]
    inside = [INDENT * (depth + 1) + line for line in here]
    return [
        f"{INDENT * depth}subgraph {_PLACE.format(name=place.name.lower())}[{_label(place.value)}]",
        *inside,
        f"{INDENT * depth}end",
    ]


def _node(node: Node) -> str:
    before, after = SHAPES.get(node.look, ("[", "]"))
    return f"{node.id}{before}{_label(node.title, node.word, *node.facts)}{after}"


def _edge(edge: Edge) -> str:
    said = f"|{_label(', '.join(edge.labels))}|" if edge.labels else ""
    return f"{edge.source} {ARROWS[edge.flow]}{said} {edge.target}"


def _label(*lines: str) -> str:
    return '"' + "<br/>".join(_escaped(line) for line in lines) + '"'


def _escaped(text: str) -> str:
    """Return a text without anything that Mermaid, Markdown or HTML would take for its own."""
    # Entities are written with the number of the character and without the ampersand.
    special = {character: f"#{ord(character)};" for character in '"#&<>`*_~[]{}|\\;'}
    safe = "".join(special.get(character, character) for character in text)
    # What begins like a list would be one; a space of no width before it keeps it a text.
    return f"#8203;{safe}" if _LIST.match(text) else safe


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "'") + '"'


def _looks(picture: Picture) -> t.Iterator[Look]:
    return (look for look in Look if any(node.look is look for node in picture.nodes))


__all__ = ("mermaid",)
