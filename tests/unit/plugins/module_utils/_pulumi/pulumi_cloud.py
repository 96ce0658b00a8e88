# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for Pulumi Cloud: as much of its REST API as somebody needs who reads stacks, the Pulumi CLI included.

It is strict. A request with a path, a method, a parameter or a header the API does not have is refused, and written
down in C(complaints) besides, so that a test can ask for there being none.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import gzip
import hashlib
import http.server
import json
import os
import re
import shutil
import ssl
import threading
import typing as t
import urllib.parse
from pathlib import Path

import pytest
from pulumi_state import SECRET_MARK, SIGNATURE, checkpoint

TOKEN = "pul-0123456789abcdef0123456789abcdef01234567"
USER = "someone"
ACCEPT = re.compile(r"application/vnd\.pulumi\+[89]")
NAME = "([A-Za-z0-9_.-]+)"
STACK = f"/api/stacks/{NAME}/{NAME}/{NAME}"
# What a service answers for a stack no update ever wrote.
NOTHING = {"manifest": {"time": "0001-01-01T00:00:00Z", "magic": "", "version": ""}}

# Where to find the true CLI if it is not on the PATH.
CLI_VARIABLE = "SLIPWAY_PULUMI"

Json = t.Any
Handler = t.Callable[..., Json]


@dataclasses.dataclass
class CloudStack:
    """One stack, as the service keeps it."""

    organization: str
    project: str
    name: str
    deployment: Json
    updates: list[Json]
    operation: Json = None

    @property
    def path(self) -> str:
        return f"{self.organization}/{self.project}/{self.name}"

    @property
    def last_update(self) -> int | None:
        # The API writes a zero while an update is under way.
        return 0 if self.operation else (self.updates[-1]["startTime"] if self.updates else None)


@dataclasses.dataclass
class Answer:
    """What to answer instead of the truth. C(cut) ends the connection that many bytes before the end."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    cut: int | None = None
    chunked: bool = False


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request somebody made."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Json


class RefusedError(Exception):
    """The service says no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class PulumiCloud:
    """The service, on a port of its own; C(with) runs it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.stacks: dict[str, CloudStack] = {}
        self.asked: list[Asked] = []
        self.complaints: list[str] = []
        self.page_size = 100
        self.default_organization: str | None = USER
        self.batches = True
        self._instead: list[tuple[str, list[Answer]]] = []
        service = self

        class Requests(_Requests):
            cloud = service

        self._server = _Server(("127.0.0.1", 0), Requests)
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> PulumiCloud:
        self._thread.start()
        return self

    def __exit__(self, *words: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(
        self, path: str, outputs: dict[str, Json] | None = None, *, result: str = "succeeded", **latest: Json
    ) -> CloudStack:
        """Keep a stack whose last update ended; C(latest) replaces parts of the deployment."""
        organization, project, name = path.split("/")
        provider = {"url": self.url, "owner": organization, "project": project, "stack": name}
        latest = {"secrets_providers": {"type": "service", "state": provider}} | latest
        state = checkpoint(outputs, project=project, stack=name, **latest)
        update = {
            "kind": "update",
            "result": result,
            "startTime": 1700000000 + len(self.stacks),
            "endTime": 1700000060 + len(self.stacks),
            "message": "an update",
            "environment": {},
            "config": {
                "shop:size": {"string": "3", "secret": False, "object": False},
                "shop:key": {"string": "c2VhbGVk", "secret": True, "object": False},
            },
            "version": 1,
            "resourceChanges": {"create": 2},
        }
        return self.put(CloudStack(organization, project, name, state["checkpoint"]["latest"], [update]))

    def add_new(self, path: str) -> CloudStack:
        """Keep a stack nobody ever updated."""
        organization, project, name = path.split("/")
        return self.put(CloudStack(organization, project, name, NOTHING, []))

    def put(self, stack: CloudStack) -> CloudStack:
        self.stacks[stack.path] = stack
        return stack

    def instead(self, path: str, *answers: Answer) -> None:
        """Give these answers, one after the other, to requests whose path holds these words; then tell the truth."""
        self._instead.append((path, list(answers)))

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    # What the service knows.

    def secret(self, path: str, value: Json) -> dict[str, str]:
        """Return the mark for a secret output of a stack."""
        sealed = base64.b64encode(_turned(path, json.dumps(value).encode())).decode()
        return {SIGNATURE: SECRET_MARK, "ciphertext": sealed}

    def answer(self, asked: Asked) -> Answer:
        for words, answers in self._instead:
            if words in asked.path and answers:
                return answers.pop(0)
        if asked.headers.get("authorization") != f"token {TOKEN}":
            raise RefusedError(401, "Unauthorized: no credentials provided or are invalid.")
        if not ACCEPT.fullmatch(asked.headers.get("accept", "")):
            raise self._complained(400, f"{asked.path}: the header Accept is {asked.headers.get('accept')!r}")
        for method, pattern, parameters, handler in ROUTES:
            match = re.fullmatch(pattern, asked.path)
            if match and method == asked.method:
                unknown = asked.query.keys() - parameters
                if unknown:
                    raise self._complained(400, f"{asked.path}: unknown parameters {sorted(unknown)}")
                return Answer(body=json.dumps(handler(self, asked, *match.groups())).encode())
        raise self._complained(404, f"{asked.method} {asked.path}: no such endpoint")

    def _complained(self, status: int, message: str) -> RefusedError:
        self.complaints.append(message)
        return RefusedError(status, message)

    def _stack(self, *names: str) -> CloudStack:
        path = "/".join(names)
        if path not in self.stacks:
            raise RefusedError(404, f"Not Found: Stack '{path}' not found")
        return self.stacks[path]

    def user(self, dummy: Asked) -> Json:
        return {
            "id": "1",
            "githubLogin": USER,
            "name": "Someone",
            "email": "someone@example.com",
            "avatarUrl": "",
            "organizations": [{"githubLogin": USER, "name": USER, "avatarUrl": ""}],
            "identities": ["email"],
        }

    def capabilities(self, dummy: Asked) -> Json:
        return {"capabilities": [{"capability": "batch-encrypt", "version": 1}]}

    def organization(self, dummy: Asked) -> Json:
        if self.default_organization is None:
            raise RefusedError(404, "Not Found")
        return {"GitHubLogin": self.default_organization, "Messages": []}

    def list(self, asked: Asked) -> Json:
        query = asked.query
        visible = [
            stack
            for path, stack in sorted(self.stacks.items())
            if query.get("organization") in (None, stack.organization) and query.get("project") in (None, stack.project)
        ]
        start = int(query.get("continuationToken", "0"))
        end = start + self.page_size
        page: Json = {"stacks": [_summary(stack) for stack in visible[start:end]]}
        return page | ({"continuationToken": str(end)} if end < len(visible) else {})

    def get(self, dummy: Asked, *names: str) -> Json:
        stack = self._stack(*names)
        return {
            "id": "1",
            "orgName": stack.organization,
            "projectName": stack.project,
            "stackName": stack.name,
            "activeUpdate": f"update-{len(stack.updates)}" if stack.updates else "",
            "tags": {"pulumi:project": stack.project},
            "version": len(stack.updates),
        } | ({"currentOperation": stack.operation} if stack.operation else {})

    def updates(self, asked: Asked, *names: str) -> Json:
        size, page = int(asked.query["pageSize"]), int(asked.query["page"])
        newest_first = self._stack(*names).updates[::-1]
        return {"updates": newest_first[(page - 1) * size : page * size]}

    def export(self, dummy: Asked, *names: str) -> Json:
        return {"version": 3, "deployment": self._stack(*names).deployment}

    def decrypt(self, asked: Asked, *names: str) -> Json:
        return {"plaintext": self._opened(self._stack(*names), asked.body["ciphertext"])}

    def batch_decrypt(self, asked: Asked, *names: str) -> Json:
        if not self.batches:
            raise RefusedError(404, "Not Found")
        stack = self._stack(*names)
        return {"plaintexts": {text: self._opened(stack, text) for text in asked.body["ciphertexts"]}}

    def logged(self, dummy: Asked, *names: str) -> Json:
        self._stack(*names)
        return {}

    @staticmethod
    def _opened(stack: CloudStack, ciphertext: str) -> str:
        plaintext = _turned(stack.path, base64.b64decode(ciphertext))
        try:
            json.loads(plaintext)
        except ValueError:
            raise RefusedError(400, "Bad Request: the ciphertext is not one of this stack's") from None
        return base64.b64encode(plaintext).decode()


# Method, path, query parameters, and who answers.
ROUTES: tuple[tuple[str, str, set[str], Handler], ...] = (
    ("GET", "/api/user", set(), PulumiCloud.user),
    ("GET", "/api/capabilities", set(), PulumiCloud.capabilities),
    ("GET", "/api/user/organizations/default", set(), PulumiCloud.organization),
    (
        "GET",
        "/api/user/stacks",
        {"organization", "project", "tagName", "tagValue", "continuationToken"},
        PulumiCloud.list,
    ),
    ("GET", STACK, set(), PulumiCloud.get),
    ("GET", f"{STACK}/updates", {"pageSize", "page"}, PulumiCloud.updates),
    ("GET", f"{STACK}/export", set(), PulumiCloud.export),
    ("POST", f"{STACK}/decrypt", set(), PulumiCloud.decrypt),
    ("POST", f"{STACK}/batch-decrypt", set(), PulumiCloud.batch_decrypt),
    ("POST", f"{STACK}/decrypt/log-decryption", set(), PulumiCloud.logged),
    ("POST", f"{STACK}/decrypt/log-batch-decryption", set(), PulumiCloud.logged),
)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *words: object) -> None:
        """Say nothing of clients that turn away, for instance from a certificate."""


class _Requests(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud: PulumiCloud

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        content = self.rfile.read(int(headers.get("content-length", "0")))
        if headers.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        asked = Asked(
            method=self.command,
            path=address.path,
            query=dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True)),
            headers=headers,
            body=json.loads(content) if content else None,
        )
        self.cloud.asked.append(asked)
        try:
            answer = self.cloud.answer(asked)
        except RefusedError as refusal:
            message = {"code": refusal.status, "message": str(refusal)}
            answer = Answer(status=refusal.status, body=json.dumps(message).encode())
        else:
            if answer.status == 200 and "gzip" in headers.get("accept-encoding", "") and not answer.headers:
                answer = dataclasses.replace(
                    answer, body=gzip.compress(answer.body, mtime=0), headers={"Content-Encoding": "gzip"}
                )
        with contextlib.suppress(ConnectionError):
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        if answer.status == 0:  # not even a status line
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        body = answer.body
        if answer.chunked:
            body = (
                b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:]) if part) + b"0\r\n\r\n"
            )
        if answer.cut is not None:
            body = body[: len(body) - answer.cut]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


def path_of_the_true_cli() -> str:
    """Return the folder of the true Pulumi CLI, or skip the test."""
    named = os.environ.get(CLI_VARIABLE)
    found = shutil.which("pulumi", path=str(Path(named).parent) if named else None)
    if found is None:
        pytest.skip(f"no Pulumi CLI on the PATH, nor in {CLI_VARIABLE}")
    return str(Path(found).absolute().parent)


def _summary(stack: CloudStack) -> Json:
    summary = {
        "id": "1",
        "orgName": stack.organization,
        "projectName": stack.project,
        "stackName": stack.name,
        "resourceCount": len(stack.deployment.get("resources", [])),
        "links": {"self": ""},
    }
    return summary | ({"lastUpdate": stack.last_update} if stack.last_update is not None else {})


def _turned(path: str, content: bytes) -> bytes:
    """Seal or open: the same thing, with a key that is the stack's own."""
    key = hashlib.sha256(path.encode()).digest()
    return bytes(byte ^ key[index % len(key)] for index, byte in enumerate(content))
