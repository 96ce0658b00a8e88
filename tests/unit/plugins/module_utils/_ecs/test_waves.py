# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services ship after the ones they need, and together with the ones they do not."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.waves import waves
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def service(name: str, *after: str) -> Target:
    return Target(name, "cluster", name, "app", after=after)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([], []),
        ([service("a")], [["a"]]),
        ([service("b"), service("a")], [["a", "b"]]),
        ([service("api", "redis"), service("redis"), service("worker", "redis")], [["redis"], ["api", "worker"]]),
        ([service("c", "b"), service("b", "a"), service("a")], [["a"], ["b"], ["c"]]),
    ],
)
def test_waves(targets: list[Target], expected: list[list[str]]) -> None:
    assert [[target.name for target in wave] for wave in waves(targets)] == expected


def test_a_circle_is_told_as_one() -> None:
    with pytest.raises(SlipwayError, match="in a circle: .* -> "):
        waves([service("a", "b"), service("b", "a")])


def test_an_unknown_neighbour_is_named() -> None:
    with pytest.raises(SlipwayError, match="api comes after redi, which is not among"):
        waves([service("api", "redi"), service("redis")])
