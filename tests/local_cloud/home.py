# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One state folder under test: start it, stop it, kill it, and look for what it left behind."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import boto3
import docker  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[2]
PROGRAM = PROJECT / "roles" / "local_cloud" / "files"
IMAGE = "python:3.11-slim"
SETTINGS = {
    "region": "ap-northeast-1",
    "account": "000000000000",
    "base_images": [IMAGE],
    "engine": "private",
    "bind_addresses": [],
    "ministack_version": "1.5.33",
    "engine_timeout": 60,
    "registry_timeout": 15,
    "pull_timeout": 300,
    "start_timeout": 60,
    "stop_timeout": 20,
}


def free_port() -> int:
    """Return a port of the range that the tests may use."""
    first, _, last = os.environ.get("SLIPWAY_TEST_PORTS", "14700-14799").partition("-")
    for port in range(int(first), int(last) + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port for the tests")


@dataclasses.dataclass
class Home:
    """A local cloud's state folder, and the role's program to act on it."""

    path: Path
    port: int
    settings: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    program: tuple[str, ...] = ("-m", "slipway_local_cloud")

    def bring(
        self, state: str, *, python: str = sys.executable, user: int | None = None, **settings: t.Any
    ) -> dict[str, t.Any]:
        """Run the role's program and return its result, whether it failed or not."""
        values = {"home": str(self.path), "port": self.port, **SETTINGS, **self.settings, **settings}
        done = subprocess.run(
            [python, *self.program, state],
            input=json.dumps(values),
            cwd=PROGRAM,
            user=user,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.stdout, done.stderr
        result: dict[str, t.Any] = json.loads(done.stdout)
        return result

    def present(self, **settings: t.Any) -> dict[str, t.Any]:
        """Start it; a failure fails the test with its sentence."""
        result = self.bring("present", **settings)
        assert not result.get("failed"), result["msg"]
        return result

    def absent(self) -> dict[str, t.Any]:
        result = self.bring("absent")
        assert not result.get("failed"), result["msg"]
        return result

    @property
    def endpoints(self) -> dict[str, t.Any]:
        content: dict[str, t.Any] = json.loads((self.path / "endpoints.json").read_text(encoding="utf-8"))
        return content

    def client(self, service: str) -> t.Any:
        return t.cast(t.Any, boto3).client(
            service,
            endpoint_url=self.endpoints["endpoint_url"],
            region_name=self.endpoints["region"],
            aws_access_key_id=self.endpoints["access_key"],
            aws_secret_access_key=self.endpoints["secret_key"],
        )

    def docker(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=self.endpoints["docker_host"])

    def calls(self) -> list[dict[str, t.Any]]:
        lines = (self.path / "calls.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    @property
    def mark(self) -> str:
        return hashlib.sha256(bytes(self.path)).hexdigest()[:8]

    def processes(self) -> list[int]:
        """Return every process that carries this home's path or name in its command line."""
        needles = (str(self.path).encode(), f"slipway-{self.mark}".encode())
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(entry.name) != os.getpid() and any(needle in command for needle in needles):
                found.append(int(entry.name))
        return found

    def kill_everything(self) -> None:
        """End every process at once, as a power cut would."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)

    def traces(self) -> list[str]:
        """Return everything of this home that is still on the machine."""
        name = f"slipway{self.mark}"
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").replace("\\040", " ").splitlines()
        rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout.splitlines()
        return [
            *(f"process {pid}" for pid in self.processes()),
            *(f"mount {line}" for line in mounts if f"{self.path}/" in line or f"slipway-{self.mark}" in line),
            *(f"rule {line}" for line in rules if name in line),
            *(f"link {link}" for link in Path("/sys/class/net").iterdir() if link.name == name),
            *(f"file {file}" for file in (self.path, Path("/run", f"slipway-{self.mark}")) if file.exists()),
        ]
