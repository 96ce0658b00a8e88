# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes a task definition, and what only changes its name."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import (
    asked,
    canonical,
    difference,
    fingerprint,
    merge,
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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"image": None}, "needs either an image to ship or a revision to go back to"),
        ({"revision": "app:6"}, "a revision to go back to and changes to make as well"),
        ({"template": {"family": "x"}, "task_definition": "app:6"}, "has a template and a task definition"),
    ],
    ids=["nothing", "both", "two bases"],
)
def test_a_target_says_one_thing(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(SlipwayError, match=words):
        target(**options)


def test_a_target_may_only_be_started_anew() -> None:
    assert target(image=None, force_new_deployment=True).force


def containers(**options: t.Any) -> dict[str, dict[str, t.Any]]:
    wanted = overlay(base(secrets=[{"name": "KEY", "valueFrom": "arn:old"}]), target(**options), Release("r1"))
    return {container["name"]: container for container in wanted["containerDefinitions"]}


def values(container: dict[str, t.Any], kind: str, key: str) -> dict[str, str]:
    return {item["name"]: item[key] for item in container.get(kind, [])}


def test_several_containers_get_images_of_their_own() -> None:
    found = containers(images={"sidecar": "proxy@sha256:1"})
    assert (found["app"]["image"], found["sidecar"]["image"]) == (IMAGE, "proxy@sha256:1")


def test_a_name_is_a_secret_or_a_value_and_the_wish_wins() -> None:
    as_secret = containers(secrets={"B": "arn:new"})["app"]
    assert values(as_secret, "secrets", "valueFrom") == {"KEY": "arn:old", "B": "arn:new"}
    assert "B" not in values(as_secret, "environment", "value")
    as_value = containers(environment={"KEY": "plain"})["app"]
    assert values(as_value, "secrets", "valueFrom") == {}
    assert values(as_value, "environment", "value")["KEY"] == "plain"


def test_the_command_and_the_size_can_be_changed() -> None:
    options = {"command": ["serve", "--quick"], "cpu": 512, "memory": "1024"}
    wanted = overlay(base(), target(**options), Release("r1"))
    assert wanted["containerDefinitions"][0]["command"] == ["serve", "--quick"]
    assert (wanted["cpu"], wanted["memory"]) == ("512", "1024")


def test_anything_else_is_laid_over_by_name() -> None:
    override = {
        "ephemeralStorage": {"sizeInGiB": 40},
        "cpu": None,
        "containerDefinitions": [
            {"name": "sidecar", "somethingOfTomorrow": [1]},
            {"name": "app", "linuxParameters": {"initProcessEnabled": True}},
            {"name": "third", "image": "new"},
        ],
    }
    wanted = overlay(base(), target(override=override), Release("r1"))
    app, sidecar, third = wanted["containerDefinitions"]
    assert wanted["ephemeralStorage"] == {"sizeInGiB": 40}
    assert "cpu" not in wanted
    assert (app["linuxParameters"], app["image"]) == ({"initProcessEnabled": True}, IMAGE)
    assert (sidecar["somethingOfTomorrow"], sidecar["image"]) == ([1], "proxy")
    assert third == {"name": "third", "image": "new"}


@pytest.mark.parametrize(
    ("below", "over", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [1]}, {"a": []}, {"a": []}),
        ({"a": "x"}, {"a": ""}, {"a": ""}),
        ({"a": [{"name": "n", "v": 1}]}, {"a": [{"name": "n", "v": 2}]}, {"a": [{"name": "n", "v": 2}]}),
        ({}, {"a": {"x": None, "y": 1}}, {"a": {"y": 1}}),
    ],
    ids=["value", "null", "deep", "list", "empty list", "empty text", "named", "new"],
)
def test_merge(below: t.Any, over: t.Any, expected: t.Any) -> None:
    assert merge(below, over) == expected


def test_the_same_request_is_recognised_and_another_is_not() -> None:
    same = asked(target(task_definition="app:7"))
    assert asked(target(task_definition="app:7")) == same
    others: list[dict[str, t.Any]] = [
        {"task_definition": "app:8"},
        {"image": IMAGE.replace("a", "b")},
        {"environment": {"A": "1"}},
        {"secrets": {"A": "arn:1"}},
        {"command": []},
        {"cpu": 256},
        {"override": {"x": 1}},
        {"images": {"sidecar": "x"}},
        {"container": "web"},
    ]
    different = {asked(target(**{"task_definition": "app:7", **other})) for other in others}
    assert len(different | {same}) == len(others) + 1
    # When it is done, after what, and whether anew, is no part of what runs.
    assert asked(target(task_definition="app:7", after=["redis"], force_new_deployment=True)) == same
