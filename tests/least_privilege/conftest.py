# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One guarded cloud for the session; each system comes up in it once, and its pipeline is rehearsed once."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent)]

import stations
from forbidden import Targets
from rehearsal import Rehearsal
from systems import SYSTEMS, System
from world import Credentials, Stack, World

SITE = "slipway.aws.site"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What the account itself may destroy, it destroys at the very end.
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: takes things away that other tests need")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[World]:
    one = World(tmp_path_factory.mktemp("guarded"))
    try:
        one.start()
        yield one
    finally:
        one.stop()


@pytest.fixture(scope="session", params=SYSTEMS, ids=lambda system: system.stack)
def stack(request: pytest.FixtureRequest, world: World) -> Stack:
    system: System = request.param
    return world.up(system)


@pytest.fixture(scope="session")
def who(stack: Stack) -> Credentials:
    """The pipeline, as GitHub Actions would be let in."""
    return stack.from_github()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="session")
def rehearsal(stack: Stack, who: Credentials, folder: Path) -> Rehearsal:
    """Release, release the same again, fail to release, and visit every station, with the whole policy."""
    before = stack.world.now()
    broken = ("-e", "@demo/broken_release.yml")
    runs = {
        "release": stack.playbook(SITE, who, {"release_id": "first"}),
        "again": stack.playbook(SITE, who, {"release_id": "first"}),
        "broken": stack.playbook(SITE, who, {"release_id": "broken"}, *broken),
    }
    everybody = [request for request, _status in stack.world.requests(before)]
    for station in stations.STATIONS:
        runs[station.name] = stations.run(stack, station, who, folder)
    return Rehearsal(stack, who, runs, stack.world.calls(who), everybody)


@pytest.fixture(scope="session")
def targets(rehearsal: Rehearsal) -> Targets:
    """A neighbour, and the system after its rehearsal, with images, receipts and tasks to harm."""
    found = Targets(rehearsal.stack)
    found.make()
    return found
