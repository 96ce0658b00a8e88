# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import json
import pathlib
import typing as t
import urllib.request

import pytest

pytest.importorskip("moto.server", reason="the S3 backend is tested against moto's server")

import boto3
from ansible_collections.slipway.aws.plugins.module_utils._pulumi import backend as backend_module
from ansible_collections.slipway.aws.plugins.module_utils._pulumi import storage_bucket
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Backend, Lock
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendError,
    CheckpointError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, parse_stack_name
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Reader, Terms, open_backend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack
from moto.server import ThreadedMotoServer
from pulumi_state import checkpoint

BUCKET = "pulumi-state"


@pytest.fixture(scope="module")
def endpoint() -> t.Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit-test-key-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit-test-secret-key")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def s3(endpoint: str) -> t.Iterator[t.Any]:
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page.get("Contents", []):
            client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)


def opened(endpoint: str, place: str = BUCKET, more: str = "&region=us-east-1") -> Backend:
    url = f"s3://{place}?endpoint={endpoint}&s3ForcePathStyle=true{more}"
    return open_backend(url, base=pathlib.Path("/"), environment={})


def read_all(backend: Backend) -> list[Stack]:
    return Reader(backend, {}, None, None).stacks(Selection(), Terms())


def put(s3: t.Any, key: str, content: t.Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=content if isinstance(content, bytes) else json.dumps(content).encode())


def test_stacks_below_a_prefix(s3: t.Any, endpoint: str) -> None:
    for prefix in ("team/", "other/", ""):
        put(s3, f"{prefix}.pulumi/meta.yaml", b"version: 1\n")
    put(s3, "team/.pulumi/stacks/shop/dev.json", checkpoint({"url": "x"}))
    put(s3, "team/.pulumi/stacks/shop/prod.json.gz", gzip.compress(json.dumps(checkpoint({"url": "y"})).encode()))
    put(s3, "team/.pulumi/stacks/shop/dev.json.bak", b"old")
    put(s3, "other/.pulumi/stacks/shop/else.json", checkpoint())
    backend = opened(endpoint, f"{BUCKET}/team")
    catalogue = backend.catalogue()
    assert set(catalogue) == {StackReference("shop", "dev"), StackReference("shop", "prod")}
    assert [stack.output("url", secrets=False) for stack in read_all(backend)] == ["x", "y"]
    assert backend.locate(parse_stack_name("organization/shop/prod"))[1].key == ".pulumi/stacks/shop/prod.json.gz"
    assert opened(endpoint).catalogue() == {}


def test_an_entry_changes_its_version_with_its_content(s3: t.Any, endpoint: str) -> None:
    versions = set()
    for url in ("x", "y"):
        put(s3, ".pulumi/stacks/shop/dev.json", checkpoint({"url": url}))
        versions.add(opened(endpoint).catalogue()[StackReference("shop", "dev")].version)
    assert len(versions) == 2


def test_locks(s3: t.Any, endpoint: str) -> None:
    put(s3, ".pulumi/locks/organization/shop/dev/1.json", b"{}")
    assert opened(endpoint).lock(StackReference("shop", "dev")) == Lock("somebody (pid 0)")
    assert opened(endpoint).lock(StackReference("shop", "prod")) is None


def test_more_stacks_than_one_page_lists(s3: t.Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    for number in range(25):
        put(s3, f".pulumi/stacks/shop/s{number:02}.json", b"{}")
    assert len(s3.list_objects_v2(Bucket=BUCKET)["Contents"]) == 10
    assert len(opened(endpoint).catalogue()) == 25


@pytest.mark.usefixtures("s3")
def test_the_region_may_come_from_the_environment(endpoint: str) -> None:
    url = f"s3://{BUCKET}?endpoint={endpoint}&s3ForcePathStyle=true"
    backend = open_backend(url, base=pathlib.Path("/"), environment={"AWS_REGION": "us-east-1"})
    assert backend.catalogue() == {}


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("place", "more", "sentence"),
    [
        ("no-such-bucket", "&region=us-east-1", "There is no S3 bucket 'no-such-bucket'"),
        (BUCKET, "", "Could not connect to the Pulumi backend at s3://pulumi-state: No AWS region is known"),
        (BUCKET, "&region=us-east-1&profile=nobody", r"Could not connect .* profile \(nobody\) could not be found"),
    ],
)
def test_a_bucket_that_cannot_be_read(endpoint: str, place: str, more: str, sentence: str) -> None:
    with pytest.raises(BackendError, match=sentence):
        opened(endpoint, place, more).catalogue()


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_refuses_us(endpoint: str) -> None:
    def refuse_after(calls: bytes) -> None:
        request = urllib.request.Request(
            f"{endpoint}/moto-api/reset-auth", data=calls, headers={"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(request).close()

    refuse_after(b"0")
    try:
        with pytest.raises(BackendDeniedError, match=r"refused us \(InvalidAccessKeyId\)") as caught:
            opened(endpoint).catalogue()
    finally:
        refuse_after(b"1000000")
    assert "s3:ListBucket on the bucket pulumi-state" in str(caught.value.hint)


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_bucket, "ATTEMPTS", 1)
    backend = opened("http://127.0.0.1:9", more="&region=us-east-1")
    with pytest.raises(BackendError, match="Could not list the Pulumi backend's objects: Could not connect"):
        backend.catalogue()


def test_an_object_far_too_big(s3: t.Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(s3, ".pulumi/stacks/shop/dev.json", b"x" * 2000)
    monkeypatch.setattr(storage_bucket, "MAXIMUM_SIZE", 1000)
    backend = opened(endpoint)
    entry = list(backend.catalogue().values())[-1]
    with pytest.raises(CheckpointError, match="has 2000 bytes, more than the 1000 we read"):
        backend.stream(entry, secrets=False)
    assert backend_module.MAXIMUM_SIZE > 50 * 1024 * 1024


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_bucket, "HAS_BOTO", False)
    with pytest.raises(BackendError, match="needs the Python library boto3"):
        opened("http://127.0.0.1:9", "nobody-asked-for-this")
