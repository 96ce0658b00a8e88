"""What the scenario left in the account while it ran."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import boto3
import pytest


@pytest.fixture
def bucket() -> str:
    token = hashlib.sha256(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"].encode()).hexdigest()[:12]
    account = boto3.client("sts").get_caller_identity()["Account"]
    return f"slipway-sandbox-{account}-{token}"


def test_everything_was_written_once(bucket: str) -> None:
    listed: list[Any] = boto3.client("s3").list_object_versions(Bucket=bucket)["Versions"]
    assert sorted(version["Key"] for version in listed) == [
        "assets/app.3f2a9c1b.js",
        "index.html",
        "ledger/receipts/20260131T120100Z-sandbox-1.json",
    ]
