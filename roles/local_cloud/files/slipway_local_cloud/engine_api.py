# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few calls of the Docker Engine API that the local cloud makes, over the standard library alone.

Importing the Docker SDK takes half a second, which is most of what a run that changes nothing may cost.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import socket
import typing as t
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from .errors import LocalCloudError

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class EngineRefusal(LocalCloudError):
    """The engine answered, and the answer was no."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class EngineSilence(LocalCloudError):
    """Nobody answered at the engine's address."""


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class EngineApi:
    """One container engine, by the address that ``DOCKER_HOST`` would hold."""

    def __init__(self, host: str, timeout: float = 10.0) -> None:
        self.host = host
        self.timeout = timeout

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self.host.startswith("unix://"):
            return _SocketConnection(self.host.removeprefix("unix://"), timeout)
        address = urlsplit(self.host)
        if address.scheme in ("tcp", "http") and address.hostname in ("127.0.0.1", "localhost", "::1"):
            return http.client.HTTPConnection(address.hostname, address.port or 2375, timeout=timeout)
        raise EngineSilence(f"{self.host} is not an engine on this machine, and the local cloud needs one.")

    @contextlib.contextmanager
    def _answer(
        self, method: str, path: str, body: t.Any = None, *, timeout: float | None = None, size: int | None = None
    ) -> Iterator[tuple[http.client.HTTPConnection, http.client.HTTPResponse]]:
        connection = self._connection(timeout or self.timeout)
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(size)} if size is not None else {}
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            if response.status >= 400:
                raise EngineRefusal(response.status, _reason(response.read()))
            yield connection, response
        except (OSError, http.client.HTTPException) as error:
            raise EngineSilence(f"{self.host} did not answer: {error or type(error).__name__}.") from error
        finally:
            connection.close()

    def _json(self, method: str, path: str, *, timeout: float | None = None) -> t.Any:
        with self._answer(method, path, timeout=timeout) as (_connection, response):
            content = response.read()
        return json.loads(content) if content else None

    def ping(self, timeout: float = 2.0) -> None:
        """Raise when the engine does not answer."""
        with self._answer("GET", "/_ping", timeout=timeout):
            pass

    def gateway(self) -> str | None:
        """Return the host's address on the network that tasks join: there they reach the cloud."""
        for network in ("bridge", "podman"):
            with contextlib.suppress(EngineRefusal):
                found = self._json("GET", f"/networks/{network}")
                for block in (found.get("IPAM") or {}).get("Config") or []:
                    if block.get("Gateway"):
                        return str(block["Gateway"])
                    if block.get("Subnet"):
                        # An engine that chose the subnet by itself does not say its own address: it takes the first.
                        return str(next(ipaddress.ip_network(block["Subnet"]).hosts()))
        return None

    def image_id(self, name: str) -> str | None:
        """Return the id of an image that is already there."""
        try:
            return str(self._json("GET", f"/images/{quote(name, safe='/:@')}/json")["Id"])
        except EngineRefusal as refusal:
            if refusal.status == 404:
                return None
            raise

    def pull(self, name: str, *, first_word: float, patience: float) -> None:
        """Pull an image; give up early when the registry says nothing, later when the download stalls."""
        repository, dummy, tag = name.partition(":")
        query = urlencode({"fromImage": repository, "tag": tag or "latest"})
        with self._answer("POST", f"/images/create?{query}", timeout=first_word) as (connection, response):
            if connection.sock is not None:
                connection.sock.settimeout(patience)
            _follow(response)

    def load(self, archive: Path) -> None:
        """Load an image from a `docker save` archive."""
        with (
            archive.open("rb") as body,
            self._answer("POST", "/images/load?quiet=1", body, timeout=300, size=archive.stat().st_size) as (
                dummy,
                response,
            ),
        ):
            _follow(response)

    def untag(self, name: str) -> None:
        """Take a name away from an image, and the image with it when nothing is built upon it."""
        with contextlib.suppress(EngineRefusal):
            self._json("DELETE", f"/images/{quote(name, safe='/:@')}", timeout=60)

    def containers_of(self, instance: str) -> list[str]:
        """Return the ids of all containers that this local cloud started, on whichever port it was."""
        filters = json.dumps({"label": ["ministack.instance"]})
        found = self._json("GET", f"/containers/json?{urlencode({'all': '1', 'filters': filters})}", timeout=30)
        return [item["Id"] for item in found if _belongs(item, instance)]

    def remove_container(self, container: str) -> None:
        with contextlib.suppress(EngineRefusal):
            self._json("DELETE", f"/containers/{container}?force=1&v=1", timeout=60)

    def networks_of(self, instance: str) -> list[str]:
        filters = json.dumps({"label": ["ministack.instance"]})
        found = self._json("GET", f"/networks?{urlencode({'filters': filters})}", timeout=30)
        return [item["Id"] for item in found if _belongs(item, instance)]

    def remove_network(self, network: str) -> None:
        with contextlib.suppress(EngineRefusal):
            self._json("DELETE", f"/networks/{network}", timeout=60)


def _belongs(item: t.Mapping[str, t.Any], instance: str) -> bool:
    return str((item.get("Labels") or {}).get("ministack.instance", "")).startswith(f"{instance}:")


def _follow(response: http.client.HTTPResponse) -> None:
    """Read a progress stream to its end; the engine reports a late failure inside it, with status 200."""
    for line in response:
        with contextlib.suppress(ValueError):
            word = json.loads(line)
            if isinstance(word, dict) and word.get("error"):
                raise EngineRefusal(500, str(word["error"]))


def _reason(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace").strip()[:500]
