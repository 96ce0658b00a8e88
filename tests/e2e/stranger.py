# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody who cloned the project and types what the README says, on a machine that never saw it."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
from calls import CallLog
from cloud import Cloud

STACK = "qa-chatbot-local"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stranger_environment(home: Path, **more: str) -> dict[str, str]:
    """Return this machine's environment without anything that a checkout or a virtualenv put there."""
    foreign = ("ANSIBLE_", "AWS_", "PULUMI_", "SLIPWAY_", "VIRTUAL_ENV", "PYTHON", "MOLECULE", "MAKE", "MFLAGS")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(foreign) or name == "AWS_CA_BUNDLE"
    }
    path = [part for part in kept["PATH"].split(os.pathsep) if not part.startswith(str(ROOT))]
    return {**kept, "HOME": str(home), "PATH": os.pathsep.join(path), "LC_ALL": "C.UTF-8", **more}


@dataclasses.dataclass
class Stranger:
    """Somebody who cloned the project and types what the README says."""

    clone: Path
    environment: dict[str, str]

    def type(
        self, *argv: str, folder: Path | None = None, timeout: float = 900, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, in the clone if nothing else is said, and return it with everything it printed.

        It is echoed for the log of the test.
        """
        done = subprocess.run(
            argv,
            cwd=folder or self.clone,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        print(f"\n$ {' '.join(argv)}   -> exit code {done.returncode}\n{done.stdout}")
        return done

    def site(self, *options: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run the whole road from the clone."""
        playbook = self.tool("ansible-playbook")
        return self.type(playbook, "slipway.aws.site", *options, timeout=timeout)

    def tool(self, name: str) -> str:
        return str(self.clone / ".venv" / "bin" / name)

    @property
    def cloud(self) -> Cloud:
        endpoints = json.loads((self.clone / ".slipway" / "local_cloud" / "endpoints.json").read_text())
        return Cloud(endpoint_url=endpoints["endpoint_url"], call_log=Path(endpoints["call_log"]))

    @property
    def outputs(self) -> dict[str, t.Any]:
        checkpoint = self.clone / ".slipway" / "pulumi" / ".pulumi" / "stacks" / "slipway" / f"{STACK}.json"
        resources = json.loads(checkpoint.read_text())["checkpoint"]["latest"]["resources"]
        stack = next(resource for resource in resources if resource["type"] == "pulumi:pulumi:Stack")
        return t.cast("dict[str, t.Any]", stack["outputs"])

    @property
    def domain(self) -> str:
        return str(self.outputs["cloudfront_domain_name"])

    def running_release(self) -> str:
        answer = self.cloud.ask(self.domain, "/api/health")
        assert answer.status == 200, answer
        return str(answer.json()["release_id"])

    def call_log(self) -> CallLog:
        return CallLog(self.cloud.call_log)

    def receipts(self) -> list[dict[str, t.Any]]:
        """Return the receipts kept in the clone, oldest first."""
        folder = self.clone / ".slipway" / "releases"
        found = [json.loads(path.read_text()) for path in folder.rglob("*.json")]
        return sorted(found, key=lambda receipt: str(receipt["started_at"]))
