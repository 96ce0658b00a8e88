# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which container engine the local cloud uses: the one that is there, or a private one."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from . import private_engine, processes
from .engine_api import EngineApi, EngineSilence
from .errors import LocalCloudError
from .private_engine import PrivateEngine
from .state import Outcome, read_json, write_json

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .settings import Settings


class Candidate(t.NamedTuple):
    """An engine that may be running, and who says so."""

    kind: str
    docker_host: str
    source: str


def candidates(engine: str, environment: t.Mapping[str, str], home: Path, user: int) -> Iterator[Candidate]:
    """Yield the places to look for a running engine, best first."""
    if engine in ("auto", "docker"):
        if environment.get("DOCKER_HOST"):
            yield Candidate("docker", environment["DOCKER_HOST"], "DOCKER_HOST")
        yield Candidate("docker", "unix:///var/run/docker.sock", "/var/run/docker.sock")
        # Docker Desktop's own socket, where the system-wide link was not wanted.
        yield Candidate("docker", f"unix://{home}/.docker/run/docker.sock", "Docker Desktop")
    if engine in ("auto", "podman"):
        session = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{user}"
        for folder in ("/run", session):
            yield Candidate("podman", f"unix://{folder}/podman/podman.sock", f"{folder}/podman/podman.sock")


def look_for_running(found: t.Iterable[Candidate]) -> tuple[dict[str, t.Any] | None, list[str]]:
    """Return the first engine that answers, or the reasons why none did."""
    refusals = []
    for candidate in found:
        api = EngineApi(candidate.docker_host)
        try:
            api.ping()
        except EngineSilence as error:
            path = Path(candidate.docker_host.removeprefix("unix://"))
            if candidate.source == "DOCKER_HOST" or path.exists():
                refusals.append(f"{candidate.source}: {error}")
            continue
        return {"kind": candidate.kind, "docker_host": candidate.docker_host, "gateway": api.gateway()}, refusals
    return None, refusals


def ensure(settings: Settings) -> Outcome:
    """Have an engine that answers: keep the recorded one, else take a running one, else start a private one."""
    kept = read_json(settings.engine_file)
    if is_as_asked(settings, kept):
        return Outcome(False, kept)
    remove(settings)
    chosen = _choose(settings)
    write_json(settings.engine_file, chosen)
    return Outcome(True, chosen)


def is_as_asked(settings: Settings, kept: t.Mapping[str, t.Any]) -> bool:
    """Tell whether the recorded engine answers and is of the kind that is asked for."""
    if not kept or settings.engine not in ("auto", kept.get("kind")):
        return False
    if kept["kind"] == "private":
        return PrivateEngine(settings).is_running()
    try:
        EngineApi(kept["docker_host"]).ping()
    except EngineSilence:
        return False
    return True


def _choose(settings: Settings) -> dict[str, t.Any]:
    refusals: list[str] = []
    places = list(candidates(settings.engine, os.environ, Path.home(), os.getuid()))
    if settings.engine != "private":
        running, refusals = look_for_running(places)
        if running:
            return running
    if settings.engine in ("docker", "podman"):
        raise LocalCloudError(
            f"No {settings.engine} engine answers here. {' '.join(refusals)}".strip(),
            "Start it, or let local_cloud_engine be 'auto'.",
        )
    if os.geteuid() == 0 and private_engine.is_installed():
        return PrivateEngine(settings).start()
    if not private_engine.may_install():
        raise LocalCloudError(
            f"No container engine answers here, and there is no right to install one. {' '.join(refusals)}".strip(),
            "Start Docker or podman's socket; as root on Debian or Ubuntu, Docker is installed for you.",
        )
    private_engine.install_packages(private_engine.PACKAGES)
    if settings.engine == "auto":
        # With a service manager, the package has just started the machine's own engine.
        running, dummy = look_for_running(places)
        if running:
            return running
    return PrivateEngine(settings).start()


def leaves_traces(settings: Settings) -> bool:
    """Tell whether a private engine of this home is here, running or not; they are a Linux matter."""
    return processes.PROC.is_dir() and PrivateEngine(settings).leaves_traces()


def remove(settings: Settings) -> bool:
    """Stop a private engine and leave no process, mount or bridge of it; other engines are not ours to stop."""
    if not leaves_traces(settings):
        return False
    if os.geteuid() != 0:
        raise LocalCloudError(
            f"A private engine of {settings.home} was started by root, and only root can stop it.",
            "Run this as root, or choose another state folder with SLIPWAY_STATE_DIR.",
        )
    PrivateEngine(settings).stop()
    return True
