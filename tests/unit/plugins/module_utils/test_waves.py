# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units ship after the ones they need, and together with the ones they do not."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._waves import waves


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({}, []),
        ({"a": []}, [["a"]]),
        ({"b": [], "a": []}, [["a", "b"]]),
        ({"api": ["redis"], "redis": [], "worker": ["redis"]}, [["redis"], ["api", "worker"]]),
        ({"c": ["b"], "b": ["a"], "a": []}, [["a"], ["b"], ["c"]]),
    ],
    ids=["none", "one", "independent", "together", "in-turn"],
)
def test_waves(after: dict[str, list[str]], expected: list[list[str]]) -> None:
    assert waves(after, "service") == expected


def test_a_circle_is_told_as_one() -> None:
    with pytest.raises(SlipwayError, match="Services wait for each other in a circle: .* -> "):
        waves({"a": ["b"], "b": ["a"]}, "service")


def test_an_unknown_neighbour_is_named() -> None:
    with pytest.raises(SlipwayError, match="Function api comes after redi, which is not among the functions"):
        waves({"api": ["redi"], "redis": []}, "function")
