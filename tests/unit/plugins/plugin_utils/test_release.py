# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each station is asked to do what the stack has, with what the stations before it made."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.aws.plugins.filter.release import FilterModule
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


def stack(**kinds: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """Return the stack with more services, and with functions and migrations."""
    backend = DELIVERY["services"]["backend"]
    services = {"backend": backend, **{name: backend | unit for name, unit in kinds.pop("services", {}).items()}}
    return {**DELIVERY, "services": services, **kinds}


STAGED = stack(
    services={"redis": {}, "worker": {"after": ["tables", "redis"]}, "web": {"after": ["chat"]}},
    functions={"chat": {"name": "chat", "image": "backend", "after": ["backend"]}},
    migrations={"tables": {"service": "backend", "command": ["migrate"], "after": ["redis"]}},
)


def test_voyages_are_data() -> None:
    assert _release.voyages(STAGED) == [
        {"kind": "services", "units": ["backend", "redis", "web"]},
        {"kind": "migrations", "units": ["tables"]},
        {"kind": "services", "units": ["worker"]},
    ]


def test_services_of_a_voyage_come_after_each_other_only() -> None:
    everything = _release.services(STAGED, PUSHED)
    assert {name: unit["after"] for name, unit in everything.items()} == {
        "backend": [],
        "redis": [],
        "worker": ["redis"],
        "web": ["backend"],
    }
    assert _release.services(STAGED, PUSHED, ["worker"]) == {"worker": {**everything["worker"], "after": []}}


def test_migrations_run_what_their_service_ships() -> None:
    assert _release.migrations(STAGED, PUSHED) == {
        "tables": {
            "cluster": "c",
            "service": "s",
            "task_definition": "td:1",
            "container": "app",
            "image": "registry.test/backend@sha256:aa",
            "command": ["migrate"],
            "timeout": "15m",
        }
    }
    own = {"service": "backend", "command": ["x"], "container": "migrator", "timeout": "2m"}
    ((dummy, told),) = _release.migrations(stack(migrations={"tables": own}), PUSHED, ["tables"]).items()
    assert (told["container"], told["timeout"]) == ("migrator", "2m")
    assert _release.migrations(STAGED, PUSHED, []) == {} == _release.migrations({}, PUSHED)
    with pytest.raises(SlipwayError, match="migrations.tables.service names api, which is no service"):
        _release.migrations(stack(migrations={"tables": {**own, "service": "api"}}), PUSHED)


@pytest.mark.parametrize(
    ("task", "outcome"),
    [
        ({"outcome": "succeeded", "changed": True}, "succeeded"),
        ({"outcome": "succeeded", "changed": False}, "no_op"),
        ({"outcome": "planned", "changed": True}, "succeeded"),
        ({"outcome": "failed", "changed": True}, "failed"),
        ({"outcome": "not_started", "changed": False}, "failed"),
        ({"outcome": "timed_out", "changed": True}, "timed_out"),
        ({"outcome": None, "changed": False}, "failed"),
        ({}, "failed"),
    ],
    ids=["ran", "ran before", "check mode", "failed", "not started", "timed out", "lost", "nothing said"],
)
def test_migrated(task: dict[str, t.Any], outcome: str) -> None:
    log = {"group": "/ecs/app", "stream": "app/1", "lines": ["applied"]}
    told = _release.migrated({**task, "log": log, "exit_code": 3, "invocation": {}})
    assert (told["outcome"], told["changed"], told["exit_code"]) == (outcome, task.get("changed", False), 3)
    assert ("lines" in told["log"]) is (outcome in ("failed", "timed_out")) and "invocation" not in told
    assert _release.migrated(task)["log"] == {}


def test_what_a_release_never_came_to() -> None:
    assert _release.untouched(STAGED, {"services": {}, "migrations": {}, "changed": False}) == {
        "services": ["backend", "redis", "web", "worker"],
        "migrations": ["tables"],
    }
    shipped = {"services": {"backend": {}, "redis": {}, "web": {}}, "migrations": {"tables": {"outcome": "failed"}}}
    assert _release.untouched(STAGED, shipped) == {"services": ["worker"]}
    assert _release.untouched(DELIVERY, {"services": {"backend": {}}}) == {}


def test_the_filters_are_there_and_fail_with_sentences() -> None:
    filters = FilterModule().filters()
    assert filters["release_voyages"](STAGED, kinds=["services"]) == [
        {"kind": "services", "units": ["backend", "redis", "web", "worker"]}
    ]
    assert filters["release_services"](STAGED, PUSHED, ["redis"]).keys() == {"redis"}
    assert filters["release_migrations"](STAGED, PUSHED).keys() == {"tables"}
    assert filters["release_migrated"]({})["outcome"] == "failed"
    assert filters["release_untouched"](DELIVERY, {}) == {"services": ["backend"]}
    with pytest.raises(AnsibleFilterError, match=r"delivery\.services\.backend\.after: goes round in a circle"):
        filters["release_voyages"](stack(services={"backend": {"after": ["backend"]}}))


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
