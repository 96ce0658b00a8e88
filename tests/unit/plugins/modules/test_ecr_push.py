# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What C(ecr_push) does by the API alone: it must never look for an engine here, and there is none on the path."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.fingerprint import fingerprint, source_tag
from ansible_collections.slipway.aws.plugins.module_utils._image.registry import Registry
from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository
from ansible_collections.slipway.aws.plugins.module_utils._image.spec import parse_images
from ansible_collections.slipway.aws.plugins.modules import ecr_push

if t.TYPE_CHECKING:
    from collections.abc import Callable

NAME = "chatbot/backend"
REPOSITORY = f"123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/{NAME}"
MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


class Account:
    """ECR on a moto server, with one repository, and the options to reach it."""

    def __init__(self, ecr: t.Any, options: dict[str, t.Any], context: Path) -> None:
        self.ecr = ecr
        self.options = {**options, "images": {"backend": {"repository": REPOSITORY, "context": str(context)}}}
        self.context = context
        self.ecr.create_repository(repositoryName=NAME)

    @property
    def source_tag(self) -> str:
        return source_tag(fingerprint(parse_images(self.options["images"], Path())[0]))

    def put(self, number: int, *tags: str) -> str:
        """Put an image with these tags there, and return its digest."""
        layers = [{"digest": f"sha256:{number:064x}", "size": 1, "mediaType": "application/x"}]
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MEDIA_TYPE, "layers": layers})
        for tag in tags:
            image = self.ecr.put_image(
                repositoryName=NAME, imageManifest=manifest, imageManifestMediaType=MEDIA_TYPE, imageTag=tag
            )["image"]
        digest: str = image["imageId"]["imageDigest"]
        return digest

    @property
    def tags(self) -> dict[str, str]:
        images = self.ecr.describe_images(repositoryName=NAME)["imageDetails"]
        return {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", [])}


@pytest.fixture
def account(
    moto_endpoint: str,
    connection: Callable[[str], dict[str, t.Any]],
    client: Callable[[str, str], t.Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Account:
    context = tmp_path / "app"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return Account(client("ecr", moto_endpoint), connection(moto_endpoint), context)


Run = t.Any


def test_nothing_to_do_is_one_call_and_no_engine(account: Account, run_module: Run, api_calls: list[str]) -> None:
    digest = account.put(1, account.source_tag, "4f2a9c1")
    api_calls.clear()
    result = run_module(ecr_push, {**account.options, "tags": ["4f2a9c1"]}, diff=True)

    assert api_calls == ["ecr:DescribeImages"]
    assert result["changed"] is False
    image = result["images"]["backend"]
    assert image.pop("seconds") >= 0
    assert image.pop("fingerprint").startswith(account.source_tag.removeprefix("src-"))
    assert image == {
        "outcome": "no_op",
        "uri": f"{REPOSITORY}@{digest}",
        "digest": digest,
        "reference": f"{REPOSITORY}:{account.source_tag}",
        "tags": [account.source_tag, "4f2a9c1"],
        "built": False,
        "pushed": False,
    }
    assert result["diff"]["before"] == result["diff"]["after"]


def test_a_missing_tag_is_added_by_the_api(account: Account, run_module: Run, api_calls: list[str]) -> None:
    digest = account.put(1, account.source_tag)
    api_calls.clear()
    foreseen = run_module(ecr_push, {**account.options, "tags": ["4f2a9c1"]}, check=True, diff=True)
    assert "ecr:PutImage" not in api_calls
    assert account.tags == {account.source_tag: digest}

    result = run_module(ecr_push, {**account.options, "tags": ["4f2a9c1"]}, diff=True)
    assert api_calls.count("ecr:PutImage") == 1
    assert account.tags == {account.source_tag: digest, "4f2a9c1": digest}
    for each in (foreseen, result):
        image = each["images"]["backend"]
        assert each["changed"] is True
        assert (image["outcome"], image["built"], image["pushed"], image["digest"]) == (
            "succeeded", False, False, digest,
        )  # fmt: skip
        place = f"backend: {REPOSITORY}"
        assert each["diff"]["before"] == {place: {account.source_tag: digest, "4f2a9c1": None}}
        assert each["diff"]["after"] == {place: {account.source_tag: digest, "4f2a9c1": digest}}
    assert run_module(ecr_push, {**account.options, "tags": ["4f2a9c1"]})["changed"] is False


def test_a_tag_moves_where_tags_may(account: Account, run_module: Run) -> None:
    other = account.put(2, "live", "older")
    digest = account.put(1, account.source_tag)
    result = run_module(ecr_push, {**account.options, "tags": ["live"]}, diff=True)

    assert result["changed"] is True
    assert result["diff"]["before"][f"backend: {REPOSITORY}"]["live"] == other
    assert account.tags == {account.source_tag: digest, "live": digest, "older": other}


@pytest.mark.parametrize("check", [True, False])
def test_an_immutable_tag_on_another_image_is_an_error_that_names_both(
    account: Account, run_module: Run, check: bool
) -> None:
    account.ecr.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    other = account.put(2, "v1")
    digest = account.put(1, account.source_tag)
    before = account.tags
    result = run_module(ecr_push, {**account.options, "tags": ["v1", "v2"]}, check=check)

    assert result["failed"] is True
    assert f"The tag v1 of {REPOSITORY} is immutable and names {other}" in result["msg"]
    assert digest in result["msg"]
    assert result["images"]["backend"]["outcome"] == "failed"
    assert result["changed"] is False
    assert account.tags == before


def test_immutable_tags_on_this_very_image_are_fine(account: Account, run_module: Run) -> None:
    account.ecr.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    digest = account.put(1, account.source_tag, "v1")

    assert run_module(ecr_push, {**account.options, "tags": ["v1"]})["changed"] is False
    assert run_module(ecr_push, {**account.options, "tags": ["v1", "v2"]})["changed"] is True
    assert account.tags == {account.source_tag: digest, "v1": digest, "v2": digest}


def test_a_tag_that_somebody_sets_meanwhile(account: Account) -> None:
    account.ecr.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    digest = account.put(1, "src-1")
    registry = Registry(account.ecr, Repository.parse(REPOSITORY))
    plan = registry.plan("src-1", ("same", "other"))
    account.put(1, "same")
    other = account.put(2, "other")

    # The one on the same image counts as done, the other stops the release.
    with pytest.raises(SlipwayError, match=f"The tag other of .* names {other}, but the image .* is {digest}"):
        registry.put_tags(plan)
    assert account.tags == {"src-1": digest, "same": digest, "other": other}


def test_what_would_be_built_is_foreseen_without_an_engine(account: Account, run_module: Run) -> None:
    other = account.put(2, "live")
    account.ecr.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    result = run_module(ecr_push, {**account.options, "tags": ["live"]}, check=True, diff=True)

    image = result["images"]["backend"]
    assert result["changed"] is True
    assert (image["built"], image["pushed"], image["digest"], image["uri"]) == (True, True, None, None)
    assert image["reference"] == f"{REPOSITORY}:{account.source_tag}"
    assert result["diff"]["after"][f"backend: {REPOSITORY}"] == {
        account.source_tag: "(known after the build)",
        "live": "(known after the build)",
    }
    assert f"The tag live of {REPOSITORY} is immutable and names {other}" in json.dumps(result["warnings"])
    assert account.tags == {"live": other}


def test_a_change_of_the_sources_is_another_image(account: Account, run_module: Run) -> None:
    account.put(1, account.source_tag)
    (account.context / "main.py").write_text("print(1)\n", encoding="utf-8")

    assert run_module(ecr_push, account.options, check=True)["images"]["backend"]["built"] is True


def test_no_engine_where_one_is_needed(account: Account, run_module: Run) -> None:
    result = run_module(ecr_push, account.options)

    assert result["failed"] is True
    assert result["msg"].startswith("No container engine works here.")
    assert "docker.io" in result["msg"]
    assert account.tags == {}


def test_a_missing_repository(account: Account, run_module: Run) -> None:
    account.ecr.delete_repository(repositoryName=NAME, force=True)
    result = run_module(ecr_push, account.options)

    assert result["msg"] == (
        f"The repository {REPOSITORY} does not exist. "
        "The infrastructure makes it: bring the stack up, or correct repository."
    )


def test_every_failure_is_told_before_anything_is_built(account: Account, run_module: Run) -> None:
    images = {
        "backend": account.options["images"]["backend"],
        "one": {"repository": REPOSITORY, "context": "/nowhere"},
        "two": {"repository": REPOSITORY, "context": str(account.context), "dockerfile": "Missing"},
    }
    result = run_module(ecr_push, {**account.options, "images": images})

    assert result["msg"].startswith("2 of 3 images failed. ")
    assert "The build context of image one is missing: /nowhere is not a folder." in result["msg"]
    assert "The Dockerfile of image two is missing:" in result["msg"]
    assert "No container engine" not in result["msg"]
    assert [result["images"][name]["outcome"] for name in ("backend", "one", "two")] == ["no_op", "failed", "failed"]


def test_one_image_under_two_names_is_looked_after_once(
    account: Account, run_module: Run, api_calls: list[str]
) -> None:
    digest = account.put(1, account.source_tag)
    images = dict.fromkeys(("api", "worker"), account.options["images"]["backend"])
    api_calls.clear()
    result = run_module(ecr_push, {**account.options, "images": images, "tags": ["v1"]})

    assert api_calls.count("ecr:PutImage") == 1
    assert {name: (image["outcome"], image["digest"]) for name, image in result["images"].items()} == {
        "api": ("succeeded", digest),
        "worker": ("succeeded", digest),
    }


def test_two_images_cannot_fight_over_a_tag(account: Account, run_module: Run) -> None:
    backend = account.options["images"]["backend"]
    images = {"api": backend, "worker": {**backend, "target": "other"}}
    result = run_module(ecr_push, {**account.options, "images": images, "tags": ["v1"]}, check=True)

    assert "The images api and worker share the repository" in result["msg"]


def test_secrets_in_build_arguments_are_warned_about_and_masked(account: Account, run_module: Run) -> None:
    account.options["images"]["backend"]["build_args"] = {"API_TOKEN": "tok-987654", "GIT_SHA": "4f2a9c1"}
    result = run_module(ecr_push, account.options, check=True)

    assert "The build argument API_TOKEN of image backend looks like a secret" in json.dumps(result["warnings"])
    assert "tok-987654" not in json.dumps(result)
    assert "4f2a9c1" in json.dumps(result["invocation"])


def test_no_images_is_nothing_to_do(account: Account, run_module: Run) -> None:
    result = run_module(ecr_push, {**account.options, "images": {}})

    assert (result["changed"], result["images"]) == (False, {})


def test_wrong_options_are_one_sentence(account: Account, run_module: Run) -> None:
    account.options["images"]["backend"]["contxt"] = "x"

    assert run_module(ecr_push, account.options)["msg"].startswith("The image backend has the unknown key contxt.")
