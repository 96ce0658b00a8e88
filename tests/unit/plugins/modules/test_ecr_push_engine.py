# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(ecr_push) with every engine on this machine that works, against a registry that really stores what is pushed."""

from __future__ import annotations

import base64
import http.server
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._image import ship
from ansible_collections.slipway.aws.plugins.modules import ecr_push

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "tok-987654"
# Stands before the engine's program, writes down how it was called, and then is that program.
RECORDER = """#!{python}
import json, os, sys
folder = os.environ.get("DOCKER_CONFIG", "")
if "--authfile" in sys.argv:
    folder = os.path.dirname(sys.argv[sys.argv.index("--authfile") + 1])
file = os.path.join(folder, "config.json")
with open({log!r}, "a") as log:
    call = {{"argv": sys.argv[1:], "config": folder}}
    if sys.argv[1] == "push":
        call["modes"] = [os.stat(folder).st_mode, os.stat(file).st_mode]
        call["login"] = json.load(open(file))
    log.write(json.dumps(call) + "\\n")
if sys.argv[1] == "build" and {touch!r}:
    open({touch!r}, "w").close()
os.execv({program!r}, [{program!r}, *sys.argv[1:]])
"""
DOCKERFILE = """FROM scratch
ARG GREETING=nobody
ARG API_TOKEN
LABEL greeting=$GREETING
COPY main.txt /main.txt
"""


def installed_engines() -> list[str]:
    """Return each docker and podman on the path, for there may be several versions."""
    found: dict[str, str] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for program in ("docker", "podman"):
            path = Path(folder or ".") / program
            if path.is_file() and os.access(path, os.X_OK):
                found.setdefault(str(path.resolve()), str(path))
    return list(found.values()) or ["docker"]


@pytest.fixture(scope="session")
def docker_host() -> str | None:
    return os.environ.get("SLIPWAY_TEST_DOCKER_HOST") or os.environ.get("DOCKER_HOST")


class Bench:
    """One engine, its recorder, a context, and an account with a repository in a real registry."""

    def __init__(self, program: str, docker_host: str | None, folder: Path) -> None:
        self.program = program
        self.engine = Path(program).name
        self.docker_host = docker_host if self.engine == "docker" else None
        self.folder = folder
        self.context = folder / "app"
        self.context.mkdir()
        (self.context / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        (self.context / "main.txt").write_text(f"{folder}\n", encoding="utf-8")
        self.record()

    def record(self, touch: str = "") -> None:
        wrapper = self.folder / "bin" / self.engine
        wrapper.parent.mkdir(exist_ok=True)
        log = str(self.folder / "calls")
        text = RECORDER.format(python=sys.executable, log=log, program=self.program, touch=touch)
        wrapper.write_text(text, encoding="utf-8")
        wrapper.chmod(0o755)

    @property
    def calls(self) -> list[dict[str, t.Any]]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **({"DOCKER_HOST": self.docker_host} if self.docker_host else {})}
        return subprocess.run([self.program, *arguments], env=environment, capture_output=True, text=True, check=False)

    def options(self, connection: dict[str, t.Any], repository: str, **image: t.Any) -> dict[str, t.Any]:
        spec = {"repository": repository, "context": str(self.context), **image}
        return {**connection, "images": {"app": spec}, "engine": self.engine, "docker_host": self.docker_host}


@pytest.fixture(params=installed_engines())
def bench(
    request: pytest.FixtureRequest, docker_host: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    if not shutil.which(request.param):
        pytest.skip("No container engine is installed.")
    bench = Bench(request.param, docker_host, tmp_path)
    answer = bench.ask("info")
    if answer.returncode != 0:
        pytest.skip(f"The engine of {request.param} does not answer: {(answer.stderr or answer.stdout).strip()[-200:]}")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return bench


class Cloud:
    """ECR of the local cloud, whose API and registry share one port."""

    def __init__(self, endpoint: str, ecr: t.Any) -> None:
        self.host = endpoint.removeprefix("http://")
        self.ecr = ecr

    def create(self, name: str, mutability: str = "MUTABLE") -> str:
        self.ecr.create_repository(repositoryName=name, imageTagMutability=mutability)
        return f"{self.host}/{name}"

    def tags(self, name: str) -> dict[str, str]:
        images = self.ecr.describe_images(repositoryName=name)["imageDetails"]
        return {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", [])}


@pytest.fixture
def cloud(ministack_endpoint: str, client: Callable[[str, str], t.Any]) -> Cloud:
    return Cloud(ministack_endpoint, client("ecr", ministack_endpoint))


@pytest.fixture
def connected(ministack_endpoint: str, connection: Callable[[str], dict[str, t.Any]]) -> dict[str, t.Any]:
    return connection(ministack_endpoint)


Run = t.Any


@pytest.mark.parametrize("mutability", ["MUTABLE", "IMMUTABLE"])
def test_an_image_is_built_and_pushed_once(
    bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run, mutability: str
) -> None:
    repository = cloud.create("org/app", mutability)
    arguments = {"GREETING": "hello there", "API_TOKEN": SECRET}
    options = {**bench.options(connected, repository, build_args=arguments), "tags": ["v1"]}
    result = run_module(ecr_push, options, diff=True)

    image = result["images"]["app"]
    assert (result["changed"], image["outcome"], image["built"], image["pushed"]) == (True, "succeeded", True, True)
    assert cloud.tags("org/app") == {image["tags"][0]: image["digest"], "v1": image["digest"]}
    assert image["uri"] == f"{repository}@{image['digest']}"
    assert result["diff"]["after"] == {f"app: {repository}": cloud.tags("org/app")}
    assert SECRET not in json.dumps(result)

    # The registry holds what was built, with the arguments that went by the environment.
    pull = ["pull", "--tls-verify=false"] if bench.engine == "podman" else ["pull"]
    try:
        assert bench.ask(*pull, image["uri"]).returncode == 0
        labels = json.loads(bench.ask("image", "inspect", image["uri"]).stdout)[0]["Config"]["Labels"]
        assert labels["greeting"] == "hello there"
    finally:
        bench.ask("rmi", image["uri"])

    calls = len(bench.calls)
    again = run_module(ecr_push, options)
    assert again["changed"] is False
    assert again["images"]["app"]["digest"] == image["digest"]
    assert again["images"]["app"]["outcome"] == "no_op"
    assert len(bench.calls) == calls


def test_nothing_secret_is_left_or_seen(
    bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run
) -> None:
    repository = cloud.create("app")
    result = run_module(ecr_push, bench.options(connected, repository, build_args={"API_TOKEN": SECRET}))

    pushes = [call for call in bench.calls if call["argv"][0] == "push"]
    builds = [call for call in bench.calls if call["argv"][0] == "build"]
    token = pushes[0]["login"]["auths"][cloud.host]["auth"]
    assert base64.b64decode(token).startswith(b"AWS:")
    assert [stat.S_IMODE(mode) for mode in pushes[0]["modes"]] == [0o700, 0o600]
    assert len(pushes) == len(builds) == 1
    assert "API_TOKEN" in builds[0]["argv"]
    for call in bench.calls:
        for hidden in (token, base64.b64decode(token).decode().removeprefix("AWS:"), SECRET):
            assert hidden not in " ".join(call["argv"])
    assert not Path(pushes[0]["config"]).exists()
    assert bench.ask("image", "inspect", result["images"]["app"]["reference"]).returncode != 0


def test_a_failing_build_tells_its_last_lines_without_secrets(
    bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run
) -> None:
    repository = cloud.create("app")
    (bench.context / "Dockerfile").write_text("FROM scratch\nARG API_TOKEN\nCOPY $API_TOKEN /\n", encoding="utf-8")
    result = run_module(ecr_push, bench.options(connected, repository, build_args={"API_TOKEN": SECRET}))

    assert result["failed"] is True
    assert result["changed"] is False
    assert result["msg"].startswith(f"The build of image app from {bench.context}/Dockerfile failed. Its last lines:\n")
    assert "********" in "\n".join(result["images"]["app"]["log"])
    assert SECRET not in json.dumps(result)
    assert cloud.tags("app") == {}
    assert [call["argv"][0] for call in bench.calls].count("push") == 0


def test_one_failure_does_not_stop_the_others(
    bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run
) -> None:
    good, bad = cloud.create("good"), cloud.create("bad")
    (bench.context / "Broken").write_text("FROM scratch\nCOPY missing /\n", encoding="utf-8")
    options = bench.options(connected, good)
    options["images"] = {
        "good": options["images"]["app"],
        "bad": {**options["images"]["app"], "repository": bad, "dockerfile": "Broken"},
    }
    result = run_module(ecr_push, options)

    assert result["failed"] is True
    assert result["changed"] is True
    assert "The build of image bad" in result["msg"]
    assert result["images"]["bad"]["outcome"] == "failed"
    assert result["images"]["good"]["outcome"] == "succeeded"
    assert cloud.tags("good") == {result["images"]["good"]["tags"][0]: result["images"]["good"]["digest"]}


def test_sources_that_change_during_the_build(
    bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run
) -> None:
    repository = cloud.create("app")
    bench.record(touch=str(bench.context / "late.txt"))
    result = run_module(ecr_push, bench.options(connected, repository))

    assert result["msg"].startswith("The files of image app changed while it was built")
    assert cloud.tags("app") == {}


def test_a_tag_that_may_not_move_stops_after_the_build(
    bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run
) -> None:
    repository = cloud.create("app", "IMMUTABLE")
    options = {**bench.options(connected, repository), "tags": ["v1"]}
    first = run_module(ecr_push, options)["images"]["app"]
    (bench.context / "main.txt").write_text("other\n", encoding="utf-8")
    result = run_module(ecr_push, options)

    second = result["images"]["app"]
    assert result["failed"] is True
    assert f"The tag v1 of {repository} is immutable and names {first['digest']}" in result["msg"]
    assert second["digest"] in result["msg"]
    assert second["digest"] != first["digest"]
    assert cloud.tags("app")["v1"] == first["digest"]


def test_somebody_who_pushes_the_same_sources_first(
    bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = cloud.create("app", "IMMUTABLE")
    source_tag = run_module(ecr_push, bench.options(connected, repository), check=True)["images"]["app"]["tags"][0]
    media_type = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": media_type, "layers": []})

    def push_first(*_arguments: t.Any) -> None:
        cloud.ecr.put_image(repositoryName="app", imageManifest=manifest, imageTag=source_tag)

    # Between the build and the push: the engine's own push is then refused by the registry.
    monkeypatch.setattr(ship, "check_platform", push_first)
    result = run_module(ecr_push, bench.options(connected, repository))

    image = result["images"]["app"]
    assert cloud.tags("app") == {source_tag: image["digest"]}
    assert (image["built"], image["pushed"], image["outcome"]) == (True, False, "no_op")
    assert [call["argv"][0] for call in bench.calls].count("push") == 1


def test_a_registry_that_does_not_answer(
    bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run
) -> None:
    cloud.create("app")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        closed = server.server_address[1]
    result = run_module(ecr_push, bench.options(connected, f"127.0.0.1:{closed}/app"))

    assert "the registry did not answer" in result["msg"]
    assert result["images"]["app"]["built"] is True
    assert result["changed"] is False


@pytest.fixture
def refusing_registry() -> Iterator[tuple[str, list[str]]]:
    """A registry that writes down the logins it is shown, and refuses them."""
    shown: list[str] = []

    class Refuse(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            shown.append(self.headers.get("Authorization") or "")
            body = b'{"errors": [{"code": "DENIED", "message": "Not Authorized"}]}'
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_HEAD = do_POST = do_PUT = answer

        def log_message(self, *_arguments: t.Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", shown
        server.shutdown()
        thread.join()


def test_a_login_that_is_refused(
    bench: Bench,
    cloud: Cloud,
    connected: dict[str, t.Any],
    run_module: Run,
    refusing_registry: tuple[str, list[str]],
) -> None:
    cloud.create("app")
    host, shown = refusing_registry
    result = run_module(ecr_push, bench.options(connected, f"{host}/app"))

    assert "the registry refused the login" in result["msg"]
    push = next(call for call in bench.calls if call["argv"][0] == "push")
    assert f"Basic {push['login']['auths'][host]['auth']}" in shown
    assert not Path(push["config"]).exists()


def test_a_base_for_another_platform(bench: Bench, cloud: Cloud, connected: dict[str, t.Any], run_module: Run) -> None:
    """The classic builder takes a local base whatever its platform; BuildKit would ask a registry for it."""
    repository = cloud.create("app")
    base = f"slipway-test-base:{os.getpid()}"
    (bench.context / "Base").write_text("FROM scratch\nCOPY main.txt /base.txt\n", encoding="utf-8")
    build = ["build", "--platform", "linux/amd64", "--tag", base, "--file", str(bench.context / "Base")]
    assert bench.ask(*build, str(bench.context)).returncode == 0
    (bench.context / "Dockerfile").write_text(f"FROM {base}\nCOPY main.txt /\n", encoding="utf-8")
    try:
        result = run_module(ecr_push, bench.options(connected, repository, platform="linux/arm64"))
    finally:
        bench.ask("rmi", base)

    assert result["failed"] is True
    assert cloud.tags("app") == {}
    if result["images"]["app"]["built"]:
        assert "came out for linux/amd64, but linux/arm64 was asked for" in result["msg"]
    else:
        assert "The build of image app" in result["msg"]
