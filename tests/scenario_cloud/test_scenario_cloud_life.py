# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program behind the role: a process that is started, given another script, and stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterator

FILES = Path(__file__).resolve().parents[2] / "roles" / "scenario_cloud" / "files"
EXISTING = {"shop": ["web"]}
PATIENCE = 30.0


class Home:
    """One folder, and the program that acts on it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def bring_to(self, state: str, **settings: t.Any) -> dict[str, t.Any]:
        known = {"port": 0, "region": "us-east-1", "start_timeout": 60, "stop_timeout": 10}
        done = subprocess.run(
            [sys.executable, "-m", "slipway_scenarios", state],
            input=json.dumps({**known, "home": str(self.path), **settings}),
            capture_output=True,
            text=True,
            cwd=FILES,
            check=False,
        )
        assert done.stdout, done.stderr
        answer: dict[str, t.Any] = json.loads(done.stdout)
        assert done.returncode == (1 if answer.get("failed") else 0)
        return answer

    @property
    def state(self) -> dict[str, t.Any]:
        content: dict[str, t.Any] = json.loads((self.path / "cloud.json").read_text())
        return content


def ask(endpoint: str, path: str, method: str = "GET", body: bytes | None = None) -> t.Any:
    request = urllib.request.Request(f"{endpoint}/_slipway/{path}", data=body, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "cloud")
    yield made
    made.bring_to("absent")


def is_alive(pid: int) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")


def test_a_life_from_start_to_end(home: Home) -> None:
    assert home.bring_to("present", script={"existing": EXISTING}, check=True) == {"changed": True, "state": "present"}
    assert not home.path.exists()
    first = home.bring_to("present", script={"existing": EXISTING})
    assert first["changed"]
    endpoint, pid = first["endpoints"]["endpoint_url"], home.state["pid"]
    assert [item["service"] for item in ask(endpoint, "services")] == ["web"]
    again = home.bring_to("present", script={"existing": EXISTING})
    assert (again["changed"], again["endpoints"], home.state["pid"]) == (False, first["endpoints"], pid)
    other = home.bring_to("present", script={"existing": {"shop": ["web", "api"]}, "services": {"web": "alarm"}})
    assert (other["changed"], other["endpoints"], home.state["pid"]) == (True, first["endpoints"], pid)
    assert ask(endpoint, "script")["services"] == {"web": "alarm"}
    assert [item["service"] for item in ask(endpoint, "services")] == ["web", "api"]
    assert home.bring_to("absent", check=True)["changed"]
    assert is_alive(pid)
    assert home.bring_to("absent")["changed"]
    assert not is_alive(pid)
    assert not home.path.exists()
    assert not home.bring_to("absent")["changed"]


def test_a_script_is_checked_before_anything_starts(home: Home) -> None:
    answer = home.bring_to("present", script={"services": {"web": "exploding"}})
    assert "there is no behaviour exploding" in answer["msg"]
    assert not home.path.exists()


def test_a_script_can_be_changed_over_http_in_yaml_too(home: Home) -> None:
    endpoint = home.bring_to("present")["endpoints"]["endpoint_url"]
    ask(endpoint, "script", "PUT", b"services:\n  web: {behaviour: rolling, seconds: 5}\n")
    assert ask(endpoint, "script") == {"services": {"web": {"behaviour": "rolling", "seconds": 5}}}
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(endpoint, "script", "PUT", b"services: {web: rollin}")
    assert json.load(error.value)["msg"].startswith("services.web: there is no behaviour rollin. Did you mean rolling?")
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(endpoint, "nothing")
    assert "There are GET /_slipway/health" in json.load(error.value)["msg"]
    # What was wrong changed nothing.
    assert ask(endpoint, "script")["services"] == {"web": {"behaviour": "rolling", "seconds": 5}}


def test_a_reset_makes_the_start_state_anew(home: Home) -> None:
    endpoint = home.bring_to("present", script={"existing": EXISTING})["endpoints"]["endpoint_url"]
    before = ask(endpoint, "services")[0]["began"]
    ask(endpoint, "reset", "POST", b"")
    assert ask(endpoint, "services")[0]["began"] > before
    assert ask(endpoint, "calls") == []


def test_one_that_was_killed_is_started_again(home: Home) -> None:
    home.bring_to("present")
    pid = home.state["pid"]
    os.kill(pid, 9)
    deadline = time.monotonic() + PATIENCE
    while is_alive(pid):
        assert time.monotonic() < deadline, pid
        time.sleep(0.05)
    assert home.bring_to("present")["changed"]
    assert home.state["pid"] != pid


def test_a_process_id_that_is_somebody_elses_by_now_is_left_alone(home: Home) -> None:
    home.path.mkdir()
    (home.path / "cloud.json").write_text(json.dumps({"pid": os.getpid(), "endpoint": "http://127.0.0.1:9"}))
    assert home.bring_to("absent")["changed"]
    assert not home.path.exists()


def test_a_missing_moto_is_named_with_the_way_to_install_it(tmp_path: Path) -> None:
    values = {"home": str(tmp_path / "x"), "port": 0, "region": "us-east-1", "start_timeout": 5, "stop_timeout": 5}
    done = subprocess.run(
        # Without its site-packages this Python has no moto.
        [sys.executable, "-S", "-m", "slipway_scenarios", "present"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        cwd=FILES,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "-m pip install 'moto[server]==5.2.5'" in json.loads(done.stdout)["msg"]
    assert not (tmp_path / "x").exists()
