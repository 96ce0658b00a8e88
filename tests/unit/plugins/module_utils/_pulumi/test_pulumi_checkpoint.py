# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import json
import tracemalloc
import typing as t

import pytest

zstandard = pytest.importorskip("zstandard")
from ansible_collections.slipway.aws.plugins.module_utils._pulumi import compression, json_stream
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
    parsed = parse_checkpoint(iter([content]), "state", wanted=lambda kind: kind.startswith("aws:"))
    assert parsed.stack == "organization/shop/dev"
    deployment = parsed.deployment
    assert deployment is not None
    assert deployment.root is not None
    assert deployment.root.outputs == {"url": "x"}
    assert (deployment.time, deployment.pulumi_version) == ("2026-11-21T08:00:00Z", "v3.272.0")
    assert deployment.resource_count == 2
    (bucket,) = deployment.resources
    assert (bucket.type, bucket.id, bucket.custom) == ("aws:s3/bucket:Bucket", "assets-1", True)
    assert bucket.parent == deployment.root.urn


@pytest.mark.parametrize(
    "document",
    [NEVER_UPDATED, {"version": 3, "checkpoint": {"stack": "dev", "latest": None}}, {"version": 3, "checkpoint": {}}],
)
def test_a_stack_that_was_never_updated(document: dict[str, t.Any]) -> None:
    assert parse_checkpoint(iter([json.dumps(document).encode()]), "state").deployment is None


def test_a_stack_of_another_program_below_the_root_is_not_the_root() -> None:
    document = checkpoint({"url": "x"})
    resources = document["checkpoint"]["latest"]["resources"]
    resources.insert(0, resources[0] | {"parent": "urn:other", "outputs": {"url": "wrong"}})
    deployment = parse_checkpoint(iter([json.dumps(document).encode()]), "state").deployment
    assert deployment is not None
    assert deployment.root is not None
    assert deployment.root.outputs == {"url": "x"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "state is damaged or cut short: it is empty"),
        (b" \n", "state is damaged or cut short: it is empty"),
        (GOOD[:-40], "state is damaged or cut short: it stops being JSON in line 1"),
        (b"<html>", "it stops being JSON in line 1"),
        (b"\xff\xfe\xfa\x00garbage", "it is not JSON"),
        (b'{"version": NaN}', "it stops being JSON in line 1"),
        (b'{"version": 1e999}', "it stops being JSON in line 1"),
        (b'{"version": ' + b"9" * 5000 + b"}", "it stops being JSON in line 1"),
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
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 50, "its zstd data cannot be unpacked"),
        (zstandard.compress(GOOD)[:-30], "zstd data cannot be unpacked|cut short"),
        (zstandard.compress(b"not JSON"), "it stops being JSON"),
        (GOOD + b"{}", "it stops being JSON in line 1"),
        (b'{"version": 3 "checkpoint": {}}', "it stops being JSON in line 1"),
        (b'{\n"version": 3,\n"checkpoint": {]}', "it stops being JSON in line 3"),
        (b"{1: 2}", "it stops being JSON in line 1"),
    ],
)
def test_what_is_no_checkpoint(content: bytes, sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        parse_checkpoint(iter([content]), "state")


def test_every_cut_of_a_checkpoint_is_noticed() -> None:
    packed = gzip.compress(GOOD, mtime=0)
    for content in (*(GOOD[:end] for end in range(len(GOOD))), *(packed[:end] for end in range(len(packed)))):
        with pytest.raises(CheckpointError):
            parse_checkpoint(iter([content]), "state")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd"])
def test_pieces_of_any_size_say_the_same(pack: str, size: int) -> None:
    content = {"plain": GOOD, "gzip": gzip.compress(GOOD, mtime=0), "zstd": zstandard.compress(GOOD)}[pack]
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    assert parse_checkpoint(pieces, "state") == parse_checkpoint(iter([GOOD]), "state")


@pytest.mark.parametrize("number", ["12345", "-0.5", "1e3", "12.5E-10", "0", "-1"])
def test_a_number_cut_at_any_place(number: str) -> None:
    text = f'{{"version": 3, "other": {number}, "checkpoint": {{}}}}'.encode()
    for end in range(len(text)):
        assert parse_checkpoint(iter([text[:end], text[end:]]), "state").version == 3


def test_what_pulumi_exports_is_read_too() -> None:
    document = checkpoint({"url": "x"})
    exported = {"version": 3, "deployment": document["checkpoint"]["latest"]}
    assert root_outputs(json.dumps(exported, indent=4).encode()) == {"url": "x"}
    never = json.dumps({"version": 3, "deployment": None}).encode()
    assert parse_checkpoint(iter([never]), "state").deployment is None


def test_the_order_of_keys_does_not_matter() -> None:
    document = checkpoint({"url": "x"})
    latest = document["checkpoint"]["latest"]
    turned = {"checkpoint": {"latest": dict(reversed(latest.items())), "stack": "s"}, "version": 3}
    assert root_outputs(json.dumps(turned).encode()) == {"url": "x"}


def root_outputs(content: bytes) -> t.Any:
    deployment = parse_checkpoint(iter([content]), "state").deployment
    return deployment.root.outputs if deployment and deployment.root else None


def many_resources(count: int, size: int) -> t.Iterator[bytes]:
    head, tail = json.dumps(checkpoint({"url": "x"})).encode().split(b"]", 1)
    yield head
    filler = "x" * size
    for number in range(count):
        yield b", " + json.dumps({"urn": f"urn:{number}", "type": "a:b:C", "outputs": {"filler": filler}}).encode()
    yield b"]" + tail


def test_a_large_state_costs_only_its_largest_resource() -> None:
    tracemalloc.start()
    try:
        parsed = parse_checkpoint(many_resources(1000, 50_000), "state")
        dummy, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert parsed.deployment is not None
    assert parsed.deployment.resource_count == 1002
    assert peak < 3_000_000


def test_a_mistake_early_in_a_large_state_is_found_early() -> None:
    read = 0

    def endless() -> t.Iterator[bytes]:
        nonlocal read
        yield b'{"version": 3, "other": [1, 2 3'
        while True:
            read += 1
            yield b", 1" * 1000

    with pytest.raises(CheckpointError, match="it stops being JSON in line 1"):
        parse_checkpoint(endless(), "state")
    assert read < 3


def test_one_endless_value_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAXIMUM_VALUE", 100_000)

    def endless() -> t.Iterator[bytes]:
        yield b'{"version": "'
        while True:
            yield b"x" * 1000

    with pytest.raises(CheckpointError, match="holds one value of more than 100000 characters"):
        parse_checkpoint(endless(), "state")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_bomb_is_not_unpacked(pack: t.Callable[[bytes], bytes]) -> None:
    bomb = pack(b" " * 20_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match="unpacks to more than 1000000 bytes"):
            for dummy in decompress(iter([bomb]), "state", maximum=1_000_000):
                pass
        dummy, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
    assert sum(len(piece) for piece in decompress(iter([bomb]), "state", maximum=20_000_000)) == 20_000_000


def test_without_the_library_zstd_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "HAS_ZSTANDARD", False)
    with pytest.raises(CheckpointError, match="is compressed with zstd, and the Python library zstandard") as caught:
        parse_checkpoint(iter([zstandard.compress(GOOD)]), "state")
    assert "PULUMI_DIY_BACKEND_GZIP" in str(caught.value.hint)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
def test_empty_pieces_say_nothing(pack: t.Callable[[bytes], bytes]) -> None:
    content = pack(GOOD)
    pieces = iter([b"", content[:1], b"", content[1:20], b"", b"", content[20:], b""])
    assert parse_checkpoint(pieces, "state") == parse_checkpoint(iter([GOOD]), "state")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("pieces", [1, 2])
def test_what_follows_compressed_data_is_no_state(pack: t.Callable[[bytes], bytes], pieces: int) -> None:
    for rest in (b"x", pack(b""), pack(GOOD)):
        content = [pack(GOOD) + rest] if pieces == 1 else [pack(GOOD), rest]
        with pytest.raises(CheckpointError, match="is damaged: something follows its (gzip|zstd) data"):
            parse_checkpoint(iter(content), "state")


def test_zstd_data_without_its_checksum_is_cut_short() -> None:
    content = zstandard.ZstdCompressor(write_checksum=True).compress(GOOD)
    assert parse_checkpoint(iter([content]), "state").version == 3
    for end in range(len(content)):
        with pytest.raises(CheckpointError):
            parse_checkpoint(iter([content[:end]]), "state")


def test_data_that_never_becomes_anything_is_given_up() -> None:
    def endless() -> t.Iterator[bytes]:
        yield b"\x1f\x8b\x08\x08" + bytes(6)  # a name follows
        while True:
            yield b"x" * 10_000

    with pytest.raises(CheckpointError, match="state has more than 1000000 bytes"):
        list(decompress(endless(), "state", maximum=1_000_000))


@pytest.mark.parametrize("number", ["1" + "0" * 5000 + "e-5000", "1" + "0" * 400 + ".0e-300"])
def test_a_long_number_cut_before_its_exponent(number: str) -> None:
    text = f'{{"version": 3, "other": [{number}], "checkpoint": {{}}}}'.encode()
    for end in (len(text) - 40, text.index(b"e-"), text.index(b"e-") + 1):
        assert parse_checkpoint(iter([text[:end], text[end:]]), "state").version == 3


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (b'{"checkpoint": {"latest": {"resources": [{}]}, "latest": null}, "version": 3}', None),
        (b'{"checkpoint": {"latest": {"resources": [{}]}}, "checkpoint": {}, "version": 3}', None),
        (b'{"deployment": {"resources": [{}]}, "checkpoint": {}, "deployment": null, "version": 3}', None),
        (b'{"checkpoint": {"latest": {"resources": [{}], "resources": null}}, "version": 3}', 0),
        (b'{"checkpoint": {"latest": null, "latest": {"resources": [{}, {}]}}, "version": 3}', 2),
    ],
    ids=["latest", "checkpoint", "deployment", "resources", "null first"],
)
def test_what_is_written_twice_counts_the_last_time(text: bytes, count: int | None) -> None:
    deployment = parse_checkpoint(iter([text]), "state").deployment
    assert (deployment.resource_count if deployment else None) == count


def test_a_checkpoint_taken_back_is_none() -> None:
    with pytest.raises(CheckpointError, match="has no key 'checkpoint'"):
        parse_checkpoint(iter([b'{"version": 3, "checkpoint": {"latest": {}}, "checkpoint": null}']), "state")


@pytest.mark.parametrize(
    ("head", "again", "sentence"),
    [
        (b'{"version": 3, "deployment": {"resources": [{}', b",{}", "more than 100 resources and other parts"),
        (b'{"version": 3, "deployment": {"pending_operations": [{}', b",{}", "more than 100 resources and other parts"),
        (b'{"version": 3, "deployment": {"a": 1', b',"a": 1', "more than 100 resources and other parts"),
        (b'{"version": 3, "deployment": {"a": [0', b",0", "one value of more than 500 parts"),
    ],
    ids=["resources", "operations", "members", "a value"],
)
def test_too_many_parts_are_given_up(monkeypatch: pytest.MonkeyPatch, head: bytes, again: bytes, sentence: str) -> None:
    monkeypatch.setattr(json_stream, "MAXIMUM_STEPS", 100)
    monkeypatch.setattr(json_stream, "MAXIMUM_PARTS", 500)

    def endless() -> t.Iterator[bytes]:
        yield head
        while True:
            yield again

    with pytest.raises(CheckpointError, match=sentence):
        parse_checkpoint(endless(), "state", wanted=lambda kind: kind is not None)


def test_half_characters_are_replaced_wherever_they_are() -> None:
    document = checkpoint({"\ud800": 1}, pending_operations=[{"type": "\udc00"}])
    document["checkpoint"]["latest"]["resources"][0]["urn"] = "urn:\ud83d"
    document["checkpoint"]["stack"] = "\ud800\ud83d\ude00"
    parsed = parse_checkpoint(iter([json.dumps(document).encode()]), "state")
    assert parsed.stack == "\ufffd\U0001f600"
    assert parsed.deployment is not None
    assert parsed.deployment.pending_operations[0].type == "\ufffd"
    assert parsed.deployment.root is not None
    assert (parsed.deployment.root.urn, parsed.deployment.root.outputs) == ("urn:\ufffd", {"\ufffd": 1})
