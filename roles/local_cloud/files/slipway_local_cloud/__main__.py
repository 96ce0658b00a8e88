# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m slipway_local_cloud present|absent``: the settings come in as JSON, the result goes out as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import typing as t

from . import base_image, cloud, engine
from .errors import LocalCloudError
from .settings import Settings
from .state import exclusive

# The longest that another run of the same home can take: a pull, or an installation behind a busy package manager.
LOCK_TIMEOUT = 900.0
# Whatever this program writes itself; what somebody else put into the home stays there.
FILES = ("cloud.log", "calls.jsonl", "*.draft")


def present(settings: Settings) -> dict[str, t.Any]:
    """Have the engine, the base images and the cloud, each built upon the one before."""
    if settings.check:
        as_asked = cloud.is_as_asked(settings) and base_image.are_present(settings)
        return {"changed": not as_asked, "state": "present"}
    if not cloud.is_running(settings):
        cloud.check_it_could_start(settings)
    try:
        used = engine.ensure(settings)
        images = base_image.ensure(settings, used.record)
        running = cloud.ensure(settings, used.record)
    except BaseException:
        # A run that cannot start leaves nothing running, except a healthy cloud of an earlier one.
        if not cloud.is_running(settings):
            _stop(settings)
        raise
    return {
        "changed": used.changed or images.changed or running.changed,
        "state": "present",
        "endpoints": running.record,
        "base_images": images.record,
    }


def absent(settings: Settings) -> dict[str, t.Any]:
    """Stop everything, and leave no file either."""
    files = [child for child in settings.home.glob("*") if child.name != "lock"]
    there = bool(files) or engine.leaves_traces(settings)
    if settings.check:
        return {"changed": there, "state": "absent"}
    stopped = _stop(settings)
    if settings.engine_folder.exists():
        shutil.rmtree(settings.engine_folder)
    for pattern in FILES:
        for file in settings.home.glob(pattern):
            file.unlink(missing_ok=True)
    return {"changed": there or stopped, "state": "absent"}


def _stop(settings: Settings) -> bool:
    """Stop in the order in which one thing needs the other."""
    stopped = cloud.stop(settings)
    stopped = base_image.remove(settings) or stopped
    settings.stand_ins_file.unlink(missing_ok=True)
    stopped = engine.remove(settings) or stopped
    settings.engine_file.unlink(missing_ok=True)
    return stopped


STATES: dict[str, t.Callable[[Settings], dict[str, t.Any]]] = {"present": present, "absent": absent}


def run(state: str, values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Bring one home to a state, while no other run works on it."""
    # The engine's programs live where only root's PATH looks.
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    settings = Settings.from_mapping(values)
    if settings.check:
        return STATES[state](settings)
    lock = settings.home / "lock"
    try:
        with exclusive(lock, timeout=LOCK_TIMEOUT):
            try:
                return STATES[state](settings)
            finally:
                if [child.name for child in settings.home.iterdir()] == [lock.name]:
                    lock.unlink()
    finally:
        with contextlib.suppress(OSError):
            settings.home.rmdir()


def main() -> int:
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - the Python that runs Ansible may be any
            raise LocalCloudError(
                f"The local cloud needs Python 3.11 or newer; Ansible runs with {sys.version.split()[0]}."
            )
        result = run(sys.argv[1], json.load(sys.stdin))
    except LocalCloudError as error:
        result = {"changed": False, "failed": True, "msg": str(error)}
    except OSError as error:
        result = {"changed": False, "failed": True, "msg": f"The local cloud could not do its work: {error}."}
    json.dump(result, sys.stdout)
    return 1 if result.get("failed") else 0


if __name__ == "__main__":
    sys.exit(main())
