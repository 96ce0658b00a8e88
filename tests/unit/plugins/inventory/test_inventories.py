# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventories of this project, read by the real program."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("jsonschema")

from ansible_collections.slipway.aws.plugins.plugin_utils._delivery.validate import find_complaints
from pulumi_state import StateFolder, checkpoint

INVENTORIES = Path(__file__).parents[4] / "inventories"
pytestmark = pytest.mark.skipif(not INVENTORIES.is_dir(), reason="an installed collection has no inventories")

DELIVERY = {
    "schema": 1,
    "system": "qa-chatbot",
    "environment": "local",
    "region": "ap-northeast-1",
    "account": "000000000000",
    "repositories": {},
    "sites": {"frontend": {"bucket": "site", "distribution": "E1", "domain": "d1.cloudfront.net"}},
    "endpoints": {"public": "https://d1.cloudfront.net", "internal": "http://internal"},
    "alarms": {"required": []},
    "ledger": {"bucket": "ledger", "prefix": "qa-chatbot-local/"},
}
FLAT = {
    "aws_region": "eu-west-1",
    "ecr_repository_url": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/orders",
    "ecs_cluster_name": "orders-4f1c",
    "ecs_service_name": "orders-api-9b2e",
    "frontend_bucket": "orders-frontend",
    "cloudfront_distribution_id": "E2ABC",
    "cloudfront_domain_name": "d2abc.cloudfront.net",
    "alarm_names": ["orders-5xx"],
}
ENDPOINTS = {
    "endpoint_url": "http://127.0.0.1:4566",
    "region": "ap-northeast-1",
    "access_key": "000000000000",
    "secret_key": "of the emulator",
    "docker_host": "unix:///run/docker.sock",
}


def evaluated(project: t.Any, inventory: Path, expression: str, **environment: str) -> t.Any:
    """Evaluate an expression on the one host of an inventory, as a task would see it."""
    run = project.command(
        "adhoc", "-i", str(inventory), "pulumi_stacks", "-m", "ansible.builtin.debug", "-a",
        json.dumps({"msg": "{{ " + expression + " }}"}), "--one-line", **environment,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.partition("=>")[2])["msg"]


@pytest.fixture
def local_state(project: t.Any) -> StateFolder:
    folder = project.folder / "state dir" / "pulumi"
    folder.mkdir(parents=True)
    state = StateFolder(folder)
    state.write("slipway/qa-chatbot-local", checkpoint({"delivery": DELIVERY}, project="slipway"))
    return state


@pytest.fixture
def environment(local_state: StateFolder) -> dict[str, str]:
    return {"SLIPWAY_STATE_DIR": str(local_state.folder.parent)}


def test_local_delivers(project: t.Any, environment: dict[str, str]) -> None:
    answer = project.ask(INVENTORIES / "local", **environment)
    assert answer.returncode == 0, answer.complaints
    assert answer.group("pulumi_stacks") == ["qa-chatbot-local"]
    delivery = answer.variables("qa-chatbot-local")["delivery"]
    assert find_complaints(delivery) == []
    assert delivery["endpoints"] == {"public": "http://d1.cloudfront.net", "internal": "http://internal"}
    assert delivery["sites"] == DELIVERY["sites"]


def test_local_before_any_stack_says_where_it_looked(project: t.Any) -> None:
    answer = project.ask(INVENTORIES / "local", SLIPWAY_STATE_DIR="/nonexistent/state")
    assert answer.returncode != 0
    assert "no Pulumi backend at file:///nonexistent/state/pulumi: the folder does not exist" in answer.complaints


def test_local_connects_everything_to_the_local_cloud(
    project: t.Any, environment: dict[str, str], local_state: StateFolder
) -> None:
    folder = local_state.folder.parent / "local_cloud"
    folder.mkdir()
    (folder / "endpoints.json").write_text(json.dumps(ENDPOINTS))
    names = ["slipway_aws_connection", "smoke_gate_connect_to", "ecr_push_docker_host", "slipway_project_dir"]
    seen = evaluated(project, INVENTORIES / "local", f"[{', '.join(names)}]", **environment)
    connection = {key: ENDPOINTS[key] for key in ("region", "endpoint_url", "access_key", "secret_key")}
    assert seen == [
        connection,
        {"d1.cloudfront.net": "127.0.0.1:4566"},
        "unix:///run/docker.sock",
        str(INVENTORIES.parent.resolve()),
    ]


def test_local_without_the_cloud_says_how_to_start_it(project: t.Any, environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="The local cloud is not running") as caught:
        evaluated(project, INVENTORIES / "local", "slipway_aws_connection", **environment)
    assert "make up" in str(caught.value)


def test_flat_outputs_become_a_delivery_document(project: t.Any) -> None:
    state = project.state()
    state.write("orders/staging", checkpoint(FLAT, project="orders", stack="staging"))
    state.write("unrelated/dev", checkpoint(project="unrelated"))
    inventory = INVENTORIES / "examples" / "flat-outputs"
    answer = project.ask(inventory, PULUMI_BACKEND_URL=state.url)
    assert answer.returncode == 0, answer.complaints
    assert answer.group("pulumi_stacks") == answer.group("environment_staging") == ["orders-staging"]
    delivery = answer.variables("orders-staging")["delivery"]
    assert delivery["account"] == "123456789012"
    assert delivery["services"]["api"] == {
        "cluster": "orders-4f1c",
        "service": "orders-api-9b2e",
        "container": "app",
        "image": "api",
    }
    assert find_complaints(delivery) == []
    checked = evaluated(project, inventory, "delivery | slipway.aws.delivery", PULUMI_BACKEND_URL=state.url)
    assert checked == delivery


def test_a_flat_output_that_is_missing_stops_everything(project: t.Any) -> None:
    state = project.state()
    outputs = {name: value for name, value in FLAT.items() if name != "ecs_cluster_name"}
    state.write("orders/staging", checkpoint(outputs, project="orders", stack="staging"))
    answer = project.ask(INVENTORIES / "examples" / "flat-outputs", PULUMI_BACKEND_URL=state.url)
    assert answer.returncode != 0
    assert "Could not set delivery for host orders-staging" in answer.complaints
    assert "ecs_cluster_name" in answer.complaints
