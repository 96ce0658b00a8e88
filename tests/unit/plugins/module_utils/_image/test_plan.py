# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._image.plan import Mutability, plan_image

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
FREE, FIXED = Mutability(), Mutability(immutable=True)


@pytest.mark.parametrize(
    ("present", "mutability", "digest", "put", "fixed", "changes"),
    [
        pytest.param({}, FREE, None, ("v1", "v2"), {}, True, id="nothing there"),
        pytest.param({"src-1": A, "v1": A, "v2": A}, FREE, A, (), {}, False, id="all there"),
        pytest.param({"src-1": A, "v1": A, "v2": A}, FIXED, A, (), {}, False, id="all there, immutable"),
        pytest.param({"src-1": A, "v1": A}, FIXED, A, ("v2",), {}, True, id="one tag missing"),
        pytest.param({"src-1": A, "v1": B, "v2": A}, FREE, A, ("v1",), {}, True, id="a tag moves"),
        pytest.param({"src-1": A, "v1": B, "v2": A}, FIXED, A, ("v1",), {"v1": B}, True, id="a tag may not move"),
        pytest.param({"v1": B}, FREE, None, ("v1", "v2"), {}, True, id="to build, a tag will move"),
        pytest.param({"v1": B}, FIXED, None, ("v1", "v2"), {"v1": B}, True, id="to build, a tag may be in the way"),
    ],
)
def test_plans(
    present: dict[str, str],
    mutability: Mutability,
    digest: str | None,
    put: tuple[str, ...],
    fixed: dict[str, str],
    changes: bool,
) -> None:
    plan = plan_image("src-1", ("v1", "v2"), present, mutability)

    assert (plan.digest, plan.put, plan.fixed, plan.changes) == (digest, put, fixed, changes)
    assert plan.build is (digest is None)
    assert plan.before == {tag: present.get(tag) for tag in ("src-1", "v1", "v2")}
    assert plan.after == {"src-1": digest, "v1": digest, "v2": digest}


@pytest.mark.parametrize(
    ("mutability", "filters", "fixed"),
    [
        ("MUTABLE", [], []),
        ("IMMUTABLE", [], ["v1", "latest", "latest-2"]),
        ("IMMUTABLE_WITH_EXCLUSION", ["latest*"], ["v1"]),
        ("MUTABLE_WITH_EXCLUSION", ["v*"], ["v1"]),
        ("IMMUTABLE_WITH_EXCLUSION", ["latest", "v*"], ["latest-2"]),
    ],
)
def test_which_tags_are_fixed(mutability: str, filters: list[str], fixed: list[str]) -> None:
    repository: dict[str, t.Any] = {"imageTagMutability": mutability}
    if filters:
        repository["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": pattern} for pattern in filters
        ]
    parsed = Mutability.parse(repository)

    assert [tag for tag in ("v1", "latest", "latest-2") if parsed.fixes(tag)] == fixed
