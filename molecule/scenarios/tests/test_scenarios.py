"""Look at the scenario cloud from outside when everything is over: what really runs there, whoever said what."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "scenario_cloud"
SHIPPED = ("good", "canary", "blue", "rough", "stale")
BROUGHT_BACK = ("breaker", "unhealthy", "alarmed", "halted", "hopeless", "green")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    endpoint = json.loads((FOLDER / "cloud.json").read_text())["endpoint"]
    with urllib.request.urlopen(f"{endpoint}/_slipway/services", timeout=30) as answer:
        return {item["service"]: item for item in json.load(answer)}


@pytest.mark.parametrize("name", SHIPPED)
def test_what_was_shipped_runs(services: dict[str, dict[str, Any]], name: str) -> None:
    state = services[name]
    assert state["complete"]
    # Of the one on the rough road no revision was registered twice.
    assert state["task_definition"].endswith(f"/{name}:2")


@pytest.mark.parametrize("name", BROUGHT_BACK)
def test_what_failed_runs_the_release_before(services: dict[str, dict[str, Any]], name: str) -> None:
    state = services[name]
    assert state["complete"]
    assert state["task_definition"].endswith(f"/{name}:1")


def test_nobody_undid_what_somebody_else_deployed(services: dict[str, dict[str, Any]]) -> None:
    assert services["superseded"]["complete"]
    assert services["superseded"]["task_definition"].endswith("/superseded:3")


def test_what_timed_out_was_left_as_it_was_asked_to_be(services: dict[str, dict[str, Any]]) -> None:
    assert not services["stuck"]["complete"]
