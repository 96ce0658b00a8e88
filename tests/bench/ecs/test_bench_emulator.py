# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bench's emulator: its start state, what it lets a tool see, and what it reports to the race."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from ecs.race import Emulator, Setting, emulator
from ecs.shop import CLUSTER, REGION, Release, definition

PATIENCE = 30.0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("bench-emulator")) as started:
        yield started


@pytest.fixture
def ecs(cloud: Emulator) -> t.Any:
    return boto3.client(
        "ecs",
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id="bench-key-id",
        aws_secret_access_key="bench-secret-key",
    )


def test_it_begins_with_services_that_run_the_first_release(cloud: Emulator, ecs: t.Any) -> None:
    cloud.reset(Setting(services=3, seconds=5.0, latency=0.0))
    answer = ecs.describe_services(cluster=CLUSTER, services=["shop-000", "shop-001", "shop-002"])
    assert [(item["runningCount"], item["deployments"][0]["rolloutState"]) for item in answer["services"]] == [
        (2, "COMPLETED")
    ] * 3
    report = cloud.report()
    assert {name: (state["complete"], state["image"]) for name, state in report["services"].items()} == {
        name: (True, Release(0).image) for name in ("shop-000", "shop-001", "shop-002")
    }


def test_a_release_takes_its_time_and_is_reported(cloud: Emulator, ecs: t.Any) -> None:
    cloud.reset(Setting(services=2, seconds=1.0, latency=0.0))
    before = cloud.report()["services"]
    for name in ("shop-000", "shop-001"):
        ecs.register_task_definition(**definition(name, Release(1)))
        ecs.update_service(cluster=CLUSTER, service=name, taskDefinition=name)
    during = cloud.report()
    assert [action for _moment, action in during["calls"]] == ["RegisterTaskDefinition", "UpdateService"] * 2
    assert {name: round(state["done"] - state["began"], 3) for name, state in during["services"].items()} == {
        "shop-000": 1.0,
        "shop-001": 1.2,
    }
    deadline = time.monotonic() + PATIENCE
    after: dict[str, t.Any] = {}
    while not (after and all(state["complete"] for state in after.values())):
        after = cloud.report()["services"]
        assert time.monotonic() < deadline, after
        time.sleep(0.05)
    for name, state in after.items():
        assert (state["image"], state["revision"]) == (Release(1).image, before[name]["revision"] + 1)


def test_a_reset_forgets_the_calls_and_the_releases(cloud: Emulator, ecs: t.Any) -> None:
    cloud.reset(Setting(services=1, seconds=0.0, latency=0.0))
    ecs.register_task_definition(**definition("shop-000", Release(1)))
    cloud.reset(Setting(services=1, seconds=0.0, latency=0.0))
    assert cloud.report()["calls"] == []
    assert cloud.report()["services"]["shop-000"]["revision"] == 1


def test_the_whole_bench_runs_small_with_what_is_ours(tmp_path: Path) -> None:
    """The other tools have to be installed first, and are raced by hand."""
    figures = tmp_path / "figures.json"
    bench = [sys.executable, str(Path(__file__).parent), "--quick", "--only", "role", "--only", "module"]
    done = subprocess.run(
        [*bench, "--json", str(figures), "--docs", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(figures.read_text(encoding="utf-8"))["results"]["2"]
    for tool in ("role", "module"):
        (run,) = results[tool]
        assert run["shipped"]["calls"]["RegisterTaskDefinition"] == run["shipped"]["calls"]["UpdateService"] == 2
        assert not {"RegisterTaskDefinition", "UpdateService"} & set(run["again"]["calls"])
    page = (tmp_path / "bench-ecs.md").read_text(encoding="utf-8")
    assert "slipway.aws, role" in page and (tmp_path / "bench-ecs.svg").stat().st_size > 1000
