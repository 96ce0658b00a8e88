# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The actions of M(slipway.aws.site_publish) and M(slipway.aws.cloudfront_invalidate), in a real ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("moto.server")

import ansible_collections.amazon.aws
import boto3
from ansible_collections.slipway.aws.plugins.action import cloudfront_invalidate, site_publish
from ansible_collections.slipway.aws.plugins.module_utils._edge.invalidate import ARGUMENTS as INVALIDATE
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_options import ARGUMENTS as PUBLISH
from moto.server import ThreadedMotoServer

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Play = Callable[..., subprocess.CompletedProcess[str]]

KEYS = {"region": "us-east-1", "access_key": "slipway-test", "secret_key": "slipway-test"}
ROOTS = [
    Path(site_publish.__file__).parents[5],
    *(Path(folder).parents[2] for folder in ansible_collections.amazon.aws.__path__),
]


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    # Another server in this process would have left its buckets here.
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=60).close()
    session = boto3.session.Session(KEYS["access_key"], KEYS["secret_key"], region_name=KEYS["region"])
    session.client("s3", endpoint_url=url).create_bucket(Bucket="action-site")
    yield url
    server.stop()


@pytest.fixture
def play(tmp_path: Path, endpoint: str) -> Play:
    """Publish a folder of one page and one asset, beside the play."""
    (tmp_path / "dist/assets").mkdir(parents=True)
    (tmp_path / "dist/index.html").write_text("<h1>one</h1>")
    (tmp_path / "dist/assets/app.3f2a9c1b.js").write_text("hello()")
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}

    def run(*words: str, environment: t.Any = None, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        options = {**KEYS, "endpoint_url": endpoint}
        publish = {**options, "bucket": "action-site", "source": str(tmp_path / "dist")}
        forget = {**options, "distribution": "E1", "paths": [], "release": "r1"}
        tasks = [
            {"slipway.aws.site_publish": publish, "register": "site"},
            {"slipway.aws.cloudfront_invalidate": forget, "register": "edge"},
            {"debug": {"msg": "{{ site.outcome }} {{ site.uploaded }} {{ edge.outcome }} {{ edge.verified }}"}},
        ]
        own = {"ansible_python_interpreter": sys.executable}
        head = {"hosts": "localhost", "gather_facts": False, "environment": environment or {}}
        file = tmp_path / "play.json"
        file.write_text(json.dumps([{**head, "vars": {**own, **variables}, "tasks": tasks}]))
        return subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", str(file), *words],
            env={
                **kept,
                "HOME": str(tmp_path),
                "ANSIBLE_HOME": str(tmp_path / "ansible"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_COLLECTIONS_PATH": ":".join(str(root) for root in ROOTS),
                "AWS_EC2_METADATA_DISABLED": "true",
                "LC_ALL": "C.UTF-8",
            },
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def test_it_shows_how_far_it_has_come_and_predicts_the_same(play: Play) -> None:
    predicted = play("--check", "--diff")
    assert predicted.returncode == 0, predicted.stdout + predicted.stderr
    assert (
        "localhost | site_publish | action-site: 2 files, 1 assets and 1 other files differ, 19 bytes"
        in predicted.stdout
    )
    assert "assets: 1 of 1" not in predicted.stdout
    assert "+index.html " in predicted.stdout
    happened = play()
    assert "localhost | site_publish | action-site: assets: 1 of 1, 7 bytes" in happened.stdout, happened.stdout
    for done in (predicted, happened):
        assert "succeeded 2 no_op []" in done.stdout, done.stdout + done.stderr
    again = play(slipway_progress=False)
    assert "no_op 0 no_op []" in again.stdout
    assert "files, nothing differs" not in again.stdout


def test_where_it_cannot_stay_the_module_does_the_same_silently(play: Play) -> None:
    # The environment of a task reaches a module only.
    done = play(environment={"SLIPWAY_TEST": "1"})
    assert "succeeded 2 no_op []" in done.stdout, done.stdout + done.stderr
    assert "site_publish | action-site" not in done.stdout


def test_the_options_of_action_and_module_are_the_same() -> None:
    assert set(PUBLISH) <= set(site_publish.ActionModule.ARGUMENTS)
    assert set(INVALIDATE) <= set(cloudfront_invalidate.ActionModule.ARGUMENTS)
    assert "endpoint_url" in site_publish.ActionModule.ARGUMENTS
