# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("yaml")

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import ProjectError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.project import Project, read_project


@pytest.mark.parametrize(
    ("name", "content", "backend"),
    [
        ("Pulumi.yaml", "name: shop\nruntime: python\n", None),
        ("Pulumi.yml", "name: shop\nbackend:\n  url: s3://state\n", "s3://state"),
        ("Pulumi.yaml", "name: shop\nbackend: {}\n", None),
        ("Pulumi.yaml", "name: shop\nbackend: {url: }\n", None),
        ("Pulumi.yaml", 'name: &n shop\nmain: *n\nbackend: {url: "file://state"}\n', "file://state"),
        # What Python could not build is nothing we need.
        ("Pulumi.yaml", "name: shop\nwhen: 2001-99-99\ntag: !!int x\nmine: !mine y\n? [a]\n: b\n", None),
        ("Pulumi.json", '{"name": "shop", "backend": {"url": "file://state"}}', "file://state"),
    ],
)
def test_projects(tmp_path: Path, name: str, content: str, backend: str | None) -> None:
    (tmp_path / name).write_text(content)
    assert read_project(tmp_path) == Project("shop", backend, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("README", "", "There is no Pulumi project in"),
        ("Pulumi.yaml", "name: [", "is not YAML in line 1"),
        ("Pulumi.yaml", "- a\n", "is not an object"),
        ("Pulumi.yaml", "", "is not an object"),
        ("Pulumi.yaml", "name: a b\n", "does not name its project"),
        ("Pulumi.yaml", "runtime: go\n", "does not name its project"),
        ("Pulumi.yaml", "name: shop\nbackend: {url: 7}\n", "backend.url is not a text"),
        ("Pulumi.yaml", "name: 2001-99-99\n", "does not name its project"),
        ("Pulumi.yaml", "name: !!int x\n", "does not name its project"),
        ("Pulumi.yaml", "name: !!bool x\n", "does not name its project"),
        ("Pulumi.yaml", "name: !!timestamp x\n", "does not name its project"),
        ("Pulumi.yaml", "name: " + "1" * 5000, "does not name its project"),
        ("Pulumi.yaml", 'name: "\\UFFFFFFFF"\n', "is not YAML"),
        ("Pulumi.yaml", "name: shop\nbackend: {<<: {url: x}}\n", "merges objects"),
        ("Pulumi.yaml", "name: !!python/object:os.system x\n", "is not YAML"),
        ("Pulumi.json", "{", "is damaged or cut short"),
    ],
)
def test_no_projects(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ProjectError, match=sentence):
        read_project(tmp_path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ProjectError, match="cannot be read"):
        read_project(tmp_path)
