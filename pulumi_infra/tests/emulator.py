"""Starts the local cloud as a process of the tests. It needs no containers: nothing in these tests runs a task."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest

REGION = "ap-northeast-1"
ACCOUNT = "000000000000"
SECONDS_TO_START = 60.0


@contextlib.contextmanager
def ministack(folder: Path, **settings: str) -> t.Iterator[str]:
    """Run a MiniStack on a free port, with its log in a folder; the value is its address."""
    command = Path(sys.executable).with_name("ministack")
    if not command.exists():
        pytest.fail(f"{command} is missing: run make setup")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = folder / "ministack.log"
    environment = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "DOCKER_HOST": "unix:///nonexistent",
        **settings,
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


def empty(endpoint: str) -> None:
    """Make the emulator forget everything, whatever the test before left."""
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/_ministack/reset", method="POST"), timeout=30).close()


__all__ = ("ACCOUNT", "REGION", "empty", "ministack")
