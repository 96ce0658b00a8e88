from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.processes import APP, clean_environment, server


def check(port: str) -> int:
    command = [sys.executable, "-m", "chatbot.healthcheck"]
    return subprocess.run(command, cwd=APP, env=clean_environment(PORT=port), capture_output=True).returncode


def test_it_tells_a_server_that_answers_from_one_that_does_not(tmp_path: Path) -> None:
    with server(tmp_path) as it:
        port = it.url.rpartition(":")[2]
        assert check(port) == 0
        it.process.kill()
        it.process.wait()
        assert check(port) == 1
