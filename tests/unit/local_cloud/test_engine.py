# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.server
import json
import socketserver
import tempfile
import threading
import typing as t
from pathlib import Path

import pytest
from slipway_local_cloud import engine
from slipway_local_cloud.engine import Candidate
from slipway_local_cloud.engine_api import EngineApi, EngineRefusal, EngineSilence

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class Handler(http.server.BaseHTTPRequestHandler):
    """As much of an engine as answers a ping, names a gateway, and refuses an image halfway through its pull."""

    def do_GET(self) -> None:
        if self.path == "/_ping":
            self.answer(200, b"OK")
        elif self.path == "/networks/podman":
            self.answer(200, json.dumps({"IPAM": {"Config": [{"Gateway": "10.88.0.1"}]}}).encode())
        else:
            self.answer(404, json.dumps({"message": f"no {self.path}"}).encode())

    def do_POST(self) -> None:
        self.answer(200, b'{"status": "Pulling"}\n{"error": "the line broke"}\n')

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a unix socket"

    def log_message(self, format: str, *args: t.Any) -> None:
        del format, args


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="slipway") as folder:
        path = Path(folder, "engine.sock")
        with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
            serving = threading.Thread(target=server.serve_forever, daemon=True)
            serving.start()
            yield path
            server.shutdown()


def test_docker_host_comes_first_podman_last() -> None:
    found = list(engine.candidates("auto", {"DOCKER_HOST": "unix:///mine.sock"}, Path("/home/me"), 1000))
    assert [candidate.docker_host for candidate in found] == [
        "unix:///mine.sock",
        "unix:///var/run/docker.sock",
        "unix:///home/me/.docker/run/docker.sock",
        "unix:///run/podman/podman.sock",
        "unix:///run/user/1000/podman/podman.sock",
    ]


@pytest.mark.parametrize(("wanted", "kinds"), [("docker", {"docker"}), ("podman", {"podman"}), ("private", set())])
def test_only_the_wanted_kind_is_looked_for(wanted: str, kinds: set[str]) -> None:
    assert {one.kind for one in engine.candidates(wanted, {"DOCKER_HOST": "x"}, Path("/home/me"), 0)} == kinds


def test_the_first_that_answers_is_taken(socket_path: Path) -> None:
    dead = Candidate("docker", "unix:///nonexistent.sock", "DOCKER_HOST")
    alive = Candidate("podman", f"unix://{socket_path}", str(socket_path))
    found, refusals = engine.look_for_running([dead, alive])
    assert found == {"kind": "podman", "docker_host": f"unix://{socket_path}", "gateway": "10.88.0.1"}
    assert len(refusals) == 1
    assert refusals[0].startswith("DOCKER_HOST: unix:///nonexistent.sock did not answer: ")


def test_an_engine_on_another_machine_is_refused() -> None:
    with pytest.raises(EngineSilence, match="is not an engine on this machine"):
        EngineApi("tcp://build.example.com:2376").ping()


def test_an_image_that_is_not_there(socket_path: Path) -> None:
    assert EngineApi(f"unix://{socket_path}").image_id("python:3.11-slim") is None


def test_a_pull_that_breaks_is_a_refusal(socket_path: Path) -> None:
    with pytest.raises(EngineRefusal, match="the line broke"):
        EngineApi(f"unix://{socket_path}").pull("python:3.11-slim", first_word=5, patience=5)
