"""Connections to the local cloud, and a count of what was asked of it."""

from __future__ import annotations

import functools
import os
import threading
import typing as t
import urllib.parse
from collections import Counter

import boto3
import botocore.client
import botocore.config
import botocore.session

from local_engine.errors import LocalEngineError

READING = ("Describe", "Get", "List", "Head", "BatchGet", "Search", "Simulate")
# The emulator's root credentials; they open nothing but the emulator.
EMULATOR_KEY = "test"


# Making a client is not thread-safe, and slow enough to be worth doing once.
_CONNECTING = threading.Lock()


@functools.cache
def _session(region: str) -> boto3.session.Session:
    """Return the region's session, which keeps the services' descriptions once they are read."""
    return boto3.session.Session(aws_access_key_id=EMULATOR_KEY, aws_secret_access_key=EMULATOR_KEY, region_name=region)


@functools.cache
def _variable(service: str) -> str:
    """Return the variable in which AWS's tools look for an address of this service alone."""
    word: str = botocore.session.get_session().get_service_model(service).service_id
    return f"AWS_ENDPOINT_URL_{word.replace(' ', '_').upper()}"


def _checked(endpoint: str) -> str:
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    if not host or host.endswith(("amazonaws.com", "amazonaws.com.cn", "api.aws")):
        raise LocalEngineError(
            f"{endpoint!r} is not the address of a local cloud. For AWS itself, use the Pulumi CLI: pulumi up."
        )
    return endpoint


class Calls:
    """How often each API operation was called."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, operation: str) -> None:
        with self._lock:
            self._counts[operation] += 1

    def writing(self) -> dict[str, int]:
        """Return the calls that change something, which is all that do not only read."""
        with self._lock:
            return {name: number for name, number in self._counts.items() if not name.startswith(READING)}

    def total(self) -> int:
        with self._lock:
            return self._counts.total()


class Cloud:
    """The clients of one region, each made once, on first use.

    What one emulator lacks another may have: C(AWS_ENDPOINT_URL_<SERVICE>) names the address of a single service.
    """

    def __init__(self, endpoint: str, region: str, calls: Calls | None = None) -> None:
        self.endpoint = _checked(endpoint)
        self.region = region
        self.calls = calls or Calls()
        self._clients: dict[str, t.Any] = {}

    def client(self, service: str) -> t.Any:
        with _CONNECTING:
            if service not in self._clients:
                self._clients[service] = self._connect(service)
            return self._clients[service]

    def _connect(self, service: str) -> t.Any:
        client: t.Any = _session(self.region).client(
            service,  # type: ignore[call-overload]  # the service is known only at run time
            endpoint_url=_checked(os.environ.get(_variable(service)) or self.endpoint),
            config=botocore.config.Config(
                retries={"mode": "standard", "total_max_attempts": 3},
                connect_timeout=5,
                read_timeout=60,
                max_pool_connections=32,
                # Bucket names must not become host names: nothing resolves them here.
                s3={"addressing_style": "path"},
            ),
        )
        client.meta.events.register("before-call", lambda model, **_: self.calls.add(model.name))
        return client


class Clouds:
    """One L(Cloud) a region, sharing the endpoint and the count."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self.home = Cloud(endpoint, region)
        self._regions = {region: self.home}

    def region(self, region: str | None) -> Cloud:
        if region is None:
            return self.home
        with self._lock:
            if region not in self._regions:
                self._regions[region] = Cloud(self._endpoint, region, self.home.calls)
            return self._regions[region]


__all__ = ("Calls", "Cloud", "Clouds")
