# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tags become digests, and what is said of those that do not."""

from __future__ import annotations

import types
import typing as t

import botocore.exceptions
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.pinning import pin
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.tagged import Tagged

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64


class Ecr:
    """Knows one tag of one repository."""

    meta = types.SimpleNamespace(endpoint_url="http://127.0.0.1:4566")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def describe_images(self, *, repositoryName: str, imageIds: list[dict[str, str]], **dummy: t.Any) -> t.Any:
        tag = imageIds[0]["imageTag"]
        self.asked.append(f"{repositoryName}:{tag}")
        if (repositoryName, tag) != ("org/app", "v1"):
            answer = {"Error": {"Code": "ImageNotFoundException", "Message": "no such image"}}
            raise botocore.exceptions.ClientError(answer, "DescribeImages")
        return {"imageDetails": [{"imageDigest": DIGEST}]}


def pinned(*images: str, check_mode: bool = False) -> tuple[list[str | None], list[str], Ecr]:
    ecr, lines = Ecr(), []
    place = {"cluster": "c", "service": "s", "container": "app"}

    def clients(service: str, **options: t.Any) -> t.Any:
        assert service == "ecr"
        assert options["region"] in ("eu-west-1", None)
        return ecr

    targets = [Target.from_options(f"s{number}", {**place, "image": image}) for number, image in enumerate(images)]
    found = pin(clients, targets, lambda dummy, line: lines.append(line), check_mode=check_mode)
    return [target.image for target in found], lines, ecr


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("host/app:v1", Tagged("host/app", "v1")),
        ("host:5000/app", Tagged("host:5000/app", "latest")),
        ("host:5000/app:v1", Tagged("host:5000/app", "v1")),
        ("app", Tagged("app", "latest")),
        (f"host/app:v1@{DIGEST}", None),
        (f"host/app@{DIGEST}", None),
    ],
    ids=["tag", "port", "port and tag", "name", "tag and digest", "digest"],
)
def test_what_an_image_says(image: str, expected: Tagged | None) -> None:
    assert Tagged.parse(image) == expected


@pytest.mark.parametrize("registry", [REGISTRY, "127.0.0.1:4566"], ids=["AWS", "the registry of the endpoint"])
def test_a_tag_becomes_the_digest_it_has_now(registry: str) -> None:
    images, lines, _ecr = pinned(f"{registry}/org/app:v1")
    assert images == [f"{registry}/org/app@{DIGEST}"]
    assert lines == []


def test_a_digest_is_left_and_nobody_is_asked() -> None:
    image = f"{REGISTRY}/org/app@{DIGEST}"
    images, _lines, ecr = pinned(image)
    assert (images, ecr.asked) == ([image], [])


def test_services_with_one_image_ask_once() -> None:
    images, _lines, ecr = pinned(*[f"{REGISTRY}/org/app:v1"] * 5)
    assert (len(set(images)), ecr.asked) == (1, ["org/app:v1"])


@pytest.mark.parametrize("image", ["other.test/org/app:v1", "redis:7"], ids=["elsewhere", "no registry"])
def test_what_is_not_in_ecr_keeps_its_tag_and_that_is_said(image: str) -> None:
    images, lines, ecr = pinned(image)
    assert (images, ecr.asked) == ([image], [])
    assert lines == [f"{image} is not in ECR, so its tag is not pinned to a digest"]


def test_an_image_that_is_not_there_stops_everything() -> None:
    with pytest.raises(SlipwayError, match="Service s1: there is no image .*/org/app:v2"):
        pinned(f"{REGISTRY}/org/app:v1", f"{REGISTRY}/org/app:v2")


def test_but_not_a_plan_before_it_is_pushed() -> None:
    image = f"{REGISTRY}/org/app:v2"
    assert pinned(image, check_mode=True)[0] == [image]
