# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Docker engine of the local cloud's own, on a socket of its own, for machines that run none.

Everything it holds is named after the state folder: the socket folder, the bridge, the containerd namespace. So what
a killed run left behind is found by name, without a record of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
import typing as t
from pathlib import Path

from . import mounts, network, processes
from .engine_api import EngineApi, EngineSilence
from .errors import LocalCloudError
from .state import read_json, write_json

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .settings import Settings

# A unix socket's path ends after 107 bytes, and the longest one an engine makes below its folder is this.
SOCKET_PATH_LIMIT = 107
LONGEST_SOCKET = "/exec/containerd/containerd.sock.ttrpc"
# What separates the layers in overlayfs's mount options; a data folder may not have it in its path.
UNMOUNTABLE = (":", ",", "\\")
ENGINE_PROGRAMS = ("dockerd", "containerd", "containerd-shim", "docker-proxy", "runc")
PACKAGES = ("docker.io", "iproute2", "iptables")


class PrivateEngine:
    """The engine of one state folder; it may be running, dead, or never have been."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.mark = settings.mark
        self.namespace = settings.instance
        self.bridge = network.bridge_name(settings.mark)
        self.folder = settings.engine_folder
        self.runtime = socket_folder(settings.engine_folder, settings.mark)
        self.socket = self.runtime / "docker.sock"
        self.configuration = self.folder / "dockerd.json"
        self.log = self.folder / "dockerd.log"

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    def is_running(self) -> bool:
        """Tell whether the engine that was recorded still runs, answers, and has its bridge."""
        kept = read_json(self.settings.engine_file).get("process", {})
        if not processes.is_ours(kept, str(self.configuration)) or not network.bridge_exists(self.bridge):
            return False
        with contextlib.suppress(EngineSilence):
            EngineApi(self.host).ping()
            return True
        return False

    def start(self) -> dict[str, t.Any]:
        """Start the engine on cleared ground and return its record; when it does not start, clear again."""
        self.remove_leftovers()
        try:
            return self._start()
        except BaseException:
            self.remove_leftovers()
            raise

    def _start(self) -> dict[str, t.Any]:
        for sign in UNMOUNTABLE:
            if sign in str(self.folder):
                raise LocalCloudError(
                    f"Docker cannot keep its images in {self.folder}: the path contains {sign!r}.",
                    "Choose another state folder with SLIPWAY_STATE_DIR.",
                )
        program = shutil.which("dockerd")
        if program is None:
            raise LocalCloudError("There is no dockerd on this machine.", f"apt-get install {' '.join(PACKAGES)}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.unlink(missing_ok=True)
        # Two homes that start at once must not choose the same free subnet.
        with _machine_lock():
            subnet = network.make_bridge(self.bridge, self.mark)
        gateway = network.gateway_of(subnet)
        write_json(self.configuration, self._options(gateway))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        pid = processes.start([program, "--config-file", str(self.configuration)], self.log, environment)
        self._wait(pid)
        return {
            "kind": "private",
            "docker_host": self.host,
            "gateway": gateway,
            "bridge": self.bridge,
            "subnet": str(subnet),
            "runtime_folder": str(self.runtime),
            "process": processes.record(pid),
        }

    def _options(self, gateway: str) -> dict[str, t.Any]:
        return {
            "hosts": [self.host],
            "group": "root",
            "data-root": str(self.folder / "data"),
            "exec-root": str(self.runtime / "exec"),
            "pidfile": str(self.runtime / "docker.pid"),
            "bridge": self.bridge,
            "host-gateway-ip": gateway,
            "iptables": False,
            # Another engine may run on the machine's containerd; there, names of containers are per namespace.
            "containerd-namespace": self.namespace,
            "containerd-plugins-namespace": f"{self.namespace}-plugins",
            "shutdown-timeout": 5,
        }

    def _wait(self, pid: int) -> None:
        deadline = time.monotonic() + self.settings.engine_timeout
        api = EngineApi(self.host)
        while time.monotonic() < deadline:
            with contextlib.suppress(EngineSilence):
                api.ping()
                return
            if processes.identity(pid) is None:
                raise LocalCloudError(f"The private Docker engine could not start: {self._last_words()}")
            time.sleep(0.1)
        processes.stop(pid, 5)
        raise LocalCloudError(
            f"The private Docker engine did not answer within {self.settings.engine_timeout} seconds: "
            f"{self._last_words()}",
            "Give it longer with local_cloud_engine_timeout.",
        )

    def _last_words(self) -> str:
        """Return why the engine gave up: its last complaint, or the end of its log."""
        end = processes.last_lines(self.log, 40).splitlines()
        complaints = [line for line in end if "level=" not in line or "level=fatal" in line or "level=error" in line]
        return (complaints or end or ["it wrote no log"])[-1]

    def stop(self) -> None:
        """Stop the engine and everything it started; its images stay until the folder is removed."""
        kept = read_json(self.settings.engine_file).get("process", {})
        if processes.is_ours(kept, str(self.configuration)):
            processes.stop(int(kept["pid"]), self.settings.stop_timeout)
        self.remove_leftovers()

    def leaves_traces(self) -> bool:
        """Tell whether anything of this engine is on the machine, running or not."""
        return (
            self.folder.exists()
            or self.runtime.exists()
            or network.bridge_exists(self.bridge)
            or any(True for dummy in self._processes(ENGINE_PROGRAMS))
        )

    def remove_leftovers(self) -> None:
        """Clear away what an engine that was killed cannot clear away itself. On clear ground, do nothing."""
        for pid in list(self._processes(("dockerd",))):
            processes.stop(pid, self.settings.stop_timeout)
        for root, container in list(self._containers()):
            subprocess.run(
                ["runc", "--root", str(root), "delete", "--force", container], capture_output=True, check=False
            )
        for pid in list(self._processes(ENGINE_PROGRAMS)):
            # A shim's children are the containers: without its state folder, the runtime cannot end them.
            for victim in (*_children(pid), pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
        for address in list((self.runtime / "exec").glob("containerd/daemon/*/*/*/address")):
            Path(address.read_text(encoding="utf-8").removeprefix("unix://")).unlink(missing_ok=True)
        mounts.unmount_below((self.folder, self.runtime))
        shutil.rmtree(self.runtime / "exec", ignore_errors=True)
        for name in ("docker.sock", "docker.pid"):
            (self.runtime / name).unlink(missing_ok=True)
        if self.runtime != self.folder:
            shutil.rmtree(self.runtime, ignore_errors=True)
        network.remove_bridge(self.bridge)

    def _containers(self) -> Iterator[tuple[Path, str]]:
        """Yield the containers that the low-level runtime still knows: (its root, container id)."""
        for root in (self.runtime / "exec").glob(f"runtime-*/{self.namespace}"):
            for state in root.iterdir():
                yield root, state.name

    def _processes(self, programs: tuple[str, ...]) -> Iterator[int]:
        """Yield the engine programs that carry this home's name or path in their command line."""
        below = (f"{self.folder}/", f"{self.runtime}/")
        for entry in processes.PROC.glob("[0-9]*"):
            found = processes.identity(int(entry.name))
            if found is None or not Path(found.command[0]).name.startswith(programs):
                continue
            if any(word == self.namespace or word.startswith(below) for word in found.command):
                yield int(entry.name)


def socket_folder(folder: Path, mark: str) -> Path:
    """Return where the engine's sockets fit: in its own folder if that path is short and plain, else in /run."""
    plain = all(sign.isascii() and (sign.isalnum() or sign in "/._-") for sign in str(folder))
    if plain and len(f"{folder}{LONGEST_SOCKET}".encode()) <= SOCKET_PATH_LIMIT:
        return folder
    return Path("/run", f"slipway-{mark}")


def may_install() -> bool:
    """Tell whether this run may install an engine: as root, on Debian or Ubuntu."""
    try:
        release = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return False
    family = [line.partition("=")[2].strip('"').split() for line in release.splitlines() if line.startswith("ID")]
    names = {name for words in family for name in words}
    return os.geteuid() == 0 and bool(names & {"debian", "ubuntu"}) and shutil.which("apt-get") is not None


def is_installed() -> bool:
    return all(shutil.which(program) for program in ("dockerd", "containerd", "runc", "ip", "iptables"))


def install_packages(packages: tuple[str, ...]) -> None:
    """Install Debian packages, waiting for whoever else is installing some; refresh the lists when they are stale."""
    environment: Mapping[str, str] = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=400", "-q", "-y"]
    install = [*apt, "install", "--no-install-recommends", *packages]
    for command in (install, [*apt, "update"], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if command is install and done.returncode == 0:
            return
    reason = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()[-1:]
    raise LocalCloudError(
        f"apt-get could not install {', '.join(packages)}: {' '.join(reason)}",
        "Install them by hand, or start Docker and run this again.",
    )


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for children in processes.PROC.glob(f"{pid}/task/*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in children.read_text(encoding="utf-8").split()]
    return found


@contextlib.contextmanager
def _machine_lock() -> Iterator[None]:
    """Hold a lock that every home on this machine sees, without leaving a file: a folder can be locked too."""
    handle = os.open("/run", os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
