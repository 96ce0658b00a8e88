# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m slipway_scenarios present|absent): the settings come in as JSON, the result goes out as JSON.

C(python -m slipway_scenarios serve HOME PORT REGION) is the process itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import typing as t
from pathlib import Path

from . import process
from .errors import ScenarioError
from .settings import Settings

# What anybody may know: the cloud asks nobody who they are.
ACCESS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "no-secret-of-the-scenario-cloud"}


def present(settings: Settings) -> dict[str, t.Any]:
    """Have a cloud that plays this script: the one that runs, or a new one."""
    process.check_it_could_start(settings)
    found = process.running(settings)
    as_asked = found is not None and settings.port in (0, found["port"]) and settings.region == found["region"]
    plays = bool(found and as_asked) and process.ask(str((found or {})["endpoint"]), "GET", "script") == settings.script
    if settings.check:
        return {"changed": not plays, "state": "present"}
    if found is None or not as_asked:
        process.stop(settings)
        found = process.start(settings)
    elif not plays:
        process.ask(found["endpoint"], "PUT", "script", settings.script)
        process.write(settings.script_file, settings.script)
    endpoints = {"endpoint_url": found["endpoint"], "region": found["region"], **ACCESS}
    return {"changed": not plays, "state": "present", "endpoints": endpoints, "log": str(settings.log)}


def absent(settings: Settings) -> dict[str, t.Any]:
    if settings.check:
        return {"changed": settings.state_file.exists(), "state": "absent"}
    return {"changed": process.stop(settings), "state": "absent"}


STATES: dict[str, t.Callable[[Settings], dict[str, t.Any]]] = {"present": present, "absent": absent}


def serve(home: Path, port: int, region: str) -> int:
    """Be the cloud, until told to stop."""
    from .cloud import ScenarioCloud

    over = threading.Event()
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda *_words: over.set())
    script = json.loads((home / "script.json").read_text(encoding="utf-8"))
    with ScenarioCloud(script, region=region, port=port) as cloud:
        number = int(cloud.endpoint.rpartition(":")[2])
        state = {"pid": os.getpid(), "endpoint": cloud.endpoint, "port": number, "region": region}
        process.write(home / "cloud.json", state)
        over.wait()
    return 0


def main() -> int:
    if sys.argv[1] == "serve":
        return serve(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    try:
        result = STATES[sys.argv[1]](Settings.from_mapping(json.load(sys.stdin)))
    except ScenarioError as error:
        result = {"changed": False, "failed": True, "msg": str(error)}
    except OSError as error:
        result = {"changed": False, "failed": True, "msg": f"The scenario cloud could not do its work: {error}."}
    json.dump(result, sys.stdout)
    return 1 if result.get("failed") else 0


if __name__ == "__main__":
    sys.exit(main())
