# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenario cloud as a process that goes on when the play ends, and is stopped by its id."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

from .errors import ScenarioError

if t.TYPE_CHECKING:
    from .settings import Settings

PACKAGE = Path(__file__).resolve().parent
LAST_LINES = 15
NEEDED = "moto[server]==5.2.5"


def check_it_could_start(settings: Settings) -> None:
    """Say what is missing while nothing has happened."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the Python that runs Ansible may be any
        raise ScenarioError(
            f"The scenario cloud needs Python 3.11 or newer; Ansible runs with {sys.version.split()[0]}."
        )
    missing = [name for name in ("moto", "flask", "werkzeug") if importlib.util.find_spec(name) is None]
    if missing:
        raise ScenarioError(
            f"The Python that runs Ansible, {sys.executable}, has no {' and no '.join(missing)}.",
            f"Install it there: {sys.executable} -m pip install '{NEEDED}'.",
        )
    from .script import Script

    Script.parse(settings.script)


def start(settings: Settings) -> dict[str, t.Any]:
    """Start the cloud, wait until it answers, and return what it wrote about itself."""
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.state_file.unlink(missing_ok=True)
    write(settings.script_file, settings.script)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    with settings.log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", PACKAGE.name, "serve", str(settings.home), str(settings.port), settings.region],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=PACKAGE.parent,
            env=own,
        )
    deadline = time.monotonic() + settings.start_timeout
    while time.monotonic() < deadline and child.poll() is None:
        found = running(settings)
        if found and found["pid"] == child.pid:
            child.returncode = 0  # it shall go on; Popen would complain
            return found
        time.sleep(0.05)
    if child.poll() is None:
        child.kill()
        child.wait()
    raise ScenarioError(
        f"The scenario cloud did not answer within {settings.start_timeout:g} s. Its log ends: {_end_of(settings.log)}"
    )


def stop(settings: Settings) -> bool:
    """Stop the cloud of this folder, if it runs, and remove what it wrote. Tell whether there was anything."""
    files = [settings.state_file, settings.script_file, settings.log]
    there = any(file.exists() for file in files)
    kept = _read(settings.state_file)
    pid = kept.get("pid")
    if isinstance(pid, int) and _is_ours(pid, settings):
        _end(pid, settings)
    for file in files:
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        settings.home.rmdir()
    return there


def running(settings: Settings) -> dict[str, t.Any] | None:
    """Return what a healthy cloud of this folder says of itself."""
    kept = _read(settings.state_file)
    if not kept.get("endpoint"):
        return None
    try:
        health = ask(kept["endpoint"], "GET", "health")
    except (OSError, ValueError):
        return None
    return kept if isinstance(health, dict) and health.get("pid") == kept.get("pid") else None


def ask(endpoint: str, method: str, what: str, content: t.Any = None) -> t.Any:
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{endpoint}/_slipway/{what}", data=body, method=method)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ScenarioError(str(json.load(error).get("msg", error))) from error


def write(path: Path, content: t.Any) -> None:
    """Replace a file in one step, so that no reader ever sees half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def _read(path: Path) -> dict[str, t.Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_ours(pid: int, settings: Settings) -> bool:
    """Tell whether this process is the cloud of this folder: a process id may be somebody else's by now."""
    found = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )
    return f"{PACKAGE.name} serve {settings.home} " in found.stdout


def _end(pid: int, settings: Settings) -> None:
    for wish, patience in ((signal.SIGTERM, settings.stop_timeout), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, wish)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if not _is_ours(pid, settings):
                return
            time.sleep(0.05)


def _end_of(log: Path) -> str:
    try:
        return " | ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]) or "(empty)"
    except OSError:
        return "(there is none)"
