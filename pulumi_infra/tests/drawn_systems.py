"""Each system as it is drawn, read once for all tests of the drawings, and small programs of a test's own."""

from __future__ import annotations

import functools
import textwrap
from dataclasses import dataclass
from pathlib import Path

from diagrams.files import STACK, systems
from diagrams.graph import Graph, read
from diagrams.labels import Label, labelled
from diagrams.layout import Layout, laid_out
from diagrams.model import Edge, Picture
from diagrams.picture import picture
from diagrams.routing import Way, routed
from diagrams.svg import svg

from tests.recorded_program import PROGRAM, REGION

SYSTEMS = systems(PROGRAM)


@dataclass(frozen=True)
class Drawing:
    graph: Graph
    picture: Picture
    layout: Layout
    ways: list[Way]
    labels: list[Label]
    homeless: list[Way]


@functools.cache
def drawing(system: str) -> Drawing:
    graph = read(PROGRAM, STACK.format(system=system))
    return drawing_of(graph, picture(graph))


@functools.cache
def image(system: str) -> str:
    return svg(drawing(system).picture)


def drawing_of(graph: Graph, shown: Picture) -> Drawing:
    layout = laid_out(shown)
    ways = routed(shown.edges, layout)
    labels, homeless = labelled(ways, layout)
    return Drawing(graph, shown, layout, ways, labels, homeless)


def program(folder: Path, source: str) -> Graph:
    """Read a program of a few lines, whose stack is called C(try-prod)."""
    (folder / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n", encoding="utf-8")
    (folder / "Pulumi.try-prod.yaml").write_text(f"config:\n  aws:region: {REGION}\n", encoding="utf-8")
    beginning = "import json\nimport pulumi\nimport pulumi_aws as aws\n"
    (folder / "__main__.py").write_text(beginning + textwrap.dedent(source), encoding="utf-8")
    return read(folder, "try-prod")


def edge(shown: Picture, source: str, target: str) -> Edge:
    found = [item for item in shown.edges if (item.source, item.target) == (source, target)]
    known = ", ".join(f"{item.source} -> {item.target}" for item in shown.edges)
    assert found, f"no edge from {source} to {target}; there are {known}"
    return found[0]
