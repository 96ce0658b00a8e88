# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import Rule
from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import (
    SiteFile,
    manifest_digest,
    read_manifest,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def read(folder: Path, *, rules: list[Rule] | None = None, index_document: str = "index.html") -> list[SiteFile]:
    return read_manifest(str(folder), rules=rules or [], index_document=index_document, workers=2)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "日本").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>hello</h1>")
    (folder / "日本" / "空 白.html").write_text("こんにちは")
    return folder


def test_files_are_sorted_and_hashed(site: Path) -> None:
    files = read(site)
    assert [file.path for file in files] == ["index.html", "日本/空 白.html"]
    content = (site / "index.html").read_bytes()
    assert files[0].md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert files[0].sha256 == hashlib.sha256(content).hexdigest()
    assert files[0].size == len(content)


def test_links_inside_the_site_are_followed(site: Path) -> None:
    (site / "start.html").symlink_to("index.html")
    (site / "latest").symlink_to("日本")
    assert [file.path for file in read(site)] == ["index.html", "latest/空 白.html", "start.html", "日本/空 白.html"]


def test_the_source_itself_may_be_a_link(site: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(site)
    assert len(read(tmp_path / "current")) == 2


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("/etc/hostname", "leads outside of it"),
        ("../secret.txt", "leads outside of it"),
        ("/etc", "leads outside of it"),
        ("nowhere.html", "leads nowhere"),
        (".", "leads back to a folder above it"),
    ],
)
def test_other_links_are_refused(site: Path, target: str, sentence: str) -> None:
    (site.parent / "secret.txt").write_text("mine")
    (site / "link").symlink_to(target)
    with pytest.raises(SlipwayError, match=f"The link link in the source folder {sentence}"):
        read(site)


def test_a_folder_named_like_the_source_is_still_outside(site: Path) -> None:
    beside = site.parent / "site-private"
    beside.mkdir()
    (beside / "key.txt").write_text("mine")
    (site / "link").symlink_to(beside)
    with pytest.raises(SlipwayError, match="leads outside"):
        read(site)


def test_a_missing_source_and_one_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="does not exist"):
        read(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(SlipwayError, match="is not a folder"):
        read(tmp_path / "file")


def test_an_empty_source(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SlipwayError, match="holds no files"):
        read(tmp_path)


def test_a_source_without_its_front_page(site: Path) -> None:
    (site / "index.html").unlink()
    with pytest.raises(SlipwayError, match="has no index.html"):
        read(site)
    assert len(read(site, index_document="")) == 1


def test_a_pipe_and_a_name_that_is_no_text(site: Path) -> None:
    os.mkfifo(site / "pipe")
    with pytest.raises(SlipwayError, match="neither a file nor a folder"):
        read(site)
    (site / "pipe").unlink()
    with open(os.fsencode(site) + b"/caf\xe9.html", "wb"):  # noqa: PTH123
        pass
    with pytest.raises(SlipwayError, match="not valid UTF-8"):
        read(site)


def test_the_digest_sees_paths_contents_and_headers(site: Path) -> None:
    first = manifest_digest(read(site))
    assert first == manifest_digest(list(reversed(read(site))))
    assert first != manifest_digest(read(site, rules=[Rule("*", cache_control="max-age=1")]))
    (site / "index.html").write_text("<h1>hullo</h1>")
    second = manifest_digest(read(site))
    assert first != second
    (site / "index.html").rename(site / "home.html")
    assert second != manifest_digest(read(site, index_document=""))
