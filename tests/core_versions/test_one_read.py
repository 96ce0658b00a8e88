# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One read per stack per run, whoever asks: counted by the server that is asked."""

from __future__ import annotations

import json
import logging
import sys
import typing as t
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "plugins" / "module_utils" / "_pulumi"))

from pulumi_state import checkpoint

if t.TYPE_CHECKING:
    from conftest import Core

STATE = ".pulumi/stacks/shop/dev.json"
KEYS = {"AWS_ACCESS_KEY_ID": "unit-test-key-id", "AWS_SECRET_ACCESS_KEY": "unit-test-secret-key"}
INVENTORY = """
plugin: slipway.aws.pulumi
strict: true
compose: {ansible_connection: "'local'"}
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that: pulumi_outputs.url == 'https://one'
    - ansible.builtin.assert:
        that: lookup('slipway.aws.pulumi_output', 'url', stack='dev') == 'https://one'
    - ansible.builtin.assert:
        that: lookup('slipway.aws.pulumi_output', 'url', stack='organization/shop/dev') == 'https://one'
    - slipway.aws.pulumi_stack_info:
        stack: dev
      register: info
    - ansible.builtin.assert:
        that: info.outputs.url == 'https://one'
    - slipway.aws.pulumi_stack_info:
        stack: dev
        project: shop
"""


class Requests(logging.Handler):
    """What the server's own log says it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def reads_of(self, key: str) -> int:
        return sum(f'"GET /state/{key} ' in line for line in self.lines)


@pytest.fixture
def server() -> t.Iterator[tuple[str, Requests]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=True)
    server.start()
    requests, log = Requests(), logging.getLogger("werkzeug")
    level = log.level
    log.addHandler(requests)
    log.setLevel(logging.INFO)
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}", requests
    log.setLevel(level)
    log.removeHandler(requests)
    server.stop()


def test_a_state_is_read_once_in_a_run(core: Core, server: tuple[str, Requests], tmp_path: Path) -> None:
    endpoint, requests = server
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    s3.create_bucket(Bucket="state")
    s3.put_object(Bucket="state", Key=".pulumi/meta.yaml", Body=b"version: 1\n")
    s3.put_object(Bucket="state", Key=STATE, Body=json.dumps(checkpoint({"url": "https://one"})).encode())
    (tmp_path / "shop.pulumi.yml").write_text(INVENTORY)
    (tmp_path / "play.yml").write_text(PLAY)
    url = f"s3://state?endpoint={endpoint}&s3ForcePathStyle=true&region=us-east-1"
    play = core.run(
        "ansible-playbook", "-i", "shop.pulumi.yml", "play.yml", folder=tmp_path, PULUMI_BACKEND_URL=url, **KEYS
    )
    assert play.returncode == 0, play.stdout + play.stderr
    assert "ok=6" in play.stdout
    assert requests.reads_of(STATE) == 1
