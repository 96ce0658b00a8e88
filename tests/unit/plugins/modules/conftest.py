# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module's C(main()) as Ansible would, against servers that really answer the AWS API.

* ``run_module(module, params, check=False, diff=False)`` returns the result the module printed.
* ``moto_endpoint`` and ``ministack_endpoint`` are the addresses of two such servers, empty at the start of each test.
  A run starts each of them once, and only when a collected test asks for it.
* ``connection`` makes the connection options for an endpoint, ``client`` a boto3 client.
* ``api_calls`` lists the API calls made during the test, for instance ``["s3:ListObjectsV2"]``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.error
import urllib.request
from unittest import mock

import boto3
import botocore.client
import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as module_warnings

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "ap-northeast-1"
# Both are improbable as part of a value: Ansible masks a secret wherever its text shows up in a result.
ACCESS_KEY = "slipway-unit-test-access"
SECRET_KEY = "slipway-unit-test-secret"


# --- modules -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _module_arguments(arguments: dict[str, t.Any]) -> Iterator[None]:
    try:
        testing = importlib.import_module("ansible.module_utils.testing")
    except ImportError:  # ansible-core before 2.19
        encoded = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        with mock.patch.object(basic, "_ANSIBLE_ARGS", encoded):
            yield
    else:
        with testing.patch_module_args(arguments):
            yield


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, t.Any]]:
    """Call a module's C(main()) and return what it printed; C(failed) is set when it gave up."""

    def run(module: t.Any, params: dict[str, t.Any], *, check: bool = False, diff: bool = False) -> dict[str, t.Any]:
        # In one process, the warnings of an earlier run would be reported again.
        module_warnings._global_warnings.clear()
        capsys.readouterr()
        arguments = {**params, "_ansible_check_mode": check, "_ansible_diff": diff}
        with _module_arguments(arguments), pytest.raises(SystemExit) as stopped:
            module.main()
        printed = capsys.readouterr()
        result: dict[str, t.Any] = json.loads(printed.out)
        assert bool(stopped.value.code) == bool(result.get("failed")), printed
        return result

    return run


# --- servers -----------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Server:
    """A program that answers the AWS API on a port of its own."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    health: str
    reset: str
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    folder: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.port = _free_port()
        self.folder = tempfile.mkdtemp(prefix=f"slipway-{self.name}-")
        places = {"port": str(self.port), "folder": self.folder}
        self.process = subprocess.Popen(
            [sys.executable, *(argument.format(**places) for argument in self.arguments)],
            env={**_neutral_environment(), **{k: v.format(**places) for k, v in self.environment.items()}},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"{self.name} stopped with exit code {self.process.returncode}."
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(self.url + self.health, timeout=5).close()
                return
            time.sleep(0.1)
        pytest.fail(f"{self.name} did not answer on {self.url} within 60 seconds.")

    def empty(self) -> str:
        """Forget everything stored so far, and return the address."""
        urllib.request.urlopen(urllib.request.Request(self.url + self.reset, method="POST"), timeout=30).close()
        return self.url

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(timeout=10)
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


SERVERS = {
    "moto_endpoint": Server(
        name="moto",
        arguments=["-m", "moto.server", "-H", "127.0.0.1", "-p", "{port}"],
        environment={},
        health="/moto-api/data.json",
        reset="/moto-api/reset",
    ),
    "ministack_endpoint": Server(
        name="ministack",
        arguments=["-m", "ministack"],
        environment={
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": "{port}",
            "MINISTACK_REGION": REGION,
            "DOCKER_HOST": "unix:///nonexistent",
            "TMPDIR": "{folder}",
        },
        health="/_ministack/health",
        reset="/_ministack/reset",
    ),
}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers here, not in a fixture: some runners fork for every test, and would start one each time."""
    if session.config.option.collectonly:
        return
    for fixture, server in SERVERS.items():
        if server.process is None and any(fixture in getattr(item, "fixturenames", ()) for item in session.items):
            server.start()


def pytest_sessionfinish() -> None:
    for server in SERVERS.values():
        server.stop()


@pytest.fixture
def moto_endpoint() -> str:
    """The address of a moto server that holds nothing yet."""
    return SERVERS["moto_endpoint"].empty()


@pytest.fixture
def ministack_endpoint() -> str:
    """The address of a MiniStack that holds nothing yet (and has no container engine)."""
    return SERVERS["ministack_endpoint"].empty()


# --- the AWS side of a test --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever account the person at the keyboard is logged in to, these tests never see it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def connection() -> Callable[[str], dict[str, t.Any]]:
    """Make the connection options of a module for an endpoint."""

    def options(endpoint: str) -> dict[str, t.Any]:
        return {"endpoint_url": endpoint, "region": REGION, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}

    return options


@pytest.fixture
def client() -> Callable[[str, str], t.Any]:
    """Make a boto3 client to prepare and to inspect: C(client("s3", endpoint))."""

    def make(service: str, endpoint: str) -> t.Any:
        return boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION).client(service, endpoint_url=endpoint)

    return make


@pytest.fixture
def api_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the API calls of this process from here on; clear it after preparing."""
    calls: list[str] = []
    genuine = botocore.client.BaseClient._make_api_call

    def listen(self: t.Any, operation_name: str, api_params: dict[str, t.Any]) -> t.Any:
        calls.append(f"{self.meta.service_model.service_name}:{operation_name}")
        return genuine(self, operation_name, api_params)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", listen)
    return calls


def _neutral_environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BOTO", "MOTO_", "MINISTACK_"))}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
