# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A connection that keeps one deadline for all it does, and may lead somewhere else than the URL says.

A socket's own time-out starts anew with every byte that arrives, so a server that drips could hold us for ever.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from _typeshed import WriteableBuffer


class Deadline:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def left(self) -> float:
        """Return the seconds that are left; there being none is a time-out."""
        left = self.seconds - self.elapsed
        if left <= 0:
            raise TimeoutError("The deadline has passed.")
        return left


class _TimedReader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._connected = connected
        self._deadline = deadline
        self.received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connected.settimeout(self._deadline.left())
        count = self._connected.recv_into(buffer)
        self.received += count
        return count


class _TimedSocket:
    """As much of a socket as ``http.client`` uses."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._connected = connected
        self._deadline = deadline
        self.reader = _TimedReader(connected, deadline)

    def sendall(self, data: bytes) -> None:
        self._connected.settimeout(self._deadline.left())
        self._connected.sendall(data)

    def makefile(self, *_arguments: t.Any, **_options: t.Any) -> io.BufferedReader:
        return io.BufferedReader(self.reader)

    def close(self) -> None:
        """``http.client`` calls this while the answer is still being read; L(RoutedConnection.hang_up) closes."""


class RoutedConnection(http.client.HTTPConnection):
    """One request to one origin. The Host header and the name TLS asks for are always those of the URL."""

    def __init__(
        self, host: str, port: int, *, address: tuple[str, int], tls: ssl.SSLContext | None, deadline: Deadline
    ) -> None:
        super().__init__(host, port)
        # Otherwise a Host header would spell out the port of https.
        self.default_port = 443 if tls else 80
        self._address = address
        self._tls = tls
        self._deadline = deadline
        self._wire: socket.socket | None = None
        self._timed: _TimedSocket | None = None

    @property
    def missing(self) -> str | None:
        """What the connection has not come to yet, or nothing once requests can be sent."""
        if self._timed is not None:
            return None
        return "accept a connection" if self._wire is None else "agree on TLS"

    @property
    def received(self) -> int:
        """The bytes that have arrived so far, headers included."""
        return self._timed.reader.received if self._timed else 0

    def connect(self) -> None:
        self._wire = _dial(self._address, self._deadline)
        if self._tls is not None:
            self._wire.settimeout(self._deadline.left())
            self._wire = self._tls.wrap_socket(self._wire, server_hostname=self.host)
        self._timed = self.sock = _TimedSocket(self._wire, self._deadline)

    def hang_up(self) -> None:
        self.close()
        if self._wire is not None:
            self._wire.close()


def _dial(address: tuple[str, int], deadline: Deadline) -> socket.socket:
    """Try each address of a name; none of them may use up the time of those after it."""
    found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
    refusal: OSError = OSError("The name has no address.")
    for position, (family, kind, protocol, _name, numeric) in enumerate(found):
        candidate = socket.socket(family, kind, protocol)
        try:
            candidate.settimeout(deadline.left() / (len(found) - position))
            candidate.connect(numeric)
            candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            candidate.close()
            refusal = error
        else:
            return candidate
    raise refusal


class ConnectTo:
    """Where to connect instead, by C(host:port) or by C(host) for all its ports."""

    def __init__(self, overrides: Mapping[str, t.Any]) -> None:
        self._overrides = {key.lower(): _host_and_port(key, str(place)) for key, place in overrides.items()}

    def address(self, host: str, port: int) -> tuple[str, int]:
        host = host.lower()
        bracketed = f"[{host}]" if ":" in host else host
        for key in (f"{bracketed}:{port}", bracketed, host):
            if key in self._overrides:
                return self._overrides[key]
        return host, port


def _host_and_port(key: str, place: str) -> tuple[str, int]:
    host, separator, port = place.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SlipwayError(
            f"connect_to leads '{key}' to '{place}', which is not a place to connect to.",
            hint="Write host:port, for instance 127.0.0.1:8080 or [::1]:8080.",
        )
    return host, int(port)


__all__ = ("ConnectTo", "Deadline", "RoutedConnection")
