# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.api import RemoteObject
from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import headers_for
from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import SiteFile
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_plan import (
    Phase,
    PublishPlan,
    as_diff,
    changed_paths,
    normalise_prefix,
    paths_of_keys,
    plan_publish,
)

FILES = ["about.html", "assets/app.3f2a9c1b.js", "assets/app.8d969eef1.css", "config.json", "index.html"]


def local(path: str, content: str = "new") -> SiteFile:
    return SiteFile(path, Path(path), len(content), content, content, headers_for(path, []))


def remote(*keys: str, content: str = "old") -> dict[str, RemoteObject]:
    return {key: RemoteObject(key, content, len(content)) for key in keys}


def plan(
    objects: dict[str, RemoteObject], *, phase: Phase = "all", delete: bool = False, prefix: str = ""
) -> PublishPlan:
    files = [local(path) for path in FILES]
    return plan_publish(files, objects, prefix=prefix, phase=phase, delete=delete, index_document="index.html")


def waves(result: PublishPlan) -> list[list[str]]:
    return [[upload.key for upload in wave] for wave in result.waves]


def test_assets_first_then_data_then_pages_then_the_front_page() -> None:
    assert waves(plan({})) == [
        ["assets/app.3f2a9c1b.js", "assets/app.8d969eef1.css"],
        ["config.json"],
        ["about.html"],
        ["index.html"],
    ]


def test_what_is_there_already_is_not_uploaded() -> None:
    result = plan(remote(*FILES, content="new"))
    assert result.is_empty
    assert result.unchanged == 5


@pytest.mark.parametrize(
    ("phase", "uploads", "unchanged"),
    [
        ("assets", [["assets/app.3f2a9c1b.js"]], 1),
        ("pages", [["config.json"], ["about.html"], ["index.html"]], 0),
        ("all", [["assets/app.3f2a9c1b.js"], ["config.json"], ["about.html"], ["index.html"]], 1),
    ],
)
def test_a_phase_leaves_the_files_of_the_other_alone(phase: Phase, uploads: list[list[str]], unchanged: int) -> None:
    result = plan(remote("assets/app.8d969eef1.css", content="new"), phase=phase)
    assert waves(result) == uploads
    assert result.unchanged == unchanged


def test_pages_know_which_assets_are_missing() -> None:
    objects = remote("assets/app.8d969eef1.css", content="new")
    assert plan(objects, phase="pages").missing_assets == ("assets/app.3f2a9c1b.js",)
    assert plan(objects, phase="all").missing_assets == ()
    assert plan(objects, phase="assets").missing_assets == ()


def test_an_asset_of_another_size_is_missing_and_one_with_another_etag_is_not() -> None:
    objects = remote(FILES[1], content="longer") | remote(FILES[2], content="kms")
    assert plan(objects, phase="pages").missing_assets == (FILES[1],)


@pytest.mark.parametrize(
    ("phase", "delete", "deleted"),
    [("all", False, []), ("all", True, ["gone.html"]), ("pages", True, ["gone.html"]), ("assets", True, [])],
)
def test_deleting_is_asked_for_and_never_part_of_the_assets(phase: Phase, delete: bool, deleted: list[str]) -> None:
    result = plan(remote("gone.html", *FILES), phase=phase, delete=delete)
    assert [each.key for each in result.deletions] == deleted


def test_a_prefix_is_part_of_every_key() -> None:
    result = plan(remote("web/index.html", content="new"), prefix="web/")
    assert waves(result)[-1] == ["web/about.html"]
    assert result.unchanged == 1


@pytest.mark.parametrize(
    ("given", "normal"), [("", ""), ("/", ""), ("web", "web/"), ("/web/", "web/"), ("a/b", "a/b/")]
)
def test_prefixes_are_spelled_one_way(given: str, normal: str) -> None:
    assert normalise_prefix(given) == normal


def test_changed_paths_leave_out_new_assets_only() -> None:
    result = plan(remote("assets/app.8d969eef1.css", "index.html", "gone.html"), delete=True)
    assert changed_paths(result.uploads, result.deletions) == [
        "/",
        "/about.html",
        "/assets/app.8d969eef1.css",
        "/config.json",
        "/gone.html",
        "/index.html",
    ]


def test_index_pages_answer_for_their_folder() -> None:
    assert paths_of_keys(["docs/index.html", "日 本.html", "myindex.html"]) == [
        "/%E6%97%A5%20%E6%9C%AC.html",
        "/docs/",
        "/docs/index.html",
        "/myindex.html",
    ]


def test_the_diff_has_a_line_for_each_file_that_differs() -> None:
    objects = remote("index.html", "gone.html") | remote("about.html", "config.json", *FILES[1:3], content="new")
    diff = as_diff(plan(objects, delete=True), where="s3://bucket/", source="dist")
    assert diff["before"] == "gone.html old 3 bytes\nindex.html old 3 bytes\n"
    assert diff["after"] == "index.html new 3 bytes\n"


def test_uploads_that_turn_out_the_same_are_taken_out() -> None:
    result = plan(remote("index.html", content="new")).without({"config.json", "about.html"})
    assert waves(result) == [["assets/app.3f2a9c1b.js", "assets/app.8d969eef1.css"]]
    assert result.unchanged == 3
