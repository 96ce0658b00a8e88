# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After a release, the same again, and a broken one: the first still answers, and the records say what happened."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import boto3
import pytest

STATE = Path(os.environ["SLIPWAY_STATE_DIR"])


@pytest.fixture(scope="module")
def cloud() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads((STATE / "local_cloud" / "endpoints.json").read_text()))


@pytest.fixture(scope="module")
def delivery() -> dict[str, t.Any]:
    checkpoint = json.loads((STATE / "pulumi/.pulumi/stacks/slipway/qa-chatbot-local.json").read_text())
    resources = checkpoint["checkpoint"]["latest"]["resources"]
    stack = next(resource for resource in resources if resource["type"] == "pulumi:pulumi:Stack")
    return t.cast("dict[str, t.Any]", stack["outputs"]["delivery"])


def client(cloud: dict[str, t.Any], service: str) -> t.Any:
    return boto3.client(
        service,
        endpoint_url=cloud["endpoint_url"],
        region_name=cloud["region"],
        aws_access_key_id=cloud["access_key"],
        aws_secret_access_key=cloud["secret_key"],
    )


def receipts() -> list[dict[str, t.Any]]:
    found = [json.loads(path.read_text()) for path in (STATE / "releases").rglob("*.json")]
    return sorted(found, key=lambda receipt: str(receipt["started_at"]))


def test_the_release_answers_through_the_front_door(
    host: t.Any, cloud: dict[str, t.Any], delivery: dict[str, t.Any]
) -> None:
    domain = delivery["sites"]["frontend"]["domain"]
    health = host.run("curl --silent --fail --header %s %s", f"Host: {domain}", f"{cloud['endpoint_url']}/api/health")
    assert health.succeeded, health.stderr
    assert json.loads(health.stdout)["release_id"] == receipts()[0]["release_id"]


def test_the_service_runs_what_the_receipt_says(cloud: dict[str, t.Any], delivery: dict[str, t.Any]) -> None:
    service = delivery["services"]["backend"]
    answer = client(cloud, "ecs").describe_services(cluster=service["cluster"], services=[service["service"]])
    assert answer["services"][0]["taskDefinition"] == receipts()[0]["units"]["services"]["backend"]["after"]
    assert answer["services"][0]["runningCount"] == answer["services"][0]["desiredCount"] > 0


def test_three_runs_left_two_receipts_and_their_reports(host: t.Any) -> None:
    assert [receipt["outcome"] for receipt in receipts()] == ["succeeded", "rolled_back"]
    report = host.file(str(STATE / "releases" / "qa-chatbot-local-broken.md"))
    assert report.contains("SESSION_TABLE names a table that does not exist")
    assert report.contains("exit code 1")


def test_the_ledger_has_the_same_receipts(cloud: dict[str, t.Any], delivery: dict[str, t.Any]) -> None:
    ledger = delivery["ledger"]
    listed = client(cloud, "s3").list_objects_v2(Bucket=ledger["bucket"], Prefix=f"{ledger['prefix']}receipts/")
    assert listed["KeyCount"] == len(receipts())
