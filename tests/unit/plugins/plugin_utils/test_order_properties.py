# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever comes after whatever: every unit ships once, after all it comes after, and no order is shorter."""

from __future__ import annotations

import itertools
import typing as t

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.slipway.aws.plugins.plugin_utils import _order
from ansible_collections.slipway.aws.plugins.plugin_utils._order import Unit
from hypothesis import given, settings
from hypothesis import strategies as st

ALL = ("migrations", "functions", "services")
Kinds = dict[str, dict[str, list[str]]]


def document(kinds: Kinds) -> dict[str, t.Any]:
    """Return what an order reads of a delivery document: for each kind, what every unit comes after."""
    return {kind: {name: {"after": after} for name, after in units.items()} for kind, units in kinds.items()}


def check(units: Kinds, found: list[_order.Voyage]) -> None:
    """See that every unit ships once, and after everything it comes after."""
    kinds = {name: kind for kind, members in units.items() for name in members}
    place = {name: index for index, voyage in enumerate(found) for name in voyage.units}
    assert sorted(name for voyage in found for name in voyage.units) == sorted(kinds)
    assert all(kinds[name] == voyage.kind for voyage in found for name in voyage.units)
    for kind, members in units.items():
        for name, after in members.items():
            for other in after:
                same = kind == kinds[other] == "services"
                assert place[other] <= place[name] if same else place[other] < place[name]
                if place[other] == place[name]:
                    together = found[place[name]].units
                    assert together.index(other) < together.index(name)


def possible(units: Kinds, sequence: t.Sequence[str]) -> bool:
    """Tell whether voyages of these kinds, in this order, can ship everything; slow, and too plain to be wrong."""
    left = {name: (kind, set(after)) for kind, members in units.items() for name, after in members.items()}
    for kind in sequence:
        before = set(left)
        while True:
            there = before if kind != "services" else set(left)
            ready = [name for name, (other, after) in left.items() if other == kind and not after & there]
            if not ready:
                break
            for name in ready:
                del left[name]
    return not left


@st.composite
def stacks(draw: t.Any) -> Kinds:
    units: Kinds = {kind: {} for kind in ALL}
    names: list[str] = []
    for number in range(draw(st.integers(0, 7))):
        after = draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if names else []
        name = f"{draw(st.sampled_from('abc'))}{number}"
        units[draw(st.sampled_from(ALL))][name] = after
        names.append(name)
    return units


@settings(max_examples=200, deadline=None)
@given(units=stacks())
def test_every_stack_has_a_shortest_order(units: Kinds) -> None:
    found = _order.voyages(document(units), ALL)
    check(units, found)
    turned = {kind: dict(reversed(members.items())) for kind, members in reversed(units.items())}
    assert _order.voyages(document(turned), ALL) == found
    shorter = itertools.product(ALL, repeat=max(len(found) - 1, 0))
    assert not found or not any(possible(units, sequence) for sequence in shorter)


@settings(max_examples=100, deadline=None)
@given(units=stacks(), data=st.data())
def test_leaving_out_a_kind_changes_no_order_among_the_others(units: Kinds, data: t.Any) -> None:
    kinds = data.draw(st.lists(st.sampled_from(ALL), unique=True))
    place = {
        Unit(voyage.kind, name): (index, voyage.units.index(name))
        for index, voyage in enumerate(_order.voyages(document(units), kinds))
        for name in voyage.units
    }
    everything = {Unit(kind, name): after for kind, members in units.items() for name, after in members.items()}
    assert set(place) == {unit for unit in everything if unit.kind in kinds}
    behind: dict[str, set[str]] = {}
    for unit, after in sorted(everything.items(), key=lambda item: int(item[0].name[1:])):
        behind[unit.name] = {*after, *(further for other in after for further in behind[other])}
    for unit, other in itertools.permutations(place, 2):
        if other.name in behind[unit.name]:
            assert place[other] < place[unit]
