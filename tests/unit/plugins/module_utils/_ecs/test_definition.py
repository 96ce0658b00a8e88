# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes a task definition, and what only changes its name."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import (
    canonical,
    difference,
    fingerprint,
    overlay,
    release_of,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, Target
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

IMAGE = "registry.test/app@sha256:" + "a" * 64


def base(**container: t.Any) -> dict[str, t.Any]:
    return {
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/app:7",
        "revision": 7,
        "status": "ACTIVE",
        "compatibilities": ["EC2", "FARGATE"],
        "requiresAttributes": [{"name": "x"}],
        "family": "app",
        "cpu": "256",
        "aFieldFromTomorrow": {"kept": True},
        "containerDefinitions": [
            {
                "name": "app",
                "image": "old",
                "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                **container,
            },
            {"name": "sidecar", "image": "proxy", "environment": [{"name": "B", "value": "of the sidecar"}]},
        ],
    }


def target(**changes: t.Any) -> Target:
    options = {"cluster": "c", "service": "s", "container": "app", "image": IMAGE, **changes}
    return Target.from_options("backend", options)


def test_overlay_changes_the_named_container_only() -> None:
    wanted = overlay(base(), target(environment={"A": "new"}), Release("r1", "abc"))
    app, sidecar = wanted["containerDefinitions"]
    assert app["image"] == IMAGE
    assert {item["name"]: item["value"] for item in app["environment"]} == {
        "A": "new",
        "B": "2",
        "RELEASE_ID": "r1",
        "GIT_SHA": "abc",
        "IMAGE_DIGEST": "sha256:" + "a" * 64,
    }
    assert sidecar == base()["containerDefinitions"][1]


def test_overlay_drops_what_register_refuses_and_passes_the_unknown_through() -> None:
    wanted = overlay(base(), target(), Release("r1"))
    assert not {"taskDefinitionArn", "revision", "status", "compatibilities", "requiresAttributes"} & set(wanted)
    assert wanted["aFieldFromTomorrow"] == {"kept": True}


def test_overlay_leaves_its_base_alone() -> None:
    before = base()
    overlay(before, target(), Release("r1"))
    assert before == base()


def test_overlay_names_the_containers_there_are() -> None:
    with pytest.raises(SlipwayError, match=r"no container named web \(it has: app, sidecar\)"):
        overlay(base(), target(container="web"), Release("r1"))


SAME = [
    ("another release of the same content", base(), Release("r2", "other")),
    (
        "environment in another order",
        base(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
        None,
    ),
    ("an empty list the API filled in", base(mountPoints=[], volumesFrom=[]), None),
    ("null where nothing was", base(command=None), None),
]
DIFFERENT = [
    ("a value", base(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "3"}])),
    ("an empty value, which is a value", base(environment=[{"name": "A", "value": ""}, {"name": "B", "value": "2"}])),
    ("the order of a command", base(command=["b", "a"])),
    ("memory", {**base(), "memory": "512"}),
    ("a field nobody knows yet", {**base(), "aFieldFromTomorrow": {"kept": False}}),
]


@pytest.mark.parametrize(("what", "other", "release"), SAME, ids=[row[0] for row in SAME])
def test_same_content_same_fingerprint(what: str, other: dict[str, t.Any], release: Release | None) -> None:
    first = overlay(base(), target(), Release("r1", "abc"))
    second = overlay(other, target(), release or Release("r1", "abc"))
    assert fingerprint(first) == fingerprint(second), what


@pytest.mark.parametrize(("what", "other"), DIFFERENT, ids=[row[0] for row in DIFFERENT])
def test_different_content_different_fingerprint(what: str, other: dict[str, t.Any]) -> None:
    reference = overlay(base(command=["a", "b"]) if "command" in what else base(), target(), Release("r1"))
    assert fingerprint(reference) != fingerprint(overlay(other, target(), Release("r1"))), what


def test_another_image_is_another_fingerprint() -> None:
    other = overlay(base(), target(image=IMAGE.replace("a", "b")), Release("r1"))
    assert fingerprint(overlay(base(), target(), Release("r1"))) != fingerprint(other)


def test_what_describe_answers_equals_what_was_registered() -> None:
    registered = overlay(base(), target(), Release("r1"))
    described = {**registered, "revision": 8, "status": "ACTIVE", "taskDefinitionArn": "arn", "volumes": []}
    assert fingerprint(described) == fingerprint(registered)
    assert canonical(described) == canonical(registered)


def test_release_of_reads_the_right_container() -> None:
    wanted = overlay(base(), target(), Release("r1"))
    assert release_of(wanted, "app") == "r1"
    assert release_of(wanted, "sidecar") is None


def test_difference_never_shows_a_value() -> None:
    before = base(environment=[{"name": "PASSWORD", "value": "hunter2-old"}])
    after = overlay(before, target(environment={"PASSWORD": "hunter2-new"}), Release("r1"))
    shown = difference(before, after)
    assert "hunter2" not in shown["before"] + shown["after"]
    assert "(changed)" in shown["after"]
    assert IMAGE in shown["after"]


@pytest.mark.parametrize("options", [{"image": None}, {"revision": "app:6"}], ids=["neither", "both"])
def test_a_target_ships_an_image_or_a_revision(options: dict[str, t.Any]) -> None:
    with pytest.raises(SlipwayError, match="exactly one"):
        target(**options)
