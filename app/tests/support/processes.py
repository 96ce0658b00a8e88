"""The chatbot as a real process, as a container would run it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.waiting import wait_until

APP = Path(__file__).resolve().parents[2]


@dataclass
class Running:
    """A process, and what it has written so far."""

    process: subprocess.Popen[bytes]
    output: Path
    url: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        return self.output.read_text()

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]

    def has_logged(self, message: str) -> bool:
        return any(line["message"] == message for line in self.log_lines())


def clean_environment(**changes: str) -> dict[str, str]:
    """Only what a program needs to run here, so that nothing set on this machine changes a result."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(APP), "PYTHONUNBUFFERED": "1", "AWS_EC2_METADATA_DISABLED": "true"} | changes


@contextlib.contextmanager
def running(module: str, folder: Path, environment: dict[str, str]) -> Iterator[Running]:
    output = folder / f"{module}.log"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=APP, env=environment, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        yield Running(process, output)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextlib.contextmanager
def server(folder: Path, **environment: str) -> Iterator[Running]:
    """The API on a port of its own, ready to answer."""
    port = free_port()
    variables = clean_environment(HOST="127.0.0.1", PORT=str(port), **environment)
    with running("chatbot", folder, variables) as it:
        it.url = f"http://127.0.0.1:{port}"
        wait_until(lambda: it.process.poll() is not None or _answers(it.url + "/health"), "the API answers", 30)
        assert it.process.poll() is None, it.text()
        yield it


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
