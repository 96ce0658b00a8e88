"""Look at the moto server the way an auditor would look at the account: with its own client, from outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

REGION = "ap-northeast-1"


@pytest.fixture(scope="session")
def folder() -> Path:
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "moto"


@pytest.fixture(scope="session")
def client(folder: Path) -> Callable[[str], Any]:
    endpoint = (folder / "moto.endpoint").read_text()

    def connect(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="no-secret-of-the-moto-scenario",
        )

    return connect
