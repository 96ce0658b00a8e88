# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backends for the true Pulumi CLI: folders, and buckets and keys of a moto server on the loopback."""

from __future__ import annotations

import dataclasses
import itertools
import os
import sys
import typing as t
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "collections")]

from real_pulumi import RealBackend

REGION = "ap-northeast-1"
REASON = "needs the Pulumi CLI: SLIPWAY_PULUMI does not name it (tests/gates/steps/pulumi_cli.py provides one)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not os.environ.get("SLIPWAY_PULUMI"):
        for item in items:
            if item.path.is_relative_to(HERE):
                item.add_marker(pytest.mark.skip(reason=REASON))


@dataclasses.dataclass
class FakeCloud:
    """S3 and KMS on the loopback."""

    endpoint: str
    numbers: t.Iterator[int] = dataclasses.field(default_factory=itertools.count)

    def client(self, service: str) -> t.Any:
        import boto3

        # Whichever service: the stubs know one signature for each.
        make: t.Callable[..., t.Any] = boto3.client
        return make(service, endpoint_url=self.endpoint, region_name=REGION)

    def bucket_url(self, prefix: str = "") -> str:
        """Make a bucket, and spell its URL as the CLI does."""
        name = f"pulumi-state-{next(self.numbers)}"
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return f"s3://{name}{prefix}?region={REGION}&endpoint={self.endpoint}&s3ForcePathStyle=true"

    def key(self) -> dict[str, str]:
        """Make a key with an alias, and return the names it has."""
        kms = self.client("kms")
        made = kms.create_key()["KeyMetadata"]
        alias = f"alias/pulumi-{next(self.numbers)}"
        kms.create_alias(AliasName=alias, TargetKeyId=made["KeyId"])
        account, _colon, _rest = made["Arn"].rpartition(":")
        return {"id": made["KeyId"], "arn": made["Arn"], "alias": alias, "alias_arn": f"{account}:{alias}"}


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[None]:
    """Hide the accounts and settings of whoever runs the tests, and put the CLI where programs look for it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "PULUMI_"))]:
            patch.delenv(name)
        nowhere = tmp_path_factory.mktemp("aws")
        patch.setenv("AWS_ACCESS_KEY_ID", "unit-test-key-id")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "unit-test-secret-key")
        patch.setenv("AWS_CONFIG_FILE", str(nowhere / "config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere / "credentials"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        program = nowhere / "pulumi"
        program.symlink_to(os.environ["SLIPWAY_PULUMI"])
        patch.setenv("PATH", f"{nowhere}{os.pathsep}{os.environ['PATH']}")
        yield


@pytest.fixture(scope="session")
def cloud() -> t.Iterator[FakeCloud]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield FakeCloud(f"http://{host}:{port}")
    server.stop()


@pytest.fixture
def backend(tmp_path: Path) -> RealBackend:
    """An empty backend in a folder with a space in its name."""
    return folder_backend(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> RealBackend:
    """A backend the tests of one file use together, each with a stack of its own."""
    return folder_backend(tmp_path_factory.mktemp("shared"))


def folder_backend(folder: Path) -> RealBackend:
    state = folder / "the state"
    state.mkdir()
    return RealBackend(f"file://{state}", folder)
