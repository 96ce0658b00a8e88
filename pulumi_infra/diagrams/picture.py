"""From the graph of resources to what is shown: cards, frames, and as few edges as say everything."""

from __future__ import annotations

import typing as t

from diagrams import kinds
from diagrams.cards import Cards, network
from diagrams.graph import Graph
from diagrams.links import Links
from diagrams.model import Box, Edge, Flow, Node, Picture, Place


def picture(graph: Graph) -> Picture:
    cards = Cards(graph)
    links = Links(graph, cards)
    nodes = _ordered([*cards.nodes(), *links.outside()])
    boxes = cards.boxes()
    services = {card for item in graph.of(kinds.SERVICE) if (card := cards.card(item.urn)) is not None}
    title, zones = network(graph)
    return Picture(
        system=graph.system,
        stack=graph.stack,
        region=graph.region,
        network=title,
        zones=zones,
        nodes=tuple(nodes),
        boxes=tuple(boxes),
        edges=tuple(bundled(links.edges(), nodes, boxes, services)),
        resources=len(graph.made()),
    )


def bundled(
    edges: t.Sequence[Edge], nodes: t.Sequence[Node], boxes: t.Sequence[Box], services: t.Collection[str]
) -> list[Edge]:
    """Put one edge at the frame of a cluster in place of one at each of its services, where all of them have it."""
    found = list(edges)
    for box in boxes:
        members = {node.id for node in nodes if node.box == box.id and node.id in services}
        if len(members) > 1:
            found = _bundle(found, box, members, outward=True)
            found = _bundle(found, box, members, outward=False)
    return sorted(found, key=lambda edge: (edge.source, edge.target))


def _bundle(edges: t.Sequence[Edge], box: Box, members: set[str], *, outward: bool) -> list[Edge]:
    ends: dict[tuple[str, Flow], list[Edge]] = {}
    kept = []
    for edge in edges:
        inner, outer = (edge.source, edge.target) if outward else (edge.target, edge.source)
        # Requests go to each service by paths of its own.
        if inner in members and outer not in members and edge.flow is not Flow.REQUEST:
            ends.setdefault((outer, edge.flow), []).append(edge)
        else:
            kept.append(edge)
    for (outer, flow), same in ends.items():
        if {edge.source if outward else edge.target for edge in same} != members:
            kept += same
            continue
        labels = tuple(dict.fromkeys(label for edge in same for label in edge.labels))
        source, target = (box.id, outer) if outward else (outer, box.id)
        kept.append(Edge(source=source, target=target, flow=flow, labels=labels))
    return kept


def _ordered(nodes: t.Sequence[Node]) -> list[Node]:
    places = list(Place)
    return sorted(nodes, key=lambda node: (places.index(node.place), node.box or "", node.title, node.id))


__all__ = ("bundled", "picture")
