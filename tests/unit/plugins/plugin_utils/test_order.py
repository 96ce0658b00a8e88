# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services, functions and migrations ship in one order, in as few voyages as it takes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.plugin_utils import _order
from ansible_collections.slipway.aws.plugins.plugin_utils._order import Unit

ALL = ("migrations", "functions", "services")
Kinds = dict[str, dict[str, list[str]]]


def document(**kinds: dict[str, list[str]]) -> dict[str, t.Any]:
    """Return what an order reads of a delivery document: for each kind, what every unit comes after."""
    return {kind: {name: {"after": after} for name, after in units.items()} for kind, units in kinds.items()}


def order(kinds: t.Iterable[str] = ALL, **units: dict[str, list[str]]) -> list[tuple[str, list[str]]]:
    return [(voyage.kind, list(voyage.units)) for voyage in _order.voyages(document(**units), kinds)]


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ({}, []),
        ({"services": {}, "functions": {}}, []),
        ({"services": {"b": [], "a": []}}, [("services", ["a", "b"])]),
        ({"services": {"a": ["b"], "b": []}}, [("services", ["b", "a"])]),
        ({"services": {"a": []}, "migrations": {"m": []}}, [("migrations", ["m"]), ("services", ["a"])]),
        ({"services": {"a": []}, "migrations": {"m": ["a"]}}, [("services", ["a"]), ("migrations", ["m"])]),
        (
            {"services": {"redis": [], "api": ["m"], "web": ["api"], "other": []}, "migrations": {"m": ["redis"]}},
            [("services", ["other", "redis"]), ("migrations", ["m"]), ("services", ["api", "web"])],
        ),
        ({"migrations": {"m": [], "n": ["m"]}}, [("migrations", ["m"]), ("migrations", ["n"])]),
        (
            {"services": {"web": ["chat"]}, "functions": {"chat": ["m"]}, "migrations": {"m": []}},
            [("migrations", ["m"]), ("functions", ["chat"]), ("services", ["web"])],
        ),
        # First the function, or the service would have to go twice.
        (
            {"services": {"a": [], "b": ["f"]}, "functions": {"f": []}, "migrations": {"m": ["a"]}},
            [("functions", ["f"]), ("services", ["a", "b"]), ("migrations", ["m"])],
        ),
    ],
    ids=[
        *("nothing", "no units", "independent", "in one voyage", "migrations first", "migration last", "between"),
        *("migrations do not order themselves", "three kinds", "the shorter road"),
    ],
)
def test_voyages(units: Kinds, expected: list[tuple[str, list[str]]]) -> None:
    assert order(**units) == expected


def test_what_is_not_shipped_counts_as_there_and_passes_on_what_it_comes_after() -> None:
    units: Kinds = {
        "services": {"web": ["chat"], "api": []},
        "functions": {"chat": ["tables", "api"]},
        "migrations": {"tables": []},
    }
    assert order(_order.SHIPPED, **units) == [("migrations", ["tables"]), ("services", ["api", "web"])]
    waits = _order.waits_among(document(**units), ["services"])
    assert waits == {Unit("services", "web"): (Unit("services", "api"),), Unit("services", "api"): ()}
    assert _order.voyages({"functions": {"chat": {"name": "c"}}}) == []


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ({"services": {"a": ["a"]}}, "delivery.services.a.after: goes round in a circle, a after a."),
        (
            {"services": {"a": ["f"]}, "functions": {"f": ["m"]}, "migrations": {"m": ["a"]}},
            "delivery.services.a.after: goes round in a circle, a after f after m after a.",
        ),
        (
            {"services": {"api": []}, "migrations": {"tables": ["apj"]}},
            "delivery.migrations.tables.after[0]: 'apj' is no service, function or migration of this stack "
            "(did you mean api?).",
        ),
        (
            {"services": {"api": [], "web": ["api"]}, "functions": {"api": []}},
            "delivery.services.web.after[0]: 'api' is a function and a service; give them names of their own.",
        ),
    ],
    ids=["itself", "through all kinds", "unknown", "two of one name"],
)
@pytest.mark.parametrize("kinds", [ALL, ("services",)], ids=["all", "services"])
def test_no_order(units: Kinds, sentence: str, kinds: tuple[str, ...]) -> None:
    with pytest.raises(SlipwayError) as caught:
        order(kinds, **units)
    assert caught.value.message == sentence


def test_two_of_one_name_do_not_matter_while_nobody_waits_for_them() -> None:
    assert order(services={"api": []}, functions={"api": []}) == [("functions", ["api"]), ("services", ["api"])]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SlipwayError, match="'sites' is no kind of unit. Kinds are migrations, functions, services"):
        order(["services", "sites"])
