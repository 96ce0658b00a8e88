# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import sys
import time
import typing as t
from pathlib import Path

import pytest
from hypothesis import settings

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slipway_scenarios import ScenarioCloud

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "roles" / "scenario_cloud" / "files")]

# How long an example takes says more about the machine than about the code.
settings.register_profile("scenario-cloud", deadline=None)
settings.load_profile("scenario-cloud")


@dataclasses.dataclass
class Clock:
    """A clock that moves when a test says so."""

    # Logs take nothing that is hours ahead.
    now: float = dataclasses.field(default_factory=lambda: float(int(time.time())))

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def play(clock: Clock) -> Iterator[Callable[[t.Any], ScenarioCloud]]:
    """Return a way to start a cloud that plays a script by the test's clock. It ends with the test."""
    from slipway_scenarios import ScenarioCloud

    open_clouds: list[ScenarioCloud] = []

    def start(script: t.Any) -> ScenarioCloud:
        cloud = ScenarioCloud(script, clock=clock)
        open_clouds.append(cloud.__enter__())
        return cloud

    yield start
    for cloud in open_clouds:
        cloud.__exit__()
