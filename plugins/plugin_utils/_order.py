# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection.

"""One order over everything a release ships: consecutive voyages, each of one kind, as few as it takes."""

from __future__ import annotations

import dataclasses
import difflib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Document = t.Mapping[str, t.Any]

# Where several roads are equally short, the kind that stands first goes first.
KINDS = {"migrations": "migration", "functions": "function", "services": "service"}
# A release has no station for functions yet. They count as there already, and what they come after still comes first.
SHIPPED = ("migrations", "services")
# What ships these waits inside one voyage for what each of them comes after.
SELF_ORDERING = frozenset({"services"})


@dataclasses.dataclass(frozen=True, order=True)
class Unit:
    """One thing a release ships."""

    kind: str
    name: str


@dataclasses.dataclass(frozen=True)
class Voyage:
    """Units of one kind that go together."""

    kind: str
    units: tuple[str, ...]


Waits = t.Mapping[Unit, t.Sequence[Unit]]
"""What each unit comes after."""


def mistakes(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the place and the sentence of everything that makes an order impossible."""
    waits: dict[Unit, list[Unit]] = {}
    for unit, given in _given(document):
        waits[unit] = []
        for index, name in enumerate(given):
            meant = _called(document, name)
            if len(meant) == 1:
                waits[unit] += meant
            else:
                yield f"{unit.kind}.{unit.name}.after[{index}]", _no_single(document, name, meant)
    circle = find_circle(waits)
    if circle:
        told = " after ".join(unit.name for unit in circle)
        yield f"{circle[0].kind}.{circle[0].name}.after", f"goes round in a circle, {told}"


def voyages(document: Document, kinds: Iterable[str] = SHIPPED) -> list[Voyage]:
    """Return the order of a stack's units of some kinds, or say why there is none."""
    return _fewest(waits_among(document, kinds))


def waits_among(document: Document, kinds: Iterable[str]) -> dict[Unit, tuple[Unit, ...]]:
    """Return what the units of some kinds wait for among themselves, also by way of units of other kinds."""
    shipped = _known_kinds(kinds)
    found = [f"delivery.{place}: {sentence}" for place, sentence in mistakes(document)]
    if found:
        raise SlipwayError(f"{'; '.join(found)}.", hint="Correct it in the infrastructure, or in the inventory.")
    direct = {unit: [meant for name in given for meant in _called(document, name)] for unit, given in _given(document)}
    return {unit: _behind(unit, direct, shipped) for unit in direct if unit.kind in shipped}


def _behind(start: Unit, direct: Waits, shipped: frozenset[str]) -> tuple[Unit, ...]:
    found: dict[Unit, None] = {}
    seen: set[Unit] = set()
    open_ends = list(reversed(direct[start]))
    while open_ends:
        unit = open_ends.pop()
        if unit in seen:
            continue
        seen.add(unit)
        if unit.kind in shipped:
            found[unit] = None
        else:
            open_ends += reversed(direct[unit])
    return tuple(found)


def _fewest(waits: Waits) -> list[Voyage]:
    """Try all sequences of kinds at once, one voyage longer each time.

    A voyage takes all it can: to have done more never makes what is left harder. So of two roads of one length, the
    one that has done less can be forgotten.
    """
    roads: list[tuple[frozenset[Unit], list[Voyage]]] = [(frozenset(), [])]
    while True:
        for done, road in roads:
            if len(done) == len(waits):
                return road
        longer = []
        for done, road in roads:
            for kind in KINDS:
                units = _ready(kind, done, waits)
                if units:
                    names = tuple(unit.name for unit in units)
                    longer.append((done | frozenset(units), [*road, Voyage(kind, names)]))
        roads = [
            (done, road)
            for index, (done, road) in enumerate(longer)
            if not any(done < other or (done == other and place < index) for place, (other, dummy) in enumerate(longer))
        ]


def _ready(kind: str, done: frozenset[Unit], waits: Waits) -> list[Unit]:
    """Return the units of a kind that can go now, what is waited for before what waits."""
    ready: list[Unit] = []
    left = sorted(unit for unit in waits if unit.kind == kind and unit not in done)
    while True:
        there = done | frozenset(ready)
        more = [unit for unit in left if unit not in there and there.issuperset(waits[unit])]
        ready += more
        if not more or kind not in SELF_ORDERING:
            return ready


def find_circle(waits: Waits) -> list[Unit]:
    """Return the units of a circle, first and last the same, or nothing."""
    left = {unit: {other for other in others if other in waits} for unit, others in waits.items()}
    while ready := [unit for unit, others in left.items() if not others]:
        for unit in ready:
            del left[unit]
        for others in left.values():
            others.difference_update(ready)
    if not left:
        return []
    # Everything left waits for something left, so walking on must come back to where it was.
    walk = [min(left, key=_by_name)]
    while walk.count(walk[-1]) == 1:
        walk.append(min(left[walk[-1]], key=_by_name))
    return walk[walk.index(walk[-1]) :]


def _by_name(unit: Unit) -> tuple[str, str]:
    return unit.name, unit.kind


def _given(document: Document) -> Iterator[tuple[Unit, Sequence[str]]]:
    for kind in KINDS:
        for name, options in _units(document, kind).items():
            yield Unit(kind, name), options.get("after") or ()


def _units(document: Document, kind: str) -> Mapping[str, Document]:
    return document.get(kind) or {}


def _called(document: Document, name: str) -> list[Unit]:
    return [Unit(kind, name) for kind in KINDS if name in _units(document, kind)]


def _no_single(document: Document, name: str, meant: Sequence[Unit]) -> str:
    if meant:
        kinds = " and ".join(f"a {KINDS[unit.kind]}" for unit in meant)
        return f"{name!r} is {kinds}; give them names of their own"
    known = [other for kind in KINDS for other in _units(document, kind)]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{name!r} is no service, function or migration of this stack{hint}"


def _known_kinds(kinds: Iterable[str]) -> frozenset[str]:
    given = frozenset(kinds)
    unknown = sorted(given - set(KINDS))
    if unknown:
        raise SlipwayError(f"{unknown[0]!r} is no kind of unit.", hint=f"Kinds are {', '.join(KINDS)}.")
    return given


__all__ = ("KINDS", "SHIPPED", "Unit", "Voyage", "find_circle", "mistakes", "voyages", "waits_among")
