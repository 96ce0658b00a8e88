"""Run a command beside a container engine: the one that is here, or the private one the local cloud brings."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from pathlib import Path

from step import ROOT, fail, must, run

PLAYBOOK = ("ansible-playbook", "--inventory", "localhost,", "playbooks/local_cloud.yml")


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def main(command: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="slipway-engine-") as folder:
        place = {"SLIPWAY_STATE_DIR": folder, "SLIPWAY_PORT": free_port(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
        try:
            must(PLAYBOOK, cwd=ROOT, env=place)
            endpoints = json.loads(Path(folder, "local_cloud", "endpoints.json").read_text(encoding="utf-8"))
            # Where an engine is promised, a test that found none has not run.
            asked = {"SLIPWAY_TEST_DOCKER_HOST": endpoints["docker_host"], "DOCKER_HOST": endpoints["docker_host"]}
            code = run(command, cwd=ROOT, env=asked)
        finally:
            must([*PLAYBOOK, "-e", "local_cloud_state=absent"], cwd=ROOT, env=place)
    if code:
        fail(f"{os.path.basename(command[0])} ended with code {code}")  # noqa: PTH119 - a name, not a path


if __name__ == "__main__":
    main(sys.argv[1:])
