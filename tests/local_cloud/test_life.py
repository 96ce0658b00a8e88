# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting, starting again, stopping, and everything that goes wrong in between."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import docker  # type: ignore[import-untyped]
import pytest
from ecs import create_service, register, service_of, wait_for
from home import IMAGE, PROGRAM, PROJECT, Home, free_port

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def short() -> Iterator[Home]:
    """A state folder whose path is short and plain."""
    with tempfile.TemporaryDirectory(prefix="slipway-", ignore_cleanup_errors=True) as folder:
        one = Home(Path(folder, "state"), free_port())
        yield one
        one.absent()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A program that holds a port."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        yield taken


def test_a_healthy_cloud_is_left_alone(cloud: Home) -> None:
    pid = cloud.endpoints["pid"]
    again = cloud.present()
    assert (again["changed"], again["endpoints"]["pid"]) == (False, pid)
    assert cloud.bring("present", check=True)["changed"] is False
    assert cloud.bring("present", check=True, region="us-east-1")["changed"] is True


def test_it_listens_where_it_should_and_nowhere_else(cloud: Home) -> None:
    listening = subprocess.run(["ss", "-Hltn", f"sport = :{cloud.port}"], capture_output=True, text=True, check=True)
    addresses = {line.split()[3].rpartition(":")[0] for line in listening.stdout.splitlines()}
    gateway = subprocess.run(
        ["ip", "-4", "-o", "address", "show", "dev", f"slipway{cloud.mark}"], capture_output=True, text=True, check=True
    )
    assert addresses == {"127.0.0.1", gateway.stdout.split()[3].partition("/")[0]}


def test_the_stand_in_is_the_same_every_time(cloud: Home, home: Home) -> None:
    """Two engines, two builds, one image; and two private engines beside each other."""
    if not cloud.docker().images.get(IMAGE).labels.get("slipway.stand-in"):
        pytest.skip("a registry was reachable: the real image is here")
    home.present()
    assert home.docker().images.get(IMAGE).id == cloud.docker().images.get(IMAGE).id
    assert cloud.present()["changed"] is False


def test_a_multi_stage_dockerfile_builds(cloud: Home, tmp_path: Path) -> None:
    """With the legacy builder, pip checking hashes, a user of its own, and Python where the official image has it."""
    idna = "946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3"
    (tmp_path / "requirements.txt").write_text(f"idna==3.10 --hash=sha256:{idna}\n", encoding="utf-8")
    (tmp_path / "Dockerfile").write_text(
        f"FROM {IMAGE} AS build\n"
        "COPY requirements.txt .\n"
        "RUN pip install --no-cache-dir --require-hashes --prefix=/install -r requirements.txt\n"
        f"FROM {IMAGE}\n"
        "COPY --from=build /install /usr/local\n"
        "RUN groupadd app && useradd --gid app app\n"
        "USER app\n"
        'RUN test "$(whoami)" = app && python -c "import idna, ssl, sqlite3"\n',
        encoding="utf-8",
    )
    image, _log = cloud.docker().images.build(path=str(tmp_path), rm=True)
    where = cloud.docker().containers.run(image.id, ["python", "-c", "import idna; print(idna.__file__)"], remove=True)
    assert where.decode().strip() == "/usr/local/lib/python3.11/site-packages/idna/__init__.py"


def test_killed_and_started_again(home: Home) -> None:
    """Every process ends at once, with a task running; the next start clears up and works; then nothing is left."""
    home.present()
    ecr = home.client("ecr")
    repository = ecr.create_repository(repositoryName="app")["repository"]["repositoryUri"]
    home.docker().images.get(IMAGE).tag(repository, "v1")
    home.docker().images.push(repository, "v1")
    definition = register(home, "app", f"{repository}:v1", ["python3", "-m", "http.server", "8000"])
    create_service(home, "app", definition)
    wait_for("a running task", lambda: service_of(home, "app")["runningCount"] == 1)
    before = home.endpoints
    shims = len(home.processes())

    home.kill_everything()
    assert shims >= 4, "the cloud, the engine, its containerd and a shim"
    (home.path / "engine.json").write_text('{"kind": "priv', encoding="utf-8")  # half-written

    after = home.present()
    assert after["changed"] is True
    assert after["base_images"] == {IMAGE: "present"}
    assert after["endpoints"]["pid"] != before["pid"]
    assert home.docker().containers.list(all=True) == []
    assert home.client("ecs").list_clusters()["clusterArns"] == []

    home.kill_everything()
    assert home.absent()["changed"] is True
    assert home.traces() == []
    assert home.absent()["changed"] is False


def test_the_folder_is_deleted_under_a_running_engine(short: Home) -> None:
    """As a git clean does it. Its sockets lay in it, too; absent finds by name what still runs."""
    home = short
    home.present()
    assert home.endpoints["docker_host"] == f"unix://{home.path}/engine/docker.sock"
    engine = home.docker()
    engine.containers.run(IMAGE, ["sleep", "600.25"], detach=True)
    shutil.rmtree(home.path, ignore_errors=True)
    assert home.processes()
    assert home.absent()["changed"] is True
    assert home.traces() == []
    assert subprocess.run(["pgrep", "-f", "sleep 600.25"], capture_output=True, check=False).stdout == b""


def test_port_taken(home: Home, listener: socket.socket) -> None:
    home.port = listener.getsockname()[1]
    result = home.bring("present")
    assert result["failed"] is True
    assert result["msg"] == (
        f"Port {home.port} on 127.0.0.1 is in use by another program. "
        f"Choose another port, for instance SLIPWAY_PORT={home.port + 4}, or stop that program."
    )
    assert [trace for trace in home.traces() if not trace.startswith("file")] == []


def test_a_run_that_fails_leaves_the_running_cloud_alone(cloud: Home, listener: socket.socket) -> None:
    pid = cloud.endpoints["pid"]
    result = cloud.bring("present", port=listener.getsockname()[1])
    assert "is in use by another program" in result["msg"]
    assert cloud.endpoints["pid"] == pid
    assert cloud.present()["changed"] is False


def test_engine_that_cannot_start(home: Home) -> None:
    (home.path / "engine").mkdir(parents=True)
    (home.path / "engine" / "data").write_text("not a folder", encoding="utf-8")
    result = home.bring("present")
    assert result["failed"] is True
    assert result["msg"].startswith("The private Docker engine could not start: ")
    assert "\n" not in result["msg"]
    assert [trace for trace in home.traces() if not trace.startswith("file")] == []


def test_wrong_ministack(home: Home) -> None:
    result = home.bring("present", ministack_version="0.0.1")
    assert "MiniStack 1.5.33 is installed, and the local cloud's corrections are written for 0.0.1." in result["msg"]
    assert [trace for trace in home.traces() if not trace.startswith("file")] == []


def test_python_without_ministack(home: Home) -> None:
    python = "/usr/bin/python3"
    result = home.bring("present", python=python)
    assert result["msg"] == (
        f"The Python that runs Ansible ({python}) has no ministack and no docker. "
        f"Run: '{python}' -m pip install ministack==1.5.33 docker"
    )
    assert home.traces() == []


def test_no_engine_and_no_right_to_install_one(short: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = 65534
    os.chown(short.path.parent, nobody, nobody)
    # The machine's own Python, because the one that runs this test may lie in root's home.
    packages = str(Path(docker.__file__).parents[1])
    if any(subprocess.run(["test", "-r", place], user=nobody, check=False).returncode for place in (packages, PROGRAM)):
        pytest.skip("nobody may not read this checkout")
    monkeypatch.setenv("PYTHONPATH", packages)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    monkeypatch.setenv("HOME", str(short.path.parent))
    result = short.bring("present", python="/usr/bin/python3", user=nobody, engine="auto")
    assert result["msg"].startswith(
        "No container engine answers here, and there is no right to install one. DOCKER_HOST: "
    )
    assert result["msg"].endswith("as root on Debian or Ubuntu, Docker is installed for you.")
    assert short.traces() == []


def test_no_engine_of_the_wanted_kind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")
    result = home.bring("present", engine="podman")
    assert result["msg"] == "No podman engine answers here. Start it, or let local_cloud_engine be 'auto'."


def test_an_engine_that_is_there_is_used_and_not_stopped(
    cloud: Home, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine of one cloud serves as the machine's Docker for another; foreign containers stay."""
    monkeypatch.setenv("DOCKER_HOST", cloud.endpoints["docker_host"])
    # The label that MiniStack puts on its containers, without an owner.
    foreign = cloud.docker().containers.run(IMAGE, ["sleep", "600"], labels={"ministack": "ecs"}, detach=True)
    try:
        started = home.present(engine="auto")
        assert started["endpoints"]["engine"] == "docker"
        assert started["base_images"] == {IMAGE: "present"}
        assert home.absent()["changed"] is True
        assert home.traces() == []
        foreign.reload()
        assert foreign.status == "running"
        assert cloud.docker().images.get(IMAGE)
    finally:
        foreign.remove(force=True)
    assert cloud.present()["changed"] is False


def test_deep_folder(tmp_path: Path) -> None:
    """A unix socket's path ends after 107 bytes; a checkout's may not."""
    deep = Home(tmp_path.joinpath(*["a rather long folder name"] * 8) / "state", free_port())
    try:
        deep.present()
        assert deep.endpoints["docker_host"] == f"unix:///run/slipway-{deep.mark}/docker.sock"
    finally:
        deep.absent()
    assert deep.traces() == []


def test_playbook(tmp_path: Path) -> None:
    """The way people start it: by name, from any folder, state where the environment says."""
    home = Home(tmp_path / "state of the play" / "local_cloud", free_port())
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        "SLIPWAY_STATE_DIR": str(home.path.parent),
        "SLIPWAY_PORT": str(home.port),
    }

    def play(*more: str) -> str:
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "slipway.aws.local_cloud",
            "-i",
            "localhost,",
        ]
        done = subprocess.run(
            [*command, "-e", "local_cloud_engine=private", *more],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        assert "changed=1" in play("--check")
        assert not home.path.exists()
        assert f"http://127.0.0.1:{home.port}" in play()
        assert home.client("sts").get_caller_identity()["Account"] == "000000000000"
        assert "changed=0" in play()
    finally:
        play("-e", "local_cloud_state=absent")
    assert home.traces() == []
    assert "changed=0" in play("-e", "local_cloud_state=absent")
