"""Shared: recorded programs, and a local cloud for the tests that need a real one."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from local_engine.cloud import Cloud
from local_engine.display import Display
from local_engine.operations import Operations

from tests.recorded_program import PROGRAM, REGION, Program, record

STACKS = ("qa-chatbot-local", "qa-chatbot-dev", "qa-chatbot-prod")
SECONDS_TO_START = 60.0


def pytest_configure(config: pytest.Config) -> None:
    # The provider's package deprecates its own old names while it is imported.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:pulumi_aws")


@pytest.fixture(scope="session", params=STACKS)
def program(request: pytest.FixtureRequest) -> Program:
    """Each stack's program, as it would be deployed."""
    return record(request.param)


@pytest.fixture(scope="session")
def dev() -> Program:
    return record("qa-chatbot-dev")


@pytest.fixture(scope="session")
def prod() -> Program:
    return record("qa-chatbot-prod")


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[str]:
    """A MiniStack of our own. It needs no containers: nothing here runs a task."""
    command = Path(sys.executable).with_name("ministack")
    if not command.exists():
        pytest.fail(f"{command} is missing: run make setup")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("ministack") / "log"
    environment = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": "000000000000",
        "DOCKER_HOST": "unix:///nonexistent",
    }
    with log.open("wb") as output:
        process = subprocess.Popen([str(command)], env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_ministack/health", timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"MiniStack did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


class Workshop:
    """A project folder, a backend and a cloud to try things in. The paths have spaces in them."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.project = folder / "my project"
        self.state = folder / "my state"
        self.endpoint = endpoint
        self.cloud = Cloud(endpoint, REGION)
        self.text = ""

    def copy_program(self) -> None:
        shutil.copytree(
            PROGRAM, self.project, ignore=shutil.ignore_patterns("tests", "__pycache__", ".*", "local_engine")
        )

    def write_program(self, source: str, stack: str = "try", config: str = "") -> None:
        self.project.mkdir(exist_ok=True)
        (self.project / "Pulumi.yaml").write_text("name: workshop\nruntime: python\n", encoding="utf-8")
        (self.project / f"Pulumi.{stack}.yaml").write_text(
            f"config:\n  aws:region: {REGION}\n{config}", encoding="utf-8"
        )
        (self.project / "__main__.py").write_text(source, encoding="utf-8")

    @property
    def backend(self) -> str:
        return self.state.as_uri()

    def operations(self, stack: str = "try", *, preview: bool = False) -> Operations:
        stream = _Tee(self)
        return Operations(
            self.project,
            stack,
            backend=self.backend,
            endpoint=self.endpoint,
            display=Display(stream, preview=preview),
        )

    def checkpoint(self, stack: str = "try", project: str = "workshop") -> Path:
        return self.state / ".pulumi" / "stacks" / project / f"{stack}.json"


class _Tee(io.StringIO):
    """Keeps what was printed where the test can see it."""

    def __init__(self, workshop: Workshop) -> None:
        super().__init__()
        self._workshop = workshop
        workshop.text = ""

    def write(self, text: str) -> int:
        self._workshop.text += text
        return super().write(text)


def empty(endpoint: str) -> None:
    """Make the emulator forget everything, whatever the test before left."""
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/_ministack/reset", method="POST"), timeout=30).close()


@pytest.fixture
def workshop(tmp_path: Path, endpoint: str) -> Workshop:
    empty(endpoint)
    return Workshop(tmp_path, endpoint)
