# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import json
import tracemalloc
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import parse_checkpoint
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.compression import decompress
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError
from pulumi_state import NEVER_UPDATED, checkpoint

GOOD = json.dumps(checkpoint({"url": "x"})).encode()


def broken(**latest: t.Any) -> bytes:
    return json.dumps(checkpoint(**latest)).encode()


@pytest.mark.parametrize(
    "content", [GOOD, gzip.compress(GOOD, mtime=0), json.dumps(checkpoint({"url": "x"}, version=4)).encode()]
)
def test_a_good_checkpoint(content: bytes) -> None:
    parsed = parse_checkpoint(content, "state")
    assert parsed.stack == "organization/shop/dev"
    deployment = parsed.deployment
    assert deployment is not None
    assert deployment.root is not None
    assert deployment.root.outputs == {"url": "x"}
    assert (deployment.time, deployment.pulumi_version) == ("2026-11-21T08:00:00Z", "v3.272.0")
    bucket = deployment.resources[1]
    assert (bucket.type, bucket.id, bucket.custom) == ("aws:s3/bucket:Bucket", "assets-1", True)
    assert bucket.parent == deployment.root.urn


@pytest.mark.parametrize(
    "document",
    [NEVER_UPDATED, {"version": 3, "checkpoint": {"stack": "dev", "latest": None}}, {"version": 3, "checkpoint": {}}],
)
def test_a_stack_that_was_never_updated(document: dict[str, t.Any]) -> None:
    assert parse_checkpoint(json.dumps(document).encode(), "state").deployment is None


def test_a_stack_of_another_program_below_the_root_is_not_the_root() -> None:
    document = checkpoint({"url": "x"})
    resources = document["checkpoint"]["latest"]["resources"]
    resources.insert(0, resources[0] | {"parent": "urn:other", "outputs": {"url": "wrong"}})
    deployment = parse_checkpoint(json.dumps(document).encode(), "state").deployment
    assert deployment is not None
    assert deployment.root is not None
    assert deployment.root.outputs == {"url": "x"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "state is damaged or cut short: it is empty"),
        (b" \n", "state is damaged or cut short: it is empty"),
        (GOOD[:-40], "state is damaged or cut short: it stops being JSON at line 1"),
        (b"<html>", "it stops being JSON at line 1, column 1"),
        (b"\xff\xfe\xfa\x00garbage", "it is not JSON"),
        (b'{"version": NaN}', "it is not JSON"),
        (b'{"version": 1e999}', "it is not JSON"),
        (b'{"version": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "the document is not an object"),
        (b"null", "the document is not an object"),
        (b"{}", "it has no key 'checkpoint'"),
        (b'{"version": "3", "checkpoint": {}}', "version has the wrong type"),
        (b'{"version": true, "checkpoint": {}}', "version has the wrong type"),
        (b'{"version": 2, "checkpoint": {}}', "has checkpoint version 2; this version reads 3 and 4"),
        (b'{"version": 5, "checkpoint": {}}', "has checkpoint version 5; this version reads 3 and 4"),
        (b'{"version": -1, "checkpoint": {}}', "has checkpoint version -1"),
        (b'{"checkpoint": {"latest": {}}}', "it has no version"),
        (b'{"version": 3, "checkpoint": []}', "checkpoint is not an object"),
        (b'{"version": 4, "features": ["teleport"], "checkpoint": {}}', "uses the state feature teleport"),
        (b'{"version": 4, "features": [1], "checkpoint": {}}', "features has the wrong type"),
        (b'{"version": 3, "checkpoint": {"latest": 7}}', "checkpoint.latest is not an object"),
        (broken(resources={}), "checkpoint.latest.resources has the wrong type"),
        (broken(resources=[1]), r"checkpoint.latest.resources\[0\] is not an object"),
        (broken(resources=[{"urn": 1}]), r"checkpoint.latest.resources\[0\].urn has the wrong type"),
        (broken(resources=[{"outputs": "x"}]), r"checkpoint.latest.resources\[0\].outputs has the wrong type"),
        (broken(pending_operations=[{"resource": 1}]), r"pending_operations\[0\].resource is not an object"),
        (broken(manifest=[]), "checkpoint.latest.manifest is not an object"),
        (broken(secrets_providers={"type": "passphrase", "state": "x"}), "secrets_providers.state has the wrong type"),
        (b"\x1f\x8b\x08garbage", "its gzip data cannot be unpacked"),
        (gzip.compress(GOOD, mtime=0)[:-30], "its gzip data ends too early"),
        (gzip.compress(b"not JSON", mtime=0), "it stops being JSON"),
        (b"\x28\xb5\x2f\xfd\x00", "is compressed with zstd"),
    ],
)
def test_what_is_no_checkpoint(content: bytes, sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        parse_checkpoint(content, "state")


def test_every_cut_of_a_checkpoint_is_noticed() -> None:
    packed = gzip.compress(GOOD, mtime=0)
    for content in (*(GOOD[:end] for end in range(len(GOOD))), *(packed[:end] for end in range(len(packed)))):
        with pytest.raises(CheckpointError):
            parse_checkpoint(content, "state")


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match="unpacks to more than 1000000 bytes"):
            decompress(bomb, "state", maximum=1_000_000)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
    assert len(decompress(bomb, "state", maximum=20_000_000)) == 20_000_000
