# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the local cloud is, and how to talk to it as a browser would."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
STACK = "qa-chatbot-local"


def state_folder() -> Path:
    """Return the one ignored folder everything local lives in."""
    return Path(os.environ.get("SLIPWAY_STATE_DIR") or ROOT / ".slipway").resolve()


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back through the front door."""

    status: int
    body: bytes

    def json(self) -> t.Any:
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True)
class Cloud:
    """A running local cloud, as it describes itself."""

    endpoint_url: str
    call_log: Path

    @classmethod
    def running(cls) -> Cloud:
        endpoints = json.loads((state_folder() / "local_cloud" / "endpoints.json").read_text())
        return cls(endpoint_url=endpoints["endpoint_url"], call_log=Path(endpoints["call_log"]))

    def ask(self, domain: str, path: str, *, method: str = "GET", body: t.Any = None, timeout: float = 10) -> Answer:
        """Ask a distribution by its domain: the connection goes to the local cloud, the Host header names the site."""
        where = urlsplit(self.endpoint_url)
        connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=timeout)
        headers = {"Host": domain, "Content-Type": "application/json"}
        try:
            connection.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()


def receipts() -> list[dict[str, t.Any]]:
    """Return the receipts of all releases so far, oldest first."""
    found = [json.loads(path.read_text()) for path in (state_folder() / "releases").rglob("*.json")]
    return sorted(found, key=lambda receipt: (receipt["started_at"], receipt["finished_at"]))


def outputs() -> dict[str, t.Any]:
    """Return the outputs of the demonstration's stack, from the checkpoint its `up` wrote."""
    checkpoint = state_folder() / "pulumi" / ".pulumi" / "stacks" / "slipway" / f"{STACK}.json"
    resources = json.loads(checkpoint.read_text())["checkpoint"]["latest"]["resources"]
    stack = next(resource for resource in resources if resource["type"] == "pulumi:pulumi:Stack")
    return t.cast("dict[str, t.Any]", stack["outputs"])
