# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.context import entries, ignore_views
from ansible_collections.slipway.aws.plugins.module_utils._image.fingerprint import fingerprint, source_tag
from ansible_collections.slipway.aws.plugins.module_utils._image.spec import ImageSpec, parse_images

if t.TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/app"


def spec(context: Path, **options: t.Any) -> ImageSpec:
    return parse_images({"app": {"repository": REPOSITORY, "context": str(context), **options}}, Path())[0]


def make_context(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch AS one\nCOPY . /\nFROM scratch AS two\n", encoding="utf-8")
    (folder / "Dockerfile.other").write_text("FROM scratch\n", encoding="utf-8")
    (folder / "main.py").write_text("print(1)\n", encoding="utf-8")
    (folder / "notes.log").write_text("noise\n", encoding="utf-8")
    (folder / ".dockerignore").write_text("*.log\nDockerfile*\n", encoding="utf-8")
    (folder / "lib").mkdir()
    (folder / "lib" / "été.py").write_text("", encoding="utf-8")
    (folder / "link").symlink_to("main.py")
    return folder


@pytest.fixture
def context(tmp_path: Path) -> Path:
    return make_context(tmp_path / "context")


def test_it_is_the_same_for_the_same_sources_elsewhere(context: Path, tmp_path: Path) -> None:
    other = make_context(tmp_path / "other")
    (other / "main.py").chmod(0o600)
    (other / "lib").chmod(0o700)
    os.utime(other / "main.py", (1, 1))

    assert fingerprint(spec(context)) == fingerprint(spec(other))


def _rewrite(name: str, text: str) -> Callable[[Path], object]:
    return lambda context: (context / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_rewrite("main.py", "print(2)\n"), id="content"),
        pytest.param(_rewrite("Dockerfile", "FROM scratch\n"), id="dockerfile, although ignored"),
        pytest.param(_rewrite(".dockerignore", "Dockerfile*\n"), id="ignore file"),
        pytest.param(_rewrite("new.py", ""), id="new file"),
        pytest.param(lambda context: (context / "main.py").chmod(0o755), id="right to execute"),
        pytest.param(lambda context: (context / "main.py").rename(context / "maim.py"), id="name"),
        pytest.param(lambda context: (context / "empty").mkdir(), id="empty folder"),
        pytest.param(lambda context: ((context / "link").unlink(), (context / "link").symlink_to("lib")), id="link"),
    ],
)
def test_it_changes_with_what_the_engine_gets(context: Path, change: Callable[[Path], object]) -> None:
    before = fingerprint(spec(context))
    change(context)

    assert fingerprint(spec(context)) != before


@pytest.mark.parametrize(
    "options",
    [
        {"build_args": {"A": "1"}},
        {"build_args": {"A": "2"}},
        {"build_args": {"B": "1"}},
        {"build_args": {"A": "1", "B": "1"}},
        {"platform": "linux/arm64"},
        {"target": "one"},
        {"dockerfile": "Dockerfile.other"},
    ],
)
def test_it_changes_with_the_options(context: Path, options: dict[str, t.Any]) -> None:
    others = [fingerprint(spec(context)), fingerprint(spec(context, build_args={"A": "1 "}))]

    assert fingerprint(spec(context, **options)) not in others


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_rewrite("notes.log", "other noise\n"), id="ignored content"),
        pytest.param(_rewrite("more.log", ""), id="new ignored file"),
        pytest.param(_rewrite("Dockerfile.third", "FROM nothing\n"), id="another ignored Dockerfile"),
    ],
)
def test_it_ignores_what_the_engine_does_not_get(context: Path, change: Callable[[Path], object]) -> None:
    before = fingerprint(spec(context))
    change(context)

    assert fingerprint(spec(context)) == before


def test_defaults_and_the_same_written_out_are_one(context: Path) -> None:
    written = spec(context, dockerfile="Dockerfile", platform="linux/amd64", build_args={}, target=None)

    assert fingerprint(spec(context)) == fingerprint(written)


def test_a_file_counts_if_any_engine_would_send_it(context: Path) -> None:
    # Only BuildKit reads the Dockerfile's own ignore file, and it then lets the logs in.
    (context / "Dockerfile.dockerignore").write_text("lib\n", encoding="utf-8")
    paths = [entry.path for entry in entries(context, ignore_views(context, context / "Dockerfile"))]

    assert "notes.log" in paths
    assert "lib" in paths


def test_entries_are_sorted_and_ignored_folders_are_not_entered(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("secret\nb/*\n!b/kept\n", encoding="utf-8")
    for folder in ("secret", "b", "a"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "kept").touch()
        (tmp_path / folder / "other").touch()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    listener.close()
    found = list(entries(tmp_path, ignore_views(tmp_path, tmp_path / "Dockerfile")))

    assert [entry.path for entry in found] == [".dockerignore", "a", "a/kept", "a/other", "b", "b/kept", "socket"]
    assert found[-1].kind == "special"


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").touch()
    before = fingerprint(spec(tmp_path))
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))).touch()

    assert fingerprint(spec(tmp_path)) != before


def test_the_tag_fits_a_registry() -> None:
    assert source_tag("0123456789abcdef" * 4) == "src-0123456789abcdef01234567"


def test_a_missing_context(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="The build context of image app is missing: .*/nowhere is not a folder"):
        fingerprint(spec(tmp_path / "nowhere"))


def test_a_missing_dockerfile(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="The Dockerfile of image app is missing: .*/Dockerfile is not a file"):
        fingerprint(spec(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="The superuser may read everything.")
def test_a_file_that_cannot_be_read(context: Path) -> None:
    (context / "main.py").chmod(0)

    with pytest.raises(SlipwayError, match="Could not read .*main.py of the build context: Permission denied"):
        fingerprint(spec(context))
