# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private engine and a local cloud for the whole session, and homes of their own for tests that break them."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from home import IMAGE, Home, free_port

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        for item in items:
            item.add_marker(pytest.mark.skip(reason="a private engine needs root on Debian or Ubuntu"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A running local cloud in a folder with a space in its name."""
    home = Home(tmp_path_factory.mktemp("a state folder") / "local cloud", free_port())
    try:
        home.present()
        yield home
    finally:
        home.absent()
    assert home.traces() == []


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A state folder where nothing runs yet, cleared away whatever the test did."""
    one = Home(tmp_path / "another state", free_port())
    yield one
    one.absent()


@pytest.fixture(scope="session")
def pushed(cloud: Home) -> str:
    """The base image, pushed to the cloud's registry as a person would push it."""
    repository = cloud.client("ecr").create_repository(repositoryName="team/tests")["repository"]["repositoryUri"]
    engine = cloud.docker()
    engine.images.get(IMAGE).tag(repository, "v1")
    said = list(engine.images.push(repository, "v1", stream=True, decode=True))
    assert not [line for line in said if "error" in line], said
    return f"{repository}:v1"
