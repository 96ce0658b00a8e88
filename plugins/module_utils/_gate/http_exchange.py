# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Send one request and read its answer, within bounds of time, size and redirects.

Whatever goes wrong on the way is told in a sentence; nothing is retried here.
"""

from __future__ import annotations

import dataclasses
import http.client
import socket
import ssl
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_connection import Deadline, RoutedConnection
from ansible_collections.slipway.aws.plugins.module_utils._gate.redaction import HARMLESS_HEADERS

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ansible_collections.slipway.aws.plugins.module_utils._gate.http_connection import ConnectTo

LARGEST_BODY = 1024 * 1024
MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
PIECE = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclasses.dataclass(frozen=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    # The body was longer than we read.
    is_cut: bool
    seconds: float
    redirects: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None


class NoAnswer(SlipwayError):
    """No complete answer came back."""


class BadRedirect(SlipwayError):
    """An answer came back, and it leads nowhere."""

    def __init__(self, message: str, status: int, redirects: list[str]) -> None:
        super().__init__(message)
        self.status = status
        self.redirects = tuple(redirects)


@dataclasses.dataclass(frozen=True)
class Origin:
    """Scheme, host and port: who is asked."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        parts = urllib.parse.urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii") if parts.hostname else ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError("It is not an http or https URL with a host.")
        return cls(parts.scheme, host, port)

    def may_see_secrets_of(self, other: Origin) -> bool:
        """Say whether what was meant for the other origin may go here too: same host, and never less protected."""
        return self.host == other.host and (self == other or self.scheme == "https")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Client:
    """How to reach servers: where to connect, and whom to trust. Safe to share between threads."""

    def __init__(self, connect_to: ConnectTo, tls: ssl.SSLContext) -> None:
        self._connect_to = connect_to
        self._tls = tls

    def exchange(self, request: Request, *, timeout: float, accept: Collection[int] = ()) -> Response:
        """Send the request, follow redirects unless their status is one of C(accept), and return the answer."""
        deadline = Deadline(timeout)
        redirects: list[str] = []
        while True:
            response = self._one(request, deadline)
            place = response.header("Location")
            if response.status not in REDIRECTS or response.status in accept or place is None:
                return dataclasses.replace(response, seconds=deadline.elapsed, redirects=tuple(redirects))
            if len(redirects) == MOST_REDIRECTS:
                message = f"was redirected more than {MOST_REDIRECTS} times, which looks like a loop"
                raise BadRedirect(message, response.status, redirects)
            try:
                request = _redirected(request, response.status, place)
            except ValueError as error:
                message = "was redirected to something that is not an http or https URL"
                raise BadRedirect(message, response.status, redirects) from error
            redirects.append(request.url)

    def _one(self, request: Request, deadline: Deadline) -> Response:
        origin = Origin.of(request.url)
        connection = RoutedConnection(
            origin.host,
            origin.port,
            address=self._connect_to.address(origin.host, origin.port),
            tls=self._tls if origin.scheme == "https" else None,
            deadline=deadline,
        )
        try:
            connection.request(request.method, _target(request.url), request.body, dict(request.headers))
            answer = connection.getresponse()
            body, is_cut = _read_body(answer)
            return Response(answer.status, tuple(answer.getheaders()), body, is_cut, deadline.elapsed)
        except (OSError, http.client.HTTPException, ValueError) as error:
            address = self._connect_to.address(origin.host, origin.port)
            raise NoAnswer(_why(error, origin, address, deadline, connection)) from error
        finally:
            connection.hang_up()


def _target(url: str) -> str:
    """Return the path and query as they go over the wire."""
    parts = urllib.parse.urlsplit(url)
    path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = urllib.parse.quote(parts.query, safe="/%:@!$&'()*+,;=~?[]")
    return f"{path}?{query}" if query else path


def _redirected(request: Request, status: int, place: str) -> Request:
    url = urllib.parse.urljoin(request.url, place)
    origin, target = Origin.of(request.url), Origin.of(url)
    headers = {
        name: value
        for name, value in request.headers.items()
        # A Host header of the caller's own names the first origin, not this one.
        if target.may_see_secrets_of(origin) or (name.lower() in HARMLESS_HEADERS and name.lower() != "host")
    }
    if status in (307, 308):
        return Request(request.method, url, headers, request.body if target.may_see_secrets_of(origin) else None)
    headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return Request("HEAD" if request.method == "HEAD" else "GET", url, headers)


def _read_body(answer: http.client.HTTPResponse) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    size = 0
    while size <= LARGEST_BODY:
        piece = answer.read(PIECE)
        if not piece:
            # read(n) does not complain by itself when less came than was announced.
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
            return b"".join(pieces), False
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)[:LARGEST_BODY], True


def _why(
    error: Exception, origin: Origin, address: tuple[str, int], deadline: Deadline, connection: RoutedConnection
) -> str:
    """Say in a sentence why there is no answer. Never with text that the other side made up."""
    place = f"{address[0]}:{address[1]}"
    way = str(origin) if place == str(origin) else f"{origin} (connected to {place})"
    if isinstance(error, TimeoutError):
        if connection.missing:
            return f"{way} did not {connection.missing} within {deadline.seconds:g} seconds."
        seen = f"only {connection.received} bytes came" if connection.received else "nothing came"
        return f"{way} did not answer completely within {deadline.seconds:g} seconds: {seen}."
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message.rstrip(".") or "it could not be verified"
        return f"The certificate of {way} is not trusted: {reason}."
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence.format(way=way, host=address[0], kind=type(error).__name__)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"{way} could not be asked: {reason}."


# The first kind that fits is told, so what is more special stands first.
_SENTENCES: dict[type[Exception], str] = {
    socket.gaierror: "The name {host} does not resolve to an address.",
    UnicodeError: "The name {host} is not one that can be looked up.",
    ssl.SSLError: "{way} does not speak TLS as expected ({kind}).",
    http.client.RemoteDisconnected: "{way} closed the connection without an answer.",
    http.client.IncompleteRead: "{way} closed the connection in the middle of its answer.",
    http.client.HTTPException: "{way} answered something that is not HTTP ({kind}).",
    ConnectionRefusedError: "Nothing listens at {way}: the connection was refused.",
    ConnectionResetError: "{way} reset the connection.",
    BrokenPipeError: "{way} closed the connection before the request was sent.",
}


__all__ = ("BadRedirect", "Client", "NoAnswer", "Origin", "Request", "Response")
