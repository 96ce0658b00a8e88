# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which operation a request asks for, and the record of all that were asked for."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import threading
import typing as t
from urllib.parse import parse_qs

OPERATION = re.compile(r"/operation/(\w+)")
SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([\w-]+)/aws4_request")
BODY_LIMIT = 1024 * 1024
# Nothing else of a request is kept: it might be secret.
NAMES = ("cluster", "service", "services", "taskDefinition", "family", "serviceDeploymentArn", "forceNewDeployment")
READS = ("Describe", "List", "Get", "Head", "BatchGet", "GET ", "HEAD ", "Simulate", "Filter")


@dataclasses.dataclass
class Call:
    """One call, as the record has it."""

    at: float
    api: str
    operation: str
    writes: bool
    names: dict[str, t.Any]
    status: int = 0
    faults: tuple[str, ...] = ()

    def as_json(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


class Record:
    """All calls since the beginning, or since somebody had it forget them."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def add(self, call: Call) -> Call:
        with self._lock:
            self._calls.append(call)
        return call

    def calls(self) -> list[Call]:
        with self._lock:
            return list(self._calls)

    def forget(self) -> None:
        with self._lock:
            self._calls.clear()


def read_call(environ: dict[str, t.Any], now: float) -> Call:
    """Return what a request asks for, in whichever protocol, and leave the request readable."""
    found = SERVICE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    body = _body(environ)
    operation = _operation(environ, body)
    return Call(
        at=now,
        api=found[1] if found else "",
        operation=operation,
        writes=not operation.startswith(READS),
        names=_names(body),
    )


def _body(environ: dict[str, t.Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= BODY_LIMIT:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _operation(environ: dict[str, t.Any], body: bytes) -> str:
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rpartition(".")[2]
    if found := OPERATION.search(environ["PATH_INFO"]):
        return found[1]
    if "form-urlencoded" in str(environ.get("CONTENT_TYPE", "")):
        action = parse_qs(str(body, "latin-1")).get("Action")
        if action:
            return action[0]
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _names(body: bytes) -> dict[str, t.Any]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return {name: content[name] for name in NAMES if name in content} if isinstance(content, dict) else {}
