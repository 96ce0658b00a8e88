# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start the local cloud, know whether it is well, and stop it with everything it started."""

from __future__ import annotations

import contextlib
import errno
import http.client
import importlib.metadata
import importlib.util
import json
import os
import shutil
import socket
import sys
import time
import typing as t
from pathlib import Path

from . import engine, processes
from .engine_api import EngineApi, EngineSilence
from .errors import LocalCloudError
from .settings import IDENTITY_PATH
from .state import Outcome, read_json, write_json

if t.TYPE_CHECKING:
    from .settings import Settings

SECRET_KEY = "slipway-local-cloud-not-a-secret"  # noqa: S105 - the emulator checks none; improbable, so nothing else is masked


def ensure(settings: Settings, used: t.Mapping[str, t.Any]) -> Outcome:
    """Have the cloud running as asked: leave a healthy one alone, else start it on cleared ground."""
    orders = _orders(settings, used)
    if is_running(settings, orders):
        return Outcome(False, read_json(settings.endpoints_file))
    # Before anything is stopped: a run that cannot start must not have ended what was running.
    _check_port(settings, orders["addresses"])
    stop(settings)
    pid = _start(settings, orders)
    endpoints = _endpoints(settings, used, pid)
    write_json(settings.endpoints_file, endpoints)
    return Outcome(True, endpoints)


def check_it_could_start(settings: Settings) -> None:
    """Fail early, before an engine is started for it, where the cloud could not start anyway."""
    missing = [name for name in ("ministack", "docker") if importlib.util.find_spec(name) is None]
    wanted = settings.ministack_version
    if missing:
        raise LocalCloudError(
            f"The Python that runs Ansible ({sys.executable}) has no {' and no '.join(missing)}.",
            f"Run: '{sys.executable}' -m pip install ministack=={wanted} docker",
        )
    found = importlib.metadata.version("ministack")
    if found != wanted:
        raise LocalCloudError(
            f"MiniStack {found} is installed, and the local cloud's corrections are written for {wanted}.",
            f"Run '{sys.executable}' -m pip install ministack=={wanted}, or accept it with "
            f"-e local_cloud_ministack_version={found}",
        )
    _check_port(settings, ["127.0.0.1"])


def is_as_asked(settings: Settings) -> bool:
    """Tell whether a run would change nothing, without changing anything."""
    kept = read_json(settings.engine_file)
    return engine.is_as_asked(settings, kept) and is_running(settings, _orders(settings, kept))


def is_running(settings: Settings, orders: t.Mapping[str, t.Any] | None = None) -> bool:
    """Tell whether the recorded cloud runs, answers, and (if orders are given) is the one they ask for."""
    kept = read_json(settings.cloud_file)
    if not kept or not read_json(settings.endpoints_file):
        return False
    if orders is not None and kept.get("orders") != orders:
        return False
    if not processes.is_ours(kept.get("process", {}), str(settings.cloud_file)):
        return False
    answer = _ask(int(kept["orders"]["port"]))
    return answer.get("instance") == settings.instance and answer.get("pid") == kept["process"]["pid"]


def _orders(settings: Settings, used: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    gateway = used.get("gateway")
    addresses = ["127.0.0.1", *([gateway] if gateway and _is_local(gateway) else []), *settings.bind_addresses]
    return {
        "port": settings.port,
        "addresses": ["0.0.0.0"] if "0.0.0.0" in addresses else list(dict.fromkeys(addresses)),  # noqa: S104 - asked for
        "region": settings.region,
        "account": settings.account,
        "access_key": settings.account,
        "secret_key": SECRET_KEY,
        "instance": settings.instance,
        "docker_host": used["docker_host"],
        # A private engine that was started anew has lost what the cloud believes to be running on it.
        "engine_started": str(used.get("process", {}).get("started", "")),
        "call_log": str(settings.call_log),
        "ministack_version": settings.ministack_version,
    }


def _is_local(address: str) -> bool:
    """Tell whether this machine has the address; with Docker Desktop it lies in a virtual machine."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _check_port(settings: Settings, addresses: t.Iterable[str]) -> None:
    """Make sure the port is free, or held by the cloud of this very home, which a new one would replace."""
    kept = read_json(settings.cloud_file).get("orders", {})
    if _own_pid(settings) is not None and kept.get("port", settings.port) == settings.port:
        return
    for address in addresses:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, settings.port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise LocalCloudError(
                        f"Port {settings.port} on {address} is in use by another program.",
                        f"Choose another port, for instance SLIPWAY_PORT={settings.port + 4}, or stop that program.",
                    ) from error
                raise LocalCloudError(f"Port {settings.port} on {address} cannot be opened: {error}.") from error


def _own_pid(settings: Settings) -> int | None:
    """Return the pid of this home's cloud: from the record, or, where that was lost, from who answers on the port."""
    kept = read_json(settings.cloud_file).get("process", {})
    if processes.is_ours(kept, str(settings.cloud_file)):
        return int(kept["pid"])
    answer = _ask(settings.port)
    if answer.get("instance") != settings.instance:
        return None
    pid = int(answer["pid"])
    found = processes.identity(pid)
    return pid if found and str(settings.cloud_file) in found.command else None


def _start(settings: Settings, orders: dict[str, t.Any]) -> int:
    settings.scratch.mkdir(parents=True, exist_ok=True)
    settings.cloud_log.unlink(missing_ok=True)
    # The launcher's orders and the record of its process are one file: its path in the command line marks it as ours.
    write_json(settings.cloud_file, {"orders": orders})
    command = [sys.executable, "-P", "-m", f"{__package__}.launcher", str(settings.cloud_file)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "TMPDIR": str(settings.scratch)}
    pid = processes.start(command, settings.cloud_log, environment)
    write_json(settings.cloud_file, {"orders": orders, "process": processes.record(pid)})
    try:
        _wait(settings, pid)
    except BaseException:
        stop(settings)
        raise
    return pid


def _wait(settings: Settings, pid: int) -> None:
    deadline = time.monotonic() + settings.start_timeout
    while time.monotonic() < deadline:
        if _ask(settings.port) == {"instance": settings.instance, "pid": pid}:
            return
        if processes.identity(pid) is None:
            raise LocalCloudError(f"The local cloud ended while it started: {_end_of_log(settings)}")
        time.sleep(0.1)
    raise LocalCloudError(
        f"The local cloud did not answer on port {settings.port} within {settings.start_timeout} seconds. "
        f"The end of its log: {_end_of_log(settings)}",
        "Give it longer with local_cloud_start_timeout.",
    )


def _end_of_log(settings: Settings) -> str:
    return processes.last_lines(settings.cloud_log, 3) or "it wrote nothing."


def _ask(port: int) -> dict[str, t.Any]:
    """Ask whoever listens on the port whether it is a local cloud, and whose; anything else is nobody."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", IDENTITY_PATH)
        answer = json.loads(connection.getresponse().read(4096))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}


def _endpoints(settings: Settings, used: t.Mapping[str, t.Any], pid: int) -> dict[str, t.Any]:
    return {
        "endpoint_url": f"http://127.0.0.1:{settings.port}",
        "container_endpoint_url": f"http://host.docker.internal:{settings.port}",
        "registry": f"127.0.0.1:{settings.port}",
        "cloudfront_suffix": f"cloudfront.localhost:{settings.port}",
        "region": settings.region,
        "account": settings.account,
        "access_key": settings.account,
        "secret_key": SECRET_KEY,
        "docker_host": used["docker_host"],
        "engine": used["kind"],
        "call_log": str(settings.call_log),
        "log": str(settings.cloud_log),
        "home": str(settings.home),
        "instance": settings.instance,
        "pid": pid,
    }


def stop(settings: Settings) -> bool:
    """Stop the cloud and remove the containers and networks that it made, each by its id."""
    settings.endpoints_file.unlink(missing_ok=True)
    pid = _own_pid(settings)
    if pid is not None:
        processes.stop(pid, settings.stop_timeout)
    swept = _sweep(settings)
    settings.cloud_file.unlink(missing_ok=True)
    shutil.rmtree(settings.scratch, ignore_errors=True)
    return pid is not None or swept


def _sweep(settings: Settings) -> bool:
    """Remove what a cloud that was killed could not remove itself."""
    used = read_json(settings.engine_file)
    if not used:
        return False
    api = EngineApi(used["docker_host"])
    with contextlib.suppress(EngineSilence):
        containers = api.containers_of(settings.instance)
        for container in containers:
            api.remove_container(container)
        networks = api.networks_of(settings.instance)
        for network in networks:
            api.remove_network(network)
        return bool(containers or networks)
    return False
