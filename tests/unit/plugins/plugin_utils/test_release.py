# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each station is asked to do what the stack has, with what the stations before it made."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.plugin_utils import _release

DELIVERY: dict[str, t.Any] = {
    "repositories": {"backend": "registry.test/backend"},
    "services": {
        "backend": {
            "cluster": "c",
            "service": "s",
            "container": "app",
            "image": "backend",
            "task_definition": "td:1",
            "log_group": "/ecs/app",
            "after": [],
        }
    },
    "sites": {"frontend": {"bucket": "pages", "distribution": "E1", "domain": "d.test"}},
}
PUSHED = {"backend": {"uri": "registry.test/backend@sha256:aa"}}


def test_images_get_the_repository_of_the_stack() -> None:
    assert _release.images(DELIVERY, {"backend": {"context": "app"}}) == {
        "backend": {"context": "app", "repository": "registry.test/backend"}
    }


def test_an_image_the_stack_does_not_know_is_named() -> None:
    with pytest.raises(SlipwayError, match="slipway_images names bakend"):
        _release.images(DELIVERY, {"bakend": {}})


def test_services_ship_digests() -> None:
    assert _release.services(DELIVERY, PUSHED) == {
        "backend": {
            "cluster": "c",
            "service": "s",
            "container": "app",
            "task_definition": "td:1",
            "after": [],
            "image": "registry.test/backend@sha256:aa",
        }
    }


def test_an_image_not_built_yet_is_told_by_its_tag() -> None:
    pushed = {"backend": {"uri": None, "reference": "registry.test/backend:src-ff"}}
    assert _release.services(DELIVERY, pushed)["backend"]["image"] == "registry.test/backend:src-ff"


def test_a_service_without_its_image_is_told() -> None:
    with pytest.raises(SlipwayError, match=r"delivery.services.backend.image names backend.*known are: other"):
        _release.services(DELIVERY, {"other": {}})
    assert _release.services({}, {}) == {}


def test_sites_and_distributions() -> None:
    assert _release.sites(DELIVERY, {"frontend": {"source": "dist"}}) == {
        "frontend": {"source": "dist", "bucket": "pages"}
    }
    published = {"frontend": {"changed_paths": ["/index.html"]}}
    assert _release.distributions(DELIVERY, published) == {"frontend": {"distribution": "E1", "paths": ["/index.html"]}}
    assert _release.distributions({"sites": {"frontend": {"bucket": "b"}}}, published) == {}


@pytest.mark.parametrize(
    ("unit", "back"),
    [
        ({"changed": True, "before": "td:1", "after": "td:2"}, True),
        ({"changed": True, "before": "td:1", "after": "td:1"}, False),
        ({"changed": False, "before": "td:1", "after": "td:1"}, False),
        ({"changed": True, "before": "td:1", "after": None}, False),
        ({"changed": True, "before": "td:1", "after": "td:2", "ran_before": False}, False),
    ],
    ids=["changed", "rolled back by itself", "untouched", "gone", "first release"],
)
def test_ways_back(unit: dict[str, t.Any], back: bool) -> None:
    ways = _release.ways_back(DELIVERY, {"backend": unit})
    expected = {"backend": {"cluster": "c", "service": "s", "container": "app", "revision": "td:1"}}
    assert ways == (expected if back else {})


def test_a_first_release_has_nothing_to_go_back_to() -> None:
    first = {"changed": True, "before": "td:1", "after": "td:2", "ran_before": False}
    later = {**first, "ran_before": True}
    assert _release.dead_ends({"backend": first, "worker": later}) == ["backend"]


@pytest.mark.parametrize(
    ("shipped", "release"),
    [
        ({}, ""),
        ({"a": {"release_id": "r1"}}, "r1"),
        ({"a": {"release_id": "r1"}, "b": {"release_id": "r1"}}, "r1"),
        ({"a": {"release_id": "r1"}, "b": {"release_id": "r2"}}, ""),
        ({"a": {"release_id": None}}, ""),
    ],
)
def test_running(shipped: dict[str, t.Any], release: str) -> None:
    assert _release.running(shipped) == release
