# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.spec import (
    check_sharing,
    check_tags,
    parse_images,
    secrets_in,
)

REPOSITORY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/app"
PLAIN = {"repository": REPOSITORY, "context": "app"}


def test_paths_start_from_the_project(tmp_path: Path) -> None:
    spec = parse_images({"app": {**PLAIN, "dockerfile": "docker/Dockerfile"}}, tmp_path)[0]

    assert spec.context == tmp_path / "app"
    assert spec.dockerfile == tmp_path / "app" / "docker" / "Dockerfile"
    assert parse_images({"app": {**PLAIN, "context": "/srv/app"}}, tmp_path)[0].context == Path("/srv/app")


def test_values_of_build_arguments_become_text() -> None:
    given = {"NUMBER": 3, "FRACTION": 1.5, "FLAG": True, "TEXT": "x", "EMPTY": ""}
    spec = parse_images({"app": {**PLAIN, "build_args": given}}, Path())[0]

    assert spec.build_args == {"NUMBER": "3", "FRACTION": "1.5", "FLAG": "true", "TEXT": "x", "EMPTY": ""}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("app", "must be a dictionary"),
        ({**PLAIN, "dockerflie": "x"}, "unknown key dockerflie"),
        ({"context": "app"}, "lacks repository"),
        ({"repository": REPOSITORY}, "lacks context"),
        ({**PLAIN, "repository": f"{REPOSITORY}:v1"}, "not the address of a repository"),
        ({**PLAIN, "platform": "amd64"}, "platform 'amd64'"),
        ({**PLAIN, "build_args": ["A=1"]}, "must be a dictionary of names and values"),
        ({**PLAIN, "build_args": {"A B": "1"}}, "cannot be the name of an argument"),
        ({**PLAIN, "build_args": {"A": None}}, "build argument A of image web has no plain value"),
    ],
)
def test_what_is_refused(options: t.Any, words: str) -> None:
    with pytest.raises(SlipwayError, match=words):
        parse_images({"web": options}, Path())


@pytest.mark.parametrize("tag", ["", "a b", "-x", ".x", "a/b", "x" * 129, "src-0123"])
def test_tags_that_are_refused(tag: str) -> None:
    with pytest.raises(SlipwayError, match="tag"):
        check_tags([tag])


def test_tags_once_each_in_their_order() -> None:
    assert check_tags(["v1", "4f2a9c1", "v1"]) == ("v1", "4f2a9c1")


def test_different_images_cannot_share_tags_in_one_repository() -> None:
    specs = parse_images({"api": dict(PLAIN), "worker": dict(PLAIN)}, Path())

    with pytest.raises(SlipwayError, match="api and worker share the repository .* so the tag v1 cannot name both"):
        check_sharing([(specs[0], "1"), (specs[1], "2")], ("v1",))
    check_sharing([(specs[0], "1"), (specs[1], "1")], ("v1",))
    check_sharing([(specs[0], "1"), (specs[1], "2")], ())


def test_secrets_are_found_whatever_shape_the_options_have() -> None:
    images = {
        "a": {"build_args": {"API_TOKEN": "tok-123456", "GIT_SHA": "4f2a9c1", "PIN_TOKEN": "12"}},
        "b": {"build_args": {"SSH_KEY": "-----BEGIN\nabcdef\n"}},
        "c": "no dictionary",
        "d": {"build_args": "none either"},
    }

    assert secrets_in(images) == {"tok-123456", "-----BEGIN\nabcdef\n", "-----BEGIN", "abcdef"}
