"""What a picture is made of, whoever draws it."""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass


class Place(enum.Enum):
    """Where something stands; the values are what the picture calls the places."""

    PEOPLE = "People and CI"
    EDGE = "Edge"
    PUBLIC = "Public subnets"
    PRIVATE = "Private subnets"
    DATA = "Data and models"
    DELIVERY = "Watching and delivery"


class Look(enum.Enum):
    """What something is for; its colour and its sign follow from it."""

    PERSON = "who asks and who acts"
    ENTRANCE = "takes requests"
    COMPUTE = "runs code"
    STORE = "keeps data"
    MODEL = "outside the stack"
    GUARD = "guards"
    WATCH = "watches"
    DELIVERY = "is delivered from"


class Flow(enum.Enum):
    """What goes along an edge. In this order, the first names an edge that has several reasons."""

    REQUEST = "requests"
    USE = "reads, writes, calls"
    GUARD = "protects"
    DELIVER = "releases"
    WATCH = "copies and tells"


@dataclass(frozen=True, kw_only=True)
class Node:
    id: str
    place: Place
    look: Look
    word: str
    title: str
    facts: tuple[str, ...] = ()
    box: str | None = None


@dataclass(frozen=True, kw_only=True)
class Box:
    """A frame around nodes of one place, such as a cluster around its services."""

    id: str
    place: Place
    title: str


@dataclass(frozen=True, kw_only=True)
class Edge:
    """From a node or a box to another."""

    source: str
    target: str
    flow: Flow
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Picture:
    system: str
    stack: str
    region: str
    # What the frame around the subnets is called, if there is one.
    network: str | None
    zones: int
    nodes: tuple[Node, ...]
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    # How many resources the program asks for, drawn by themselves or as a part of another.
    resources: int

    def node(self, id_: str) -> Node:
        return next(node for node in self.nodes if node.id == id_)

    def at(self, place: Place) -> list[Node]:
        return [node for node in self.nodes if node.place is place]

    def places(self) -> list[Place]:
        return [place for place in Place if self.at(place)]

    def members(self, box: str) -> list[Node]:
        return [node for node in self.nodes if node.box == box]


SUBNETS: t.Final = (Place.PUBLIC, Place.PRIVATE)

__all__ = ("SUBNETS", "Box", "Edge", "Flow", "Look", "Node", "Picture", "Place")
