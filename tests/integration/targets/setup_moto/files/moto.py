# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start or stop a moto server that outlives this program; a folder keeps its address, process id and log."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 60.0
ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


def answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/moto-api/data.json", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def start(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "moto.log"
    with log.open("wb") as output:
        # Port 0 lets the kernel choose: nothing to collide with. The server says which one it got.
        server = subprocess.Popen(
            [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", "0"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (folder / "moto.pid").write_text(str(server.pid))
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        if (found := ADDRESS.search(log.read_text())) and answers(found[1]):
            (folder / "moto.endpoint").write_text(found[1])
            print(found[1])
            return
        time.sleep(0.1)
    server.kill()
    sys.exit(f"The moto server did not come up: {log.read_text()[-2000:]}")


def stop(folder: Path) -> None:
    """Stop the server if it answers at its address: the process id alone may be somebody else's by now."""
    pid, endpoint = folder / "moto.pid", folder / "moto.endpoint"
    if not endpoint.exists() or not answers(endpoint.read_text()):
        print("not running")
    else:
        os.kill(int(pid.read_text()), signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while answers(endpoint.read_text()) and time.monotonic() < deadline:
            time.sleep(0.1)
        print("stopped")
    for path in (pid, endpoint):
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]](Path(sys.argv[2]))
