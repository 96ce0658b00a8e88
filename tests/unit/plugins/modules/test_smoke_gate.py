# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""M(slipway.aws.smoke_gate) against a real server on this machine, which behaves well on some paths only."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import socket
import ssl
import threading
import time
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.modules import smoke_gate

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Result = dict[str, t.Any]
Gate = t.Callable[..., Result]


# --- the server ----------------------------------------------------------------------------------------------------


class Server:
    """Speaks raw bytes, so that it can answer in ways no HTTP library would."""

    def __init__(self, *, family: socket.AddressFamily = socket.AF_INET, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.counters: dict[str, t.Iterator[int]] = {}
        self.stopping = threading.Event()
        self._tls = tls
        self._listener = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.stopping.set()
        self._listener.close()

    def nth(self, name: str) -> int:
        return next(self.counters.setdefault(name, itertools.count(1)))

    def asked(self, path: str) -> list[bytes]:
        return [request for request in self.requests if request.split(b" ")[1] == path.encode()]

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                peer, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            peer.settimeout(20)
            connected = self._tls.wrap_socket(peer, server_side=True) if self._tls else peer
            request = self._read(connected)
            self.requests.append(request)
            PATHS[request.split(b" ")[1].decode().partition("?")[0]](self, connected, request)
            if self._tls:
                connected.close()

    def _read(self, peer: socket.socket) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            received += peer.recv(65536)
        head, _blank, body = received.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += peer.recv(65536)
        return head + b"\r\n\r\n" + body


def reply(peer: socket.socket, body: bytes, status: str = "200 OK", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    peer.sendall(head.encode() + body)


def drip(server: Server, peer: socket.socket, first: bytes, piece: bytes, pause: float) -> None:
    """Never stop, and never be silent for long."""
    peer.sendall(first)
    while not server.stopping.wait(pause):
        peer.sendall(piece)


def healthy(_server: Server, peer: socket.socket, _request: bytes) -> None:
    reply(peer, json.dumps({"status": "ok", "release_id": "new"}).encode(), headers="X-Kind: json\r\n")


def chat(_server: Server, peer: socket.socket, request: bytes) -> None:
    message = json.loads(request.partition(b"\r\n\r\n")[2])["message"]
    source = "deterministic" if "time" in message else "ai"
    reply(peer, json.dumps({"answer": "…", "source": source}).encode())


def old_and_new(server: Server, peer: socket.socket, _request: bytes) -> None:
    release = "new" if server.nth("alternating") % 2 else "old"
    reply(peer, json.dumps({"release_id": release}).encode())


def new_at_last(server: Server, peer: socket.socket, _request: bytes) -> None:
    """Old and new tasks answer in turn for six requests, then only the new ones do."""
    number = server.nth("rolling")
    reply(peer, json.dumps({"release_id": "new" if number > 6 or number % 2 else "old"}).encode())


def busy_once(server: Server, peer: socket.socket, _request: bytes) -> None:
    if server.nth("busy") == 1:
        reply(peer, b"{}", "503 Service Unavailable", "Retry-After: 1\r\n")
    else:
        reply(peer, b"{}")


def endless(server: Server, peer: socket.socket, _request: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    drip(server, peer, head, b"x" * 65536, 0)


def dripping_body(server: Server, peer: socket.socket, _request: bytes) -> None:
    drip(server, peer, b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.05)


def dripping_headers(server: Server, peer: socket.socket, _request: bytes) -> None:
    drip(server, peer, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.05)


def always_continue(server: Server, peer: socket.socket, _request: bytes) -> None:
    drip(server, peer, b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05)


def silent(server: Server, _peer: socket.socket, _request: bytes) -> None:
    server.stopping.wait(20)


def five_gigabytes(server: Server, peer: socket.socket, _request: bytes) -> None:
    drip(server, peer, b"HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n", b"x" * 65536, 0)


def cut_short(_server: Server, peer: socket.socket, _request: bytes) -> None:
    peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status":')


def garbage(_server: Server, peer: socket.socket, _request: bytes) -> None:
    peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


def many_headers(server: Server, peer: socket.socket, _request: bytes) -> None:
    drip(server, peer, b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n", 0)


def hang_up(_server: Server, _peer: socket.socket, _request: bytes) -> None:
    """Say nothing; the connection is closed on the way out."""


def bad_chunks(_server: Server, peer: socket.socket, _request: bytes) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")


def redirect(place: str, status: str = "302 Found") -> Callable[[Server, socket.socket, bytes], None]:
    def answer(server: Server, peer: socket.socket, _request: bytes) -> None:
        reply(peer, b"", status, f"Location: {place.format(port=server.port)}\r\n")

    return answer


def echo(_server: Server, peer: socket.socket, request: bytes) -> None:
    """Tell everybody everything, and fail on top of it."""
    reply(peer, b"you said: " + request, "500 Internal Server Error")


PATHS: dict[str, t.Callable[[Server, socket.socket, bytes], None]] = {
    "/": lambda _server, peer, _request: reply(peer, b"<title>chat</title>", headers="Content-Type: text/html\r\n"),
    "/api/health": healthy,
    "/api/chat": chat,
    "/alternating": old_and_new,
    "/rolling": new_at_last,
    "/busy": busy_once,
    "/endless": endless,
    "/dripping-body": dripping_body,
    "/dripping-headers": dripping_headers,
    "/continue": always_continue,
    "/silent": silent,
    "/huge": five_gigabytes,
    "/cut-short": cut_short,
    "/garbage": garbage,
    "/many-headers": many_headers,
    "/hang-up": hang_up,
    "/bad-chunks": bad_chunks,
    "/loop": redirect("/loop"),
    "/moved": redirect("/api/health"),
    "/kept": redirect("/api/chat", "307 Temporary Redirect"),
    "/elsewhere": redirect("http://other.test:{port}/echo", "307 Temporary Redirect"),
    "/to-a-file": redirect("file:///etc/passwd"),
    "/echo": echo,
    "/binary": lambda _server, peer, _request: reply(peer, bytes(range(256))),
    "/error": lambda _server, peer, _request: reply(peer, b"it is broken", "500 Internal Server Error"),
}


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.stop()


@pytest.fixture
def gate(run_module: Callable[..., Result], server: Server) -> Gate:
    def run(*checks: Result, check_mode: bool = False, **options: t.Any) -> Result:
        params = {"url": f"http://{server.place}", "checks": list(checks), **options}
        return run_module(smoke_gate, params, check=check_mode)

    return run


def once(path: str, **check: t.Any) -> Result:
    """Describe a check that is attempted once."""
    return {"name": "only", "path": path, "attempts": 1, **check}


# --- answers as they should be -------------------------------------------------------------------------------------


def test_the_reference_checks_pass(gate: Gate, server: Server) -> None:
    result = gate(
        {"name": "front-end", "path": "/", "required": False, "expect": {"text_contains": "<title>"}},
        {"name": "health", "path": "/api/health", "expect": {"json": {"status": "ok"}, "headers": {"x-kind": "json"}}},
        {"name": "chat", "path": "/api/chat", "json": {"message": "What time is it?"},
         "expect": {"json": {"source": "deterministic"}}},
        {"name": "ai", "path": "/api/chat", "json": {"message": "Why?"}, "expect": {"json": {"source": "ai"}}},
    )  # fmt: skip
    assert (result["outcome"], result["passed"], result["changed"]) == ("passed", True, False)
    assert {name: check["outcome"] for name, check in result["checks"].items()} == dict.fromkeys(
        ["front-end", "health", "chat", "ai"], "passed"
    )
    attempt = result["checks"]["chat"]["attempts"][0]
    assert (attempt["status"], attempt["expected"]) == (200, 'status 200, source = "deterministic"')
    assert len(result["evidence"]) == 4
    assert b"accept-encoding: identity" in server.requests[0].lower()


def test_a_failed_check_is_named_with_what_was_expected_and_what_came(gate: Gate) -> None:
    result = gate(once("/error"), {"name": "health", "path": "/api/health"})
    assert (result["failed"], result["outcome"], result["passed"]) == (True, "failed", False)
    assert "only: expected status 200, got status 500" in result["msg"]
    assert "health" not in result["msg"]
    assert result["checks"]["only"]["attempts"][0]["excerpt"] == "it is broken"


def test_a_failed_best_effort_is_a_warning(gate: Gate) -> None:
    result = gate({**once("/error"), "name": "extra", "required": False}, {"name": "health", "path": "/api/health"})
    assert result["outcome"] == "passed"
    assert "Best-effort check extra: expected status 200, got status 500" in json.dumps(result["warnings"])


@pytest.mark.parametrize(
    ("path", "expect", "got"),
    [
        ("/api/health", {"json": {"release_id": "newer"}}, 'release_id = "new"'),
        ("/", {"json": {"status": "ok"}}, "a body that is not JSON"),
        ("/binary", {"json": {"status": "ok"}}, "a body that is not JSON"),
        ("/endless", {"json": {"status": "ok"}}, "a body too long to read to its end"),
        ("/huge", {"text_contains": "y"}, "a text without it, in a body too long to read to its end"),
        ("/loop", {}, "redirected more than 5 times"),
        ("/to-a-file", {}, "redirected to something that is not an http or https URL"),
    ],
)
def test_an_answer_that_is_not_as_expected_is_failed(gate: Gate, path: str, expect: Result, got: str) -> None:
    result = gate(once(path, expect=expect))
    assert result["outcome"] == "failed"
    assert got in result["checks"]["only"]["attempts"][0]["got"]


# --- no complete answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/dripping-body", "did not answer completely within 1 seconds: only"),
        ("/dripping-headers", "did not answer completely within 1 seconds: only"),
        ("/continue", "did not answer completely within 1 seconds: only"),
        ("/silent", "did not answer completely within 1 seconds: nothing came"),
        ("/cut-short", "closed the connection in the middle of its answer"),
        ("/bad-chunks", "closed the connection in the middle of its answer"),
        ("/garbage", "answered something that is not HTTP"),
        ("/many-headers", "answered something that is not HTTP"),
        ("/hang-up", "closed the connection without an answer"),
    ],
)
def test_no_complete_answer_is_an_error_and_takes_no_longer_than_allowed(gate: Gate, path: str, why: str) -> None:
    started = time.monotonic()
    result = gate(once(path, timeout=1))
    # Generous, for a busy machine: without a deadline it would be twenty seconds or more.
    assert time.monotonic() - started < 5
    assert result["outcome"] == "error"
    assert why in result["checks"]["only"]["attempts"][0]["error"]
    assert why in result["msg"]


def test_an_endless_answer_is_read_to_the_limit_only(gate: Gate) -> None:
    """What does not need the body is not spoilt by one that never ends."""
    assert gate(once("/endless"))["outcome"] == "passed"


def test_a_refused_connection(gate: Gate) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        result = gate(once("/"), url=f"http://{place}")
    assert result["outcome"] == "error"
    assert (
        f"Nothing listens at {place}: the connection was refused." in result["checks"]["only"]["attempts"][0]["error"]
    )


def test_a_name_that_does_not_resolve(gate: Gate) -> None:
    result = gate(once("/"), url="http://nowhere.invalid")
    assert result["outcome"] == "error"
    assert "The name nowhere.invalid does not resolve" in result["msg"]


def test_a_server_that_accepts_nobody(gate: Gate) -> None:
    """A full backlog: the kernel neither accepts nor refuses."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        queue = [socket.socket() for dummy in range(3)]
        for waiting in queue:
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        result = gate(once("/", timeout=1), url=f"http://127.0.0.1:{full.getsockname()[1]}")
        for waiting in queue:
            waiting.close()
    assert "did not accept a connection within 1 seconds" in result["msg"]


def test_ipv6_only(gate: Gate) -> None:
    try:
        server = Server(family=socket.AF_INET6)
    except OSError:
        pytest.skip("This machine has no IPv6.")
    assert gate(once("/api/health"), url=f"http://[::1]:{server.port}")["outcome"] == "passed"
    assert f"Host: [::1]:{server.port}".encode() in server.requests[0]
    server.stop()


# --- the new release -----------------------------------------------------------------------------------------------


def test_old_and_new_in_turn_do_not_pass(gate: Gate) -> None:
    result = gate(
        {"name": "home", "path": "/"},
        expect_release="new",
        release_path="/alternating",
        release_consecutive_success=2,
        release_attempts=12,
        release_interval=0.01,
    )
    assert result["outcome"] == "failed"
    assert 'release: expected release_id = "new", got release_id = "old"' in result["msg"]
    assert "not 2 in a row" in result["checks"]["release"]["reason"]
    assert result["checks"]["home"] == {
        "outcome": "inconclusive",
        "required": True,
        "reason": "not attempted, because release did not pass",
        "attempts": [],
    }


def test_only_the_new_release_several_times_in_a_row_passes(gate: Gate, server: Server) -> None:
    result = gate(
        {"name": "home", "path": "/"},
        expect_release="new",
        release_path="/rolling",
        release_consecutive_success=3,
        release_interval=0.01,
    )
    assert result["outcome"] == "passed"
    # new old new old new old new new new
    assert len(result["checks"]["release"]["attempts"]) == 9
    paths = [request.split(b" ")[1] for request in server.requests]
    assert paths == [b"/rolling"] * 9 + [b"/"]


def test_the_expected_release_alone_makes_a_gate(gate: Gate) -> None:
    result = gate(expect_release="new", release_consecutive_success=2, release_interval=0)
    assert (result["outcome"], list(result["checks"])) == ("passed", ["release"])


def test_retry_after_is_honoured(gate: Gate) -> None:
    started = time.monotonic()
    result = gate({"name": "busy", "path": "/busy", "interval": 0.01})
    assert result["outcome"] == "passed"
    assert [attempt["status"] for attempt in result["checks"]["busy"]["attempts"]] == [503, 200]
    assert time.monotonic() - started >= 1


# --- where to connect, and whom to trust ---------------------------------------------------------------------------


def test_connect_to_keeps_the_host_header(gate: Gate, server: Server) -> None:
    result = gate(once("/api/health"), url="http://www.shop.test", connect_to={"www.shop.test": server.place})
    assert result["outcome"] == "passed"
    assert b"\r\nHost: www.shop.test\r\n" in server.requests[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate for www.shop.test that nobody has signed but itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.shop.test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("www.shop.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    started = Server(tls=context)
    yield started
    started.stop()


@pytest.mark.parametrize(
    ("host", "options", "outcome", "told"),
    [
        ("www.shop.test", {}, "error", "is not trusted: self-signed certificate"),
        ("www.shop.test", {"validate_certs": False}, "passed", ""),
        ("www.shop.test", {"ca_path": "certificate"}, "passed", ""),
        ("www.else.test", {"ca_path": "certificate"}, "error", "is not trusted: Hostname mismatch"),
    ],
)
def test_certificates(
    gate: Gate, tls_server: Server, certificate: tuple[Path, Path], host: str, options: Result, outcome: str, told: str
) -> None:
    if "ca_path" in options:
        options = {"ca_path": str(certificate[0])}
    result = gate(once("/api/health"), url=f"https://{host}", connect_to={host: tls_server.place}, **options)
    assert result["outcome"] == outcome
    assert told in result.get("msg", "")


def test_tls_with_a_server_that_speaks_none(gate: Gate, server: Server) -> None:
    """Ours waits for a request that never comes."""
    result = gate(once("/", timeout=1), url=f"https://{server.place}")
    assert result["outcome"] == "error"
    assert f"{server.place} did not agree on TLS within 1 seconds" in result["msg"]


def test_tls_with_a_server_that_answers_something_else(gate: Gate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            peer, _address = listener.accept()
            with peer:
                reply(peer, b"plain", "400 Bad Request")

        threading.Thread(target=answer, daemon=True).start()
        result = gate(once("/"), url=f"https://127.0.0.1:{listener.getsockname()[1]}")
    assert result["outcome"] == "error"
    assert "does not speak TLS as expected" in result["msg"]


# --- redirects -----------------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_reported(gate: Gate, server: Server) -> None:
    result = gate(once("/moved", method="POST", json={"a": 1}, expect={"json": {"status": "ok"}}))
    assert result["outcome"] == "passed"
    assert result["checks"]["only"]["attempts"][0]["redirects"] == [f"http://{server.place}/api/health"]
    followed = server.asked("/api/health")[0]
    assert followed.startswith(b"GET ")
    assert b"content-type" not in followed.lower()


def test_a_redirect_that_keeps_the_method_keeps_the_body(gate: Gate) -> None:
    result = gate(once("/kept", json={"message": "What time is it?"}, expect={"json": {"source": "deterministic"}}))
    assert result["outcome"] == "passed"


def test_an_expected_redirect_is_not_followed(gate: Gate, server: Server) -> None:
    result = gate(once("/moved", expect={"status": 302, "headers": {"Location": "/api/health"}}))
    assert result["outcome"] == "passed"
    assert server.asked("/api/health") == []


def test_secrets_are_not_sent_to_another_host(gate: Gate, server: Server) -> None:
    gate(
        once("/elsewhere", json={"password": "hush-hush-body"}),
        headers={"Authorization": "Bearer hush-hush-token", "Accept": "text/html"},
        connect_to={"other.test": server.place},
    )
    [first] = server.asked("/elsewhere")
    [second] = server.asked("/echo")
    assert b"hush-hush-token" in first
    assert b"hush-hush-body" in first
    assert b"hush-hush" not in second
    assert b"text/html" in second


# --- secrets, check mode, bad input --------------------------------------------------------------------------------


def test_no_secret_comes_back(gate: Gate, server: Server) -> None:
    """The server echoes all it was told; the result repeats none of it, not even the options it was given."""
    secrets = {
        "authorization": "Bearer hush-authorization",
        "cookie": "hush-cookie",
        "odd": "hush-odd-header",
        "body": "hush-password",
        "raw": "hush raw body",
        "query": "hush-query",
    }
    result = gate(
        once("/echo?token=hush-query", name="json", headers={"Cookie": f"a={secrets['cookie']}"},
             json={"user": "me", "password": secrets["body"]}),
        once("/echo", name="raw", body=secrets["raw"]),
        headers={"Authorization": secrets["authorization"], "X-Odd": secrets["odd"]},
    )  # fmt: skip
    assert len(server.requests) == 2
    assert "you said: POST /echo" in json.dumps(result)
    assert "hush" not in json.dumps(result)


def test_check_mode_sends_nothing_and_does_not_pass(gate: Gate, server: Server) -> None:
    result = gate(once("/api/health"), check_mode=True, expect_release="new")
    assert server.requests == []
    assert (result["outcome"], result["passed"], result["skipped"]) == ("skipped", False, True)
    assert {name: check["outcome"] for name, check in result["checks"].items()} == {
        "release": "skipped",
        "only": "skipped",
    }


@pytest.mark.parametrize("check_mode", [False, True])
def test_bad_input_is_refused_in_check_mode_too(gate: Gate, server: Server, check_mode: bool) -> None:
    result = gate({"name": "health", "pth": "/"}, check_mode=check_mode)
    assert result["failed"]
    assert result["msg"] == "Check 'health' has an unknown option 'pth'. Did you mean 'path'?"
    assert (result["outcome"], result["passed"]) == ("error", False)
    assert server.requests == []


def test_a_gate_without_checks_fails(gate: Gate) -> None:
    result = gate()
    assert result["failed"]
    assert (result["outcome"], result["passed"]) == ("inconclusive", False)


def test_best_efforts_alone_do_not_pass(gate: Gate) -> None:
    result = gate({"name": "home", "path": "/", "required": False})
    assert result["failed"]
    assert result["outcome"] == "inconclusive"
    assert "no required check" in result["msg"]
