# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One strict local cloud for the session, where every service is shipped what cannot work, all of them side by side."""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "local_cloud"), str(HERE.parent.parent / "demo")]

from proof import SUCCESS, Proof
from scenarios import SCENARIOS, filled
from visitor import Visitor
from world import UNSEEN, World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        for item in items:
            item.add_marker(pytest.mark.skip(reason="a private engine needs root on Debian or Ubuntu"))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[World]:
    one = World(tmp_path_factory.mktemp("shipping"))
    try:
        one.open()
        yield one
    finally:
        one.close()
    assert one.home.traces() == []


@pytest.fixture(scope="session")
def proof(world: World) -> Proof:
    """Ship one good release and many bad ones at once, with a visitor at each service; then the good ones again."""
    names = [SUCCESS, *(scenario.name for scenario in SCENARIOS)]
    world.start(SUCCESS)
    for scenario in SCENARIOS:
        world.start(scenario.name, role=scenario.task_role, grace=scenario.grace)
    world.wait_until_up(names)
    before = {name: world.service(name)["taskDefinition"] for name in names}
    wanted = {SUCCESS: world.target(SUCCESS, image=world.names["next"])} | {
        scenario.name: world.target(scenario.name, **filled(scenario.wishes, world.names)) for scenario in SCENARIOS
    }
    since = world.now()
    # With this look before, nothing is shipped that the look can see is wrong; without it, everything goes wrong.
    refused = world.ship(wanted, "second", preflight={"read_secrets": True})
    writes_refused = world.writes(since)
    with contextlib.ExitStack() as stack:
        visitors = {
            name: stack.enter_context(Visitor(world.front_door, world.domain, f"/{name}/", pause=0.5)) for name in names
        }
        shipped = world.ship(wanted, "second", preflight=UNSEEN)
    answers = {name: world.answers(name) for name in names}
    world.wait_until_up(names)
    since = world.now()
    after = {name: world.service(name) for name in names}
    again = world.ship({name: world.target(name) for name in names} | {SUCCESS: wanted[SUCCESS]}, "third")
    found = Proof(before, refused, writes_refused, after, shipped, answers, visitors, again, world.writes(since))
    world.retire(names)
    return found
