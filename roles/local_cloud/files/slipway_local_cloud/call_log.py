# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal of every AWS API call: one JSON line each, so that demos and tests can count what a run wrote.

Traffic to what the cloud serves (load balancers, distributions, functions, the image registry) is no API call and is
not written down. MiniStack's own router and IAM tables say which service and action a request is.
"""

from __future__ import annotations

import datetime
import importlib
import json
import logging
import os
import re
import time
import typing as t
from pathlib import Path
from urllib.parse import parse_qs

if t.TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Scope = dict[str, t.Any]
    Message = dict[str, t.Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger("slipway.calls")

# A name of an action that begins like this changes nothing. Running a model or a query is reading, too.
READS = re.compile(
    r"(Get|List|Describe|Head|BatchGet|BatchDescribe|BatchCheck|Query|Scan|Select|Search|Lookup|Filter|Simulate|"
    r"Validate|Test|Check|Preview|Estimate|Converse|InvokeModel|AssumeRole|Decrypt|Verify|StartQuery|StartLiveTail)"
)
# As much of a request as it takes to see what it is about; an upload goes through unread beyond it.
BODY_LIMIT = 256 * 1024


class Call(t.NamedTuple):
    """One API call, in the order of a sentence: who asked which service for what, about what."""

    service: str
    action: str
    access: str
    resource: str


class CallLog:
    """An ASGI application around another: passes everything through and writes down the API calls."""

    def __init__(self, application: Application, journal: Path, region: str, account: str) -> None:
        self._application = application
        self._region = region
        self._account = account
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o644)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_data_plane(scope["method"], scope["path"], headers_of(scope)):
            await self._application(scope, receive, send)
            return
        body = bytearray()
        begun = time.monotonic()
        written = False

        def write(status: int) -> None:
            nonlocal written
            written = True
            self._write(scope, bytes(body), status, time.monotonic() - begun)

        async def listen() -> Message:
            message = await receive()
            if message["type"] == "http.request" and len(body) < BODY_LIMIT:
                body.extend(message.get("body", b"")[: BODY_LIMIT - len(body)])
            return message

        async def speak(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Before the answer leaves: who has it in hand finds the call written down.
                write(message["status"])
            await send(message)

        try:
            await self._application(scope, listen, speak)
        finally:
            if not written:
                write(0)

    def _write(self, scope: Scope, body: bytes, status: int, seconds: float) -> None:
        headers = headers_of(scope)
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        try:
            call = classify(scope["method"], scope["path"], headers, query, body, self._region, self._account)
        except Exception:  # a journal must never break what it writes about
            logger.exception("%s %s could not be classified", scope["method"], scope["path"])
            call = Call("unknown", "Unknown", "write", scope["path"])
        now = datetime.datetime.now(datetime.UTC)
        line = {
            "time": now.isoformat(timespec="milliseconds"),
            **call._asdict(),
            "status": status,
            "seconds": round(seconds, 3),
            "user_agent": headers.get("user-agent", ""),
            "source": (scope.get("client") or [""])[0],
        }
        # One write to a file opened for appending: lines of calls at the same time do not mix.
        os.write(self._journal, (json.dumps(line) + "\n").encode())


def headers_of(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}


def is_data_plane(method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a request goes to something the cloud serves, or to the emulator itself."""
    app = importlib.import_module("ministack.app")
    host = headers.get("host", "")
    return bool(
        method == "OPTIONS"
        or path.startswith(("/_", "/v4/", "/v2/credentials/", "/latest/"))
        or app._is_ecr_registry_path(path)
        or app._parse_cloudfront_dataplane_host(host)
        or app._is_potential_alb_request(host, path)
        or app._parse_lambda_url(host, path)
        or app._parse_execute_api_url(host, path)
    )


def classify(
    method: str, path: str, headers: dict[str, str], query: dict[str, list[str]], body: bytes, region: str, account: str
) -> Call:
    """Say which service was asked to do what, whether that writes, and about what."""
    app = importlib.import_module("ministack.app")
    tables = importlib.import_module("ministack.core.iam_actions")
    bucket = app._extract_s3_vhost_bucket(headers.get("host", ""))
    if bucket and bucket not in app._NON_S3_VHOST_NAMES:
        path = f"/{bucket}{path}"
    parameters = app._routing_params(method, path, headers, body, query)
    service = str(app.detect_service(method, path, headers, parameters))
    named = tables.extract_iam_action(service, method, path, headers, body, parameters)
    # Of services that the emulator has not, some say in a header what they are asked.
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    action = str(named).rpartition(":")[2] if named else target or method
    if service == "s3" and method == "HEAD":
        action = "HeadObject" if path.strip("/").count("/") else "HeadBucket"
    resource = main_resource(body) or str(
        tables.extract_resource_arn(service, method, path, headers, body, parameters, region, account)
    )
    return Call(service, action, access_of(action, method), resource)


def access_of(action: str, method: str) -> str:
    """Tell ``read`` from ``write``; an action without a name is judged by its method."""
    if action == method:
        return "read" if method in ("GET", "HEAD") else "write"
    return "read" if READS.match(action) else "write"


def main_resource(body: bytes) -> str:
    """Return what an ECS-like request is about. The IAM tables name only the cluster, whatever happens inside it."""
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    if isinstance(content.get("service"), str):
        cluster = str(content.get("cluster") or "default").rpartition("/")[2]
        return f"service/{cluster}/{content['service'].rpartition('/')[2]}"
    if isinstance(content.get("family"), str):
        return f"task-definition/{content['family']}"
    return ""
