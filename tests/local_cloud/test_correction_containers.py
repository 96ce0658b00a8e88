# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a definition says of its containers' processes, secrets, order and network."""

from __future__ import annotations

import json
import typing as t

from definitions import container, define, run, stopped, task_of
from ecs import log_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

TELL = (
    "import json, os, sys; print('TOLD ' + json.dumps([sys.argv[1:], os.getcwd(), os.getuid(), dict(os.environ)]), "
    "flush=True)"
)


def told(home: Home, family: str, definition: str) -> list[t.Any]:
    stopped(home, run(home, definition))
    line = wait_for(f"output of {family}", lambda: "TOLD " in log_of(home, family) and log_of(home, family))
    found: list[t.Any] = json.loads(line.partition("TOLD ")[2].splitlines()[0])
    return found


def test_container_processes(cloud: Home, pushed: str) -> None:
    one = {"name": "app", "image": pushed, "entryPoint": ["python3", "-c", TELL], "command": ["a", "b"]}
    definition = define(cloud, "process", {**one, "workingDirectory": "/var/tmp", "user": "1234"})
    assert told(cloud, "process", definition)[:3] == [["a", "b"], "/var/tmp", 1234]


def test_secure_strings_are_decrypted(cloud: Home, pushed: str) -> None:
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/tests/secret", Value="in clear", Type="SecureString")
    ssm.put_parameter(Name="/tests/plain", Value="as it is", Type="String")
    arn = "arn:aws:ssm:ap-northeast-1:000000000000:parameter/tests/secret"
    secrets = [{"name": "SECRET", "valueFrom": arn}, {"name": "PLAIN", "valueFrom": "/tests/plain"}]
    environment = told(cloud, "secure", define(cloud, "secure", container(pushed, TELL, secrets=secrets)))[3]
    assert (environment["SECRET"], environment["PLAIN"]) == ("in clear", "as it is")


def test_containers_wait_for_each_other(cloud: Home, pushed: str) -> None:
    """Written in the wrong order: what prepares, what is healthy after a while, and what needs both."""
    say = "import time; print('{0} {1}', time.time(), flush=True)"
    last = container(
        pushed,
        say.format("SAID", "last"),
        name="last",
        dependsOn=[
            {"containerName": "server", "condition": "HEALTHY"},
            {"containerName": "first", "condition": "SUCCESS"},
        ],
    )
    slow = "import time; time.sleep(2); open('/tmp/well', 'w'); print('SAID server', flush=True); time.sleep(600)"
    server = container(
        pushed,
        slow,
        name="server",
        essential=False,
        stopTimeout=2,
        dependsOn=[{"containerName": "first", "condition": "SUCCESS"}],
        healthCheck={"command": ["CMD-SHELL", "test -e /tmp/well"]},
    )
    first = container(
        pushed, f"import time; time.sleep(1); {say.format('SAID', 'first')}", name="first", essential=False
    )
    task = stopped(cloud, run(cloud, define(cloud, "ordered", last, server, first)))
    said = wait_for("all three", lambda: _said(cloud, "ordered") if len(_said(cloud, "ordered")) == 3 else None)
    assert said == ["first", "server", "last"]
    assert {one["name"]: one["exitCode"] for one in task["containers"]} == {"first": 0, "server": 137, "last": 0}


def _said(home: Home, family: str) -> list[str]:
    return [line.split()[1] for line in log_of(home, family).splitlines() if line.startswith("SAID ")]


def test_a_dependency_that_fails(cloud: Home, pushed: str) -> None:
    first = container(pushed, "raise SystemExit(4)", name="first", essential=False)
    app = container(pushed, dependsOn=[{"containerName": "first", "condition": "SUCCESS"}])
    task = stopped(cloud, run(cloud, define(cloud, "unprepared", first, app)))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "dependency container 'first' exited with 4" in task["stoppedReason"]


def test_shared_task_network(cloud: Home, pushed: str) -> None:
    """A sidecar listens on 127.0.0.1; the other reaches it there, and both know the local cloud by its name."""
    listen = "import socket; s = socket.create_server(('127.0.0.1', 7000)); c, _ = s.accept(); c.sendall(b'hello')"
    ask = (
        "import os, socket, time, urllib.parse, urllib.request; time.sleep(1);"
        "assert socket.create_connection(('127.0.0.1', 7000), 5).recv(9) == b'hello';"
        "urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_ministack/health', timeout=9)"
    )
    side = container(pushed, listen, name="side", essential=False)
    arn = run(cloud, define(cloud, "together", side, container(pushed, ask)))
    task = stopped(cloud, arn)
    assert {one["name"]: one["exitCode"] for one in task["containers"]} == {"side": 0, "app": 0}, log_of(
        cloud, "together"
    )
    assert len(task_of(cloud, arn)["attachments"]) == 1


def test_efs_volumes_are_mounted(cloud: Home, pushed: str) -> None:
    """One task writes by its access point; another reads it by the file system's root; a third has no such volume."""
    efs = cloud.client("efs")
    system = efs.create_file_system(CreationToken="tests")["FileSystemId"]
    creation = {"OwnerUid": 1234, "OwnerGid": 1234, "Permissions": "750"}
    point = efs.create_access_point(
        ClientToken="tests", FileSystemId=system, RootDirectory={"Path": "/data", "CreationInfo": creation}
    )["AccessPointId"]

    def task(family: str, program: str, configuration: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
        mount = [{"sourceVolume": "data", "containerPath": "/mnt/data"}]
        one = container(pushed, program, mountPoints=mount, **more)
        volumes = [{"name": "data", "efsVolumeConfiguration": configuration}]
        return stopped(cloud, run(cloud, define(cloud, family, one, volumes=volumes)))

    by_point = {"fileSystemId": system, "authorizationConfig": {"accessPointId": point, "iam": "ENABLED"}}
    wrote = task("writes", "open('/mnt/data/note', 'w').write('kept')", by_point, user="1234")
    assert wrote["containers"][0]["exitCode"] == 0, log_of(cloud, "writes")
    read = task("reads", "assert open('/mnt/data/data/note').read() == 'kept'", {"fileSystemId": system})
    assert read["containers"][0]["exitCode"] == 0, log_of(cloud, "reads")
    nowhere = task("nowhere", "pass", {"fileSystemId": "fs-00000000"})
    assert nowhere["stopCode"] == "TaskFailedToStart"
    assert "EFS volumes: there is no fs-00000000" in nowhere["stoppedReason"]
