# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader against what nobody thought of: whatever it is given, it ends in a result or in one of its own errors.

The same examples every time. SLIPWAY_FUZZ_EXAMPLES=20000 looks for others, that many for each property.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import gzip
import itertools
import json
import math
import os
import re
import struct
import traceback
import tracemalloc
import typing as t
from pathlib import Path

import pulumi_state
import pytest

zstandard = pytest.importorskip("zstandard")
pytest.importorskip("cryptography")
pytest.importorskip("yaml")

from ansible_collections.slipway.aws.plugins.module_utils._pulumi import compression, json_stream, passphrase
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Update
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cache import FolderCache, recall, remember
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import (
    KNOWN_FEATURES,
    Checkpoint,
    parse_checkpoint,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.compression import decompress
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    CheckpointError,
    OutputError,
    OutputNotFoundError,
    PulumiError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.history import parse_lock, parse_update
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, parse_stack_name
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.output_paths import (
    OutputPath,
    follow,
    parse_output_path,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.project import read_project
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import open_backend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection, select
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import parse_backend_url
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import plain
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pulumi_state import (
    NEVER_UPDATED,
    PASSPHRASE,
    SALT,
    SECRET_MARK,
    SIGNATURE,
    StateFolder,
    checkpoint,
    encrypt,
    passphrase_provider,
    secret,
)

T = t.TypeVar("T")
LONGER = int(os.environ.get("SLIPWAY_FUZZ_EXAMPLES", "0"))
settings.register_profile(
    "slipway-fuzz",
    max_examples=LONGER or 200,
    # The same every time, unless somebody looks for more.
    derandomize=not LONGER,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FUZZ = settings.get_profile("slipway-fuzz")

ENVIRONMENT = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
REFERENCE = StackReference("shop", "dev")
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PLACEHOLDER = "[secret]"
KINDS = {
    "bytes": "803fd3297a5875dc03ca845dda5d2a98",
    "float": "8ad145fe-0d11-4827-bfd7-1abcbf086f5c",
    "asset": "c44067f5952c0a294b673a41bacd8c17",
    "reference": "5cf8f73096256a8f31e491e813e4eb8e",
}
# What is in the secrets, keys as well as values. None of it may ever be in an error.
TREASURE = "Treasure-Island"
HIDDEN = {
    "password": secret(f"{TREASURE}-1"),
    "database": secret({f"{TREASURE}-2": [f"{TREASURE}-3", 7, None], "port": 5432}),
    "list": [{"inner": secret([f"{TREASURE}-4"])}],
    "not JSON": {SIGNATURE: SECRET_MARK, "ciphertext": encrypt(f"{TREASURE}-5")},
    "hidden": secret({f"{TREASURE}-6": PLACEHOLDER}),
    "unknown": secret([{f"{TREASURE}-7": UNKNOWN}]),
    "kind": secret({f"{TREASURE}-8": {SIGNATURE: f"{TREASURE}-9"}}),
    "twice": secret({"inner": {SIGNATURE: SECRET_MARK, "ciphertext": f'"{TREASURE}-10"'}}),
    "twice not JSON": secret({"inner": {SIGNATURE: SECRET_MARK, "ciphertext": f"{TREASURE}-11"}}),
}
SOUND = {name: HIDDEN[name] for name in ("password", "database", "list", "twice")} | {"url": "https://x", "n": [1, 2.5]}
PUBLIC = {
    "url": "https://example.com/日本語",
    "vpc": {"subnets": [{"id": "subnet-1"}, {"id": "subnet-2"}], "cidr": None},
    "ports": [80, 443, 1e3, -0.5, 2**60],
    "on": True,
}


@pytest.fixture(scope="module", autouse=True)
def _quick_passphrase() -> t.Iterator[None]:
    """Derive the right key as always, once, and any other at no cost: there are as many as there are damaged salts."""
    right = passphrase._key(PASSPHRASE.encode(), SALT)

    def derive(phrase: bytes, salt: bytes) -> bytes:
        return right if (phrase, salt) == (PASSPHRASE.encode(), SALT) else bytes(32)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "_key", derive)
        yield


# --- What has to hold ---------------------------------------------------------------------------------------------


def ends(work: t.Callable[[], T], kind: type[PulumiError] = PulumiError) -> T | PulumiError:
    """Return the result, or an error of ours that tells nothing it should not; any other exception is a failure."""
    try:
        return work()
    except kind as error:
        harmless(error)
        return error


def harmless(error: PulumiError) -> None:
    told = "\n".join((str(error), error.message, str(error.hint), repr(error.args), str(error.as_result())))
    # The chain as Python and Ansible print it: without what "from None" hides.
    told += "".join(traceback.format_exception(error))
    assert TREASURE not in told
    assert PASSPHRASE not in told
    assert error.message.strip()
    told.encode()


def everything(parsed: Checkpoint, environment: t.Mapping[str, str] | None = None) -> list[t.Any]:
    """Ask for all there is to ask for, and return what was answered."""
    if parsed.deployment is None:
        return []
    stack = Stack(
        REFERENCE, "state", parsed, parsed.deployment, None, ENVIRONMENT if environment is None else environment
    )
    names = list(parsed.deployment.root.outputs) if parsed.deployment.root else []
    questions: list[t.Callable[[], t.Any]] = [
        lambda: stack.outputs(secrets=True),
        lambda: stack.outputs(secrets=False),
        lambda: stack.secret_outputs,
        *(lambda name=name: stack.output(name, secrets=True) for name in names),
        *(lambda name=name: stack.output(f"{name}.nowhere[0]", secrets=True) for name in names),
        *(
            lambda resource=resource, secrets=secrets: stack.resource_outputs(resource, secrets=secrets)
            for resource in parsed.deployment.resources
            for secrets in (True, False)
        ),
    ]
    answers = [ends(question) for question in questions]
    for answer in (answer for answer in answers if not isinstance(answer, PulumiError)):
        json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    assert TREASURE not in str(answers[1:3])
    assert TREASURE not in repr(stack)
    return answers


def stack_of(outputs: dict[str, t.Any], pack: t.Callable[[bytes], bytes] = bytes, sizes: t.Sequence[int] = ()) -> Stack:
    """Return the stack that has these outputs, read from its state."""
    content = pack(json.dumps(checkpoint(outputs, secrets_providers=passphrase_provider())).encode())
    parsed = parse_checkpoint(iter(in_pieces(content, sizes or [len(content)])), "state")
    assert parsed.deployment is not None
    return Stack(REFERENCE, "state", parsed, parsed.deployment, None, ENVIRONMENT)


def parsed_of(pieces: t.Iterable[bytes]) -> Checkpoint | PulumiError:
    return ends(lambda: parse_checkpoint(iter(pieces), "state", wanted=bool), CheckpointError)


def digest(pieces: t.Iterable[bytes]) -> None:
    parsed = parsed_of(pieces)
    if isinstance(parsed, Checkpoint):
        everything(parsed)


def in_pieces(content: bytes, sizes: t.Sequence[int]) -> list[bytes]:
    """Cut content in pieces of these sizes, again and again."""
    pieces = []
    position = 0
    for size in itertools.cycle(sizes):
        if position >= len(content):
            return pieces
        pieces.append(content[position : position + size])
        position += size
    return [content]


# --- What there is ------------------------------------------------------------------------------------------------

PIECES = st.lists(st.integers(0, 70) | st.integers(1, 4000), min_size=1, max_size=5).filter(any)
HALVES = "\ud800\udbff\udc00\ud83d\ude00"
# Texts of their own: among all the characters there are, one would hardly ever see a half.
TEXT = st.text(max_size=12) | st.text(st.sampled_from(f"{HALVES}\U0001f600a\ufeff"), max_size=6)
NUMBER = (
    st.integers(-100, 100)
    | st.integers(-(2**70), 2**70)
    | st.integers().map(lambda number: number * 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
MARKED: list[t.Any] = [
    UNKNOWN,
    PLACEHOLDER,
    *({SIGNATURE: kind} for kind in KINDS.values()),
    {SIGNATURE: KINDS["bytes"], "value": "gIE="},
    {SIGNATURE: "a mark of tomorrow"},
    {SIGNATURE: None},
    {SIGNATURE: SECRET_MARK},
    {SIGNATURE: SECRET_MARK, "ciphertext": "v1:AAAA:AAAA"},
    {SIGNATURE: SECRET_MARK, "ciphertext": 7, "plaintext": '"x"'},
    {SIGNATURE: SECRET_MARK, "plaintext": '{"a": '},
    {SIGNATURE: SECRET_MARK, "plaintext": json.dumps({SIGNATURE: SECRET_MARK, "plaintext": "[]"})},
    "v1:AQIDBAUGBwg=:v1:AAAA",
    {"a\ud800": PLACEHOLDER},
    10**400,
]
HOSTILE = (
    st.sampled_from(MARKED) | JSON | st.sampled_from([None, True, 0, 3, 4, 5, -1, 3.0, "", "3", [], {}, [[]], [{}]])
)
DOCUMENTS: dict[str, t.Any] = {
    "three": checkpoint(SOUND, secrets_providers=passphrase_provider()),
    "four": checkpoint(PUBLIC, version=4) | {"features": ["taint"]},
    "export": {
        "version": 3,
        "deployment": checkpoint(HIDDEN, secrets_providers=passphrase_provider())["checkpoint"]["latest"],
    },
    "pending": checkpoint(PUBLIC, pending_operations=[{"type": "creating", "resource": {"urn": "urn:x"}}]),
    "never": NEVER_UPDATED,
}
SPELLED: list[bytes] = [json.dumps(document).encode() for document in DOCUMENTS.values()] + [
    json.dumps(DOCUMENTS["three"], indent=4).encode(),
    json.dumps(DOCUMENTS["four"], ensure_ascii=False, indent=1).encode(),
]
CHECKED = zstandard.ZstdCompressor(write_checksum=True)
PACKERS: dict[str, t.Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "zstd": zstandard.compress,
    "zstd with a checksum": CHECKED.compress,
}
PACK = st.sampled_from(sorted(PACKERS)).map(PACKERS.__getitem__)
BEGINNINGS = [
    b"",
    b"\x1f\x8b\x08",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    b"\x1f\x8b\x08\x1f",
    b"\x28\xb5\x2f\xfd",
    b"\x28\xb5\x2f\xfd\x00\x58",
    b"\xef\xbb\xbf",
    b"{",
    b'{"version": 3, "checkpoint": {"latest": {"resources": [{"type": "pulumi:pulumi:Stack", "outputs": {"a": ',
    b'{"version": 3, "deployment": {"manifest": ',
]
INTERESTING = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\\",
    b"\\ud800",
    b"null",
    b"1e999",
    b"-",
    b"NaN",
    b"\0",
    b"\xff",
]
NUMBERS = st.integers(0, 2**16)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["cut", "flip", "insert", "append", "double", "delete", "swap"]),
        NUMBERS,
        NUMBERS,
        st.sampled_from(INTERESTING) | st.binary(max_size=6),
    ),
    max_size=4,
)


def changed(content: bytes, changes: t.Iterable[tuple[str, int, int, bytes]]) -> bytes:
    """Damage content as disks, networks and people do."""
    for kind, first, second, inserted in changes:
        if not content:
            return content
        start, end = sorted((first % (len(content) + 1), second % (len(content) + 1)))
        if kind == "cut":
            content = content[:end]
        elif kind == "flip":
            place = first % len(content)
            content = content[:place] + bytes([content[place] ^ 1 << second % 8]) + content[place + 1 :]
        elif kind == "insert":
            content = content[:start] + inserted + content[start:]
        elif kind == "append":
            content += inserted
        elif kind == "double":
            content = content[:end] + content[start:end] + content[end:]
        elif kind == "delete":
            content = content[:start] + content[end:]
        else:
            content = content[start:end] + content[:start] + content[end:]
    return content


def grafted(value: t.Any, place: int, graft: t.Any, other: int) -> t.Any:
    """Put something else in the place of one part of a document, and under the name of another."""
    copy = json.loads(json.dumps(value))
    places = list(_places(copy))
    container, key = places[place % len(places)]
    container[key] = graft
    if other % 3 == 0 and isinstance(container, dict):
        name = list(container)[other % len(container)]
        container[name] = container.pop(key)
    return copy


def _places(value: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in members:
        yield value, key
        yield from _places(item)


GRAFTED = st.builds(grafted, st.sampled_from(list(DOCUMENTS.values())), NUMBERS, HOSTILE, NUMBERS)

# --- Whatever it is, it ends --------------------------------------------------------------------------------------


@FUZZ
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=300), PIECES)
def test_any_bytes_end_in_a_result_or_an_error(beginning: bytes, content: bytes, sizes: list[int]) -> None:
    digest(in_pieces(beginning + content, sizes))


@FUZZ
@given(st.sampled_from(SPELLED), CHANGES, PACK, CHANGES, PIECES)
def test_any_damage_ends_in_a_result_or_an_error(content, inside, pack, outside, sizes):  # type: ignore[no-untyped-def]
    digest(in_pieces(changed(pack(changed(content, inside)), outside), sizes))


@FUZZ
@given(GRAFTED, PACK, PIECES)
@example(checkpoint({"o": {"\ud800": PLACEHOLDER}}), bytes, [100])
def test_any_document_ends_in_a_result_or_an_error(
    document: t.Any, pack: t.Callable[[bytes], bytes], sizes: list[int]
) -> None:
    digest(in_pieces(pack(json.dumps(document).encode()), sizes))


@FUZZ
@given(st.sampled_from([PASSPHRASE + " ", "", "\ud800", "\udc80"]) | TEXT, CHANGES)
def test_no_other_passphrase_opens_anything(phrase: str, changes: list[t.Any]) -> None:
    assume(phrase != PASSPHRASE)
    parsed = parsed_of([changed(SPELLED[0], changes)])
    if isinstance(parsed, Checkpoint):
        assert TREASURE not in repr(everything(parsed, {"PULUMI_CONFIG_PASSPHRASE": phrase}))


@FUZZ
@given(JSON | st.sampled_from(MARKED), st.booleans(), st.text(max_size=5))
def test_nothing_of_a_secret_is_told(inner: t.Any, as_key: bool, step: str) -> None:
    told = {TREASURE: inner} if as_key else [TREASURE, inner, UNKNOWN]
    inner_mark = {SIGNATURE: SECRET_MARK, "ciphertext": f"?{TREASURE}"}
    stack = stack_of({"a": secret(told), "b": {"x": secret([{"x": told}])}, "c": [secret({"x": inner_mark})]})
    for name, rest in itertools.product(
        "abc", ("", ".x", "[0]", ".x[0].x", "[99]", f'["{step}"]', f".{step}", "[0].x.x")
    ):
        ends(lambda path=name + rest: stack.output(path, secrets=True, kind="boolean"))
        refused = ends(lambda path=name + rest: stack.output(path, secrets=False))
        assert isinstance(refused, PulumiError)


def test_every_cut_of_what_is_packed_is_noticed() -> None:
    for pack in (PACKERS["gzip"], PACKERS["zstd"], PACKERS["zstd with a checksum"]):
        packed = pack(SPELLED[0] + b" " * 300)
        for end in range(len(packed)):
            assert isinstance(parsed_of([packed[:end]]), CheckpointError)
        assert isinstance(parsed_of([packed + b"x"]), CheckpointError)
        assert isinstance(parsed_of([packed, packed]), CheckpointError)


# --- What it says is what is there --------------------------------------------------------------------------------


def as_pulumi_has_it(value: t.Any) -> t.Any:
    """Tell what becomes of a value in Pulumi: numbers are 64-bit floats, and half characters are replaced."""
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in value)
    if isinstance(value, list):
        return [as_pulumi_has_it(item) for item in value]
    if isinstance(value, dict):
        return {as_pulumi_has_it(key): as_pulumi_has_it(item) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return struct.unpack("<d", struct.pack("<d", value))[0]
    return value


@FUZZ
@given(st.dictionaries(TEXT.map("o".__add__), JSON, max_size=4), st.booleans(), PACK, PIECES)
def test_any_value_comes_back(
    outputs: dict[str, t.Any], sealed: bool, pack: t.Callable[[bytes], bytes], sizes: list[int]
) -> None:
    written = {name: secret(value) if sealed else value for name, value in outputs.items()}
    stack = stack_of(written, pack, sizes)
    try:
        expected = as_pulumi_has_it(json.loads(json.dumps(outputs)))
    except (OverflowError, struct.error):
        with pytest.raises(OutputError, match="not a finite number"):
            stack.outputs(secrets=True)
        return
    found = stack.outputs(secrets=True)
    assert same(found, expected)
    assert stack.outputs(secrets=False) == ({} if sealed else found)


def same(first: t.Any, second: t.Any) -> bool:
    """Compare as JSON does: true is not 1."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, (int, float)) and isinstance(second, (int, float)):
        # Which digits it is written with does not matter, as long as it is the same number to Pulumi.
        return isinstance(first, bool) == isinstance(second, bool) and float(first) == float(second)
    return bool(first == second)


class Wrong(Exception):
    """The model does not take the document for a checkpoint."""


def modelled(content: bytes) -> tuple[Checkpoint, bool]:
    """Read a checkpoint in the plain way, all at once; tell also whether some key is in it twice."""
    twice = False

    def members(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
        nonlocal twice
        twice = twice or len(dict(pairs)) < len(pairs)
        return dict(pairs)

    def number(text: str) -> t.Any:
        if not math.isfinite(float(text)):
            raise ValueError(text)
        return float(text)

    try:
        text = content.decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=members, parse_constant=number, parse_float=number)
    except ValueError:
        raise Wrong from None
    version = the(int, document, "version") or 0
    features = tuple(as_pulumi_has_it(every(str, the(list, document, "features") or [])))
    inside = the(dict, document, "checkpoint")
    latest = the(dict, inside or {}, "latest")
    exported = the(dict, document, "deployment")
    found = exported if exported is not None else latest
    is_known = version in (0, 3, 4) and KNOWN_FEATURES.issuperset(features)
    if not is_known or (inside is None and exported is None) or (version == 0 and found is not None):
        raise Wrong
    for each in (latest, exported):
        if each is not None:
            deployed(each)
    name = the(str, inside or {}, "stack") or ""
    stack = "" if exported is not None else as_pulumi_has_it(name)
    return Checkpoint(version, features, stack, deployed(found) if found is not None else None), twice


def the(kind: type[T], document: t.Any, key: str) -> T | None:
    if not isinstance(document, dict):
        raise Wrong
    value = document.get(key)
    if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise Wrong
    return value


def every(kind: type[T], items: list[t.Any]) -> list[T]:
    if not all(isinstance(item, kind) for item in items):
        raise Wrong
    return items


def text_of(document: t.Any, key: str) -> str:
    found: str = as_pulumi_has_it(the(str, document, key) or "")
    return found


def deployed(latest: dict[str, t.Any]) -> t.Any:
    """Return a deployment as a tuple of its parts; see parts()."""
    manifest = the(dict, latest, "manifest") or {}
    resources = [
        (
            *(text_of(item, key) for key in ("urn", "type", "id", "parent")),
            the(bool, item, "custom") or False,
            {as_pulumi_has_it(name): value for name, value in (the(dict, item, "outputs") or {}).items()},
        )
        for item in every(dict, the(list, latest, "resources") or [])
    ]
    roots = [item for item in resources if item[1] == "pulumi:pulumi:Stack" and not item[3]]
    pending = [
        (text_of(item, "type"), text_of(the(dict, item, "resource") or {}, "urn"))
        for item in every(dict, the(list, latest, "pending_operations") or [])
    ]
    provider = the(dict, latest, "secrets_providers") or {}
    kind = text_of(provider, "type")
    state = (the(dict, provider, "state") or {}) if kind else {}
    return (
        (text_of(manifest, "time"), text_of(manifest, "version")),
        roots[0] if roots else None,
        [item for item in resources if item[1]],
        len(resources),
        pending,
        (kind, state) if kind else None,
    )


def parts(parsed: Checkpoint) -> Checkpoint:
    """Return what was read in the form of the model."""
    if parsed.deployment is None:
        return parsed
    found = parsed.deployment
    resources = [
        (item.urn, item.type, item.id or "", item.parent or "", item.custom, item.outputs)
        for item in (*found.resources, *([found.root] if found.root else []))
    ]
    provider = found.secrets_provider
    as_tuple: t.Any = (
        (found.time or "", found.pulumi_version or ""),
        resources.pop() if found.root else None,
        resources,
        found.resource_count,
        [dataclasses.astuple(item) for item in found.pending_operations],
        (provider.type, provider.state) if provider else None,
    )
    return dataclasses.replace(parsed, deployment=as_tuple)


def compare(content: bytes, sizes: list[int]) -> None:
    found, at_once = parsed_of(in_pieces(content, sizes)), parsed_of([content])
    if isinstance(at_once, Checkpoint):
        assert found == at_once
    else:
        assert str(found) == str(at_once) or "it is not JSON" in f"{found}{at_once}"
    try:
        expected, twice = modelled(content)
    except Wrong:
        assert isinstance(found, CheckpointError)
        return
    if isinstance(found, Checkpoint):
        assert parts(found) == expected
    else:
        # The first of two is looked at too: the model never saw it.
        assert twice


@FUZZ
@given(GRAFTED, st.sampled_from([None, 1, 30]), PIECES)
def test_any_document_is_read_as_json_reads_it(document: t.Any, indent: int | None, sizes: list[int]) -> None:
    compare(json.dumps(document, indent=indent).encode(), sizes)


@FUZZ
@given(st.sampled_from(SPELLED), CHANGES, PIECES)
def test_any_damaged_text_is_read_as_json_reads_it(content: bytes, changes: list[t.Any], sizes: list[int]) -> None:
    compare(changed(content, changes), sizes)


@FUZZ
@given(
    st.from_regex(rb"-?(0|[1-9][0-9]{0,5}|[0-9]{70,90}|10{5000})(\.[0-9]{1,80})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
    | st.sampled_from(
        [
            b"1" + b"0" * 5000 + b"e-5000",
            b"NaN",
            b"-Infinity",
            b"Infinity",
            b"-",
            b"1.",
            b"01",
            b"1" + b"0" * 400 + b".0e-300",
        ]
    ),
    st.sampled_from(
        [b'{"a": %s, "version": 3, "checkpoint": {}}', b'{"version": 3, "checkpoint": {}, "a": [{"b": [%s ]}]}']
    ),
    PIECES,
)
def test_any_number_is_read_as_json_reads_it(number: bytes, document: bytes, sizes: list[int]) -> None:
    compare(document % number, sizes)


@FUZZ
@given(st.sampled_from(sorted(DOCUMENTS)), PACK, PIECES)
def test_any_pieces_say_the_same(name: str, pack: t.Callable[[bytes], bytes], sizes: list[int]) -> None:
    content = json.dumps(DOCUMENTS[name]).encode()
    found = parsed_of(in_pieces(pack(content), sizes))
    assert found == parsed_of([content])
    assert isinstance(found, Checkpoint)


# --- Ways into outputs --------------------------------------------------------------------------------------------

KEYS = st.text(max_size=4) | st.text(st.sampled_from(".[]\"'0-\na"), max_size=4)
PARTS = st.recursive(
    st.integers(0, 9),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=10,
)


def spelled(step: str | int, style: int) -> str | None:
    """Write one step of a path, in one of the ways there are; not every key can be written in each."""
    if isinstance(step, int):
        return f".{step}" if style == 0 else f"[{step}]"
    if style == 0 and re.fullmatch(r"[^.\[\]]+", step):
        return f".{step}"
    quotes = [quote for quote in ('"', "'") if f"{quote}]" not in f"{step}{quote}"[:-1] + "|"]
    return f"[{quotes[style % len(quotes)]}{step}{quotes[style % len(quotes)]}]" if quotes else None


@FUZZ
@given(PARTS, st.data())
def test_any_path_finds_what_indexing_finds(value: t.Any, data: st.DataObject) -> None:
    text, there = "o", value
    while isinstance(there, (dict, list)) and data.draw(st.integers(0, 5), label="stop at 0"):
        step = data.draw(
            st.sampled_from(sorted(there)) if isinstance(there, dict) else st.integers(-len(there), len(there) - 1),
            label="step",
        )
        written = spelled(step, data.draw(st.integers(0, 2), label="style"))
        assume(written is not None)
        text += str(written)
        there = there[step]
    path = parse_output_path(text, {"o": value})
    found, walked = follow(value, path, None)
    assert found == there
    assert plain(found, None, walked) == there


def sealed_somewhere(value: t.Any, mark: t.Callable[[t.Any], t.Any], places: t.Iterator[bool]) -> t.Any:
    """Make secrets of some parts; inside a secret they are only marked."""
    is_secret = next(places)
    within = (lambda inner: {SIGNATURE: SECRET_MARK, "ciphertext": json.dumps(inner)}) if is_secret else mark
    if isinstance(value, dict):
        value = {key: sealed_somewhere(item, within, places) for key, item in value.items()}
    elif isinstance(value, list):
        value = [sealed_somewhere(item, within, places) for item in value]
    return mark(value) if is_secret else value


def ways(value: t.Any, text: str) -> t.Iterator[tuple[str, t.Any]]:
    yield text, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in members:
        written = spelled(step, 1)
        if written:
            yield from ways(item, text + written)


@FUZZ
@given(PARTS, st.lists(st.booleans(), min_size=1, max_size=9))
def test_a_part_is_the_same_wherever_the_secrets_are(value: t.Any, places: list[bool]) -> None:
    stack = stack_of({"o": sealed_somewhere(value, secret, itertools.cycle(places))})
    for path, expected in ways(value, "o"):
        assert stack.output(path, secrets=True) == expected


@FUZZ
@given(
    st.text(st.sampled_from(f"ab.[]\"'0-١\n{HALVES}"), max_size=12) | st.text(max_size=12),
    st.lists(TEXT, max_size=3),
    PARTS | JSON | st.sampled_from(MARKED[:2]),
)
@example("\ud800.a", [], 0)
def test_any_text_is_a_path_or_is_not_found(text: str, names: list[str], value: t.Any) -> None:
    path = ends(lambda: parse_output_path(text, names), OutputNotFoundError)
    if isinstance(path, OutputPath):
        ends(lambda: follow(value, path, None), OutputNotFoundError)


# --- What people and other programs write -------------------------------------------------------------------------


@FUZZ
@given(
    st.sampled_from(["", "file://", "file://~", "s3://", "s3://b?", "https://", "cli", "cli+", "azblob://", "${A:-"]),
    st.text(st.sampled_from(f"ab0~/?&=%@#:.[]${{}}\0 {HALVES}"), max_size=20) | st.text(max_size=20),
)
def test_any_text_is_a_backend_url_or_is_refused(beginning: str, text: str) -> None:
    location = ends(
        lambda: parse_backend_url(beginning + text, base=Path("/base"), environment={"A": text, "a": "\ud800"})
    )
    if not isinstance(location, PulumiError):
        str(location)


@FUZZ
@given(TEXT | st.from_regex(r"[\w./-]{1,9}(/[\w.-]{1,9}){0,3}", fullmatch=True))
def test_any_text_is_a_stack_name_or_is_refused(text: str) -> None:
    name = ends(lambda: parse_stack_name(text))
    assert isinstance(name, PulumiError) or str(name) == text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


YAML = st.lists(
    st.sampled_from(
        [
            "name: ",
            "backend:",
            "  url: ",
            "{",
            "}",
            "[",
            "]",
            "- ",
            "? ",
            ": ",
            "&a ",
            "*a",
            "<<: ",
            "!!",
            "!",
            "\n",
            "shop",
        ]
        + ["!!int ", "!!bool ", "!!timestamp ", "!!binary ", "!!set ", "!!python/name:os.system ", "2001-99-99", "1:99"]
        + [
            "%YAML 1.1\n---\n",
            "%YAML 9.9",
            '"\\UFFFFFFFF"',
            '"\\ud800"',
            "|\n ",
            ">",
            "~",
            "0b2",
            "1_0",
            "s3://b",
            "\t",
        ]
    )
    | st.text(max_size=4),
    max_size=10,
).map("".join)


@FUZZ
@given(
    st.sampled_from(["Pulumi.yaml", "Pulumi.json"]),
    YAML.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=30)
    | JSON.map(json.dumps).map(str.encode),
)
def test_any_file_is_a_project_or_is_refused(folder: Path, name: str, content: bytes) -> None:
    place = folder / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(content)
    ends(lambda: read_project(folder))
    place.unlink()


def test_a_project_may_be_written_without_end(folder: Path) -> None:
    lines = ["a0: &a0 {k: v}"]
    for number in range(1, 30):
        references = ", ".join([f"*a{number - 1}"] * 9)
        lines += [f"a{number}: &a{number} {{<<: [{references}], x: [{references}]}}"]
    content = "\n".join(["name: shop", "self: &self [*self]", *lines])
    (folder / "Pulumi.yaml").write_text(content)
    assert read_project(folder).name == "shop"
    (folder / "Pulumi.yaml").write_text(f"{content}\nbackend: {{<<: *a29}}")
    assert isinstance(ends(lambda: read_project(folder)), PulumiError)
    (folder / "Pulumi.yaml").unlink()


UPDATE = {
    "kind": "update",
    "startTime": 1,
    "message": "m",
    "config": {"shop:key": {"secure": f"v1:{TREASURE}"}, "shop:list": {"value": [1]}, "x": "y"},
    "result": "succeeded",
    "endTime": 2,
    "version": 4,
}


@FUZZ
@given(
    st.builds(grafted, st.sampled_from([UPDATE, json.loads(pulumi_state.LOCK)]), NUMBERS, HOSTILE, NUMBERS),
    PACK,
    CHANGES,
)
@example({"config": {"\ud800": "x"}}, bytes, [])
def test_any_record_is_read_or_refused(document: t.Any, pack: t.Callable[[bytes], bytes], changes: list[t.Any]) -> None:
    content = changed(pack(json.dumps(document).encode()), changes)
    update = ends(lambda: parse_update(content, "the record"))
    if isinstance(update, Update):
        assert TREASURE not in str(update) or TREASURE in str(update.config_keys) + str(update.message)
        json.dumps(dataclasses.asdict(update), ensure_ascii=False, allow_nan=False).encode()
    (parse_lock(content).holder or "").encode()


@FUZZ
@given(st.binary(max_size=60))
def test_any_bytes_are_a_record_or_are_refused(content: bytes) -> None:
    ends(lambda: parse_update(content, "the record"))
    parse_lock(content)


@pytest.fixture(scope="module")
def state_folder(folder: Path) -> StateFolder:
    (folder / "state").mkdir()
    state = StateFolder(folder / "state")
    for name in ("shop/dev", "shop/prod", "blog/dev"):
        state.write(name, checkpoint())
    return state


PATTERN = st.text(st.sampled_from(f"*?[]!-/adev\\{HALVES}"), max_size=9) | st.text(max_size=9)


@FUZZ
@given(st.lists(PATTERN, max_size=3), st.lists(PATTERN, max_size=2), st.none() | PATTERN, st.booleans())
def test_any_pattern_selects_or_is_refused(
    state_folder: StateFolder, include: list[str], exclude: list[str], project: str | None, as_list: bool
) -> None:
    backend = open_backend(state_folder.url, base=state_folder.folder, environment={})
    stacks = tuple(include) if as_list else None
    selection = Selection(project, stacks, () if as_list else tuple(include), tuple(exclude))
    found = ends(lambda: select(backend, selection))
    if isinstance(found, dict) and not as_list:
        for reference in found:
            assert not include or any(
                fnmatch.fnmatchcase(str(reference) if "/" in one else reference.stack, one) for one in include
            )


# --- What is kept -------------------------------------------------------------------------------------------------

QUESTION = ("file:///state", "shop/dev.json", ())


@FUZZ
@given(GRAFTED)
def test_any_state_is_kept_as_it_is(folder: Path, document: t.Any) -> None:
    parsed = parsed_of([json.dumps(document).encode()])
    if isinstance(parsed, Checkpoint):
        cache = FolderCache(folder / "cache")
        remember(cache, QUESTION, "1", parsed)
        assert recall(cache, QUESTION, "1") == parsed
        assert recall(cache, QUESTION, "2") is None


def kept_text(folder: Path, document: t.Any) -> str:
    cache = FolderCache(folder / "kept")
    remember(cache, QUESTION, "1", parse_checkpoint(iter([json.dumps(document).encode()]), "state", wanted=bool))
    (file,) = (folder / "kept").iterdir()
    text = file.read_text()
    file.unlink()
    return text


@FUZZ
@given(st.sampled_from(["three", "pending", "never"]), NUMBERS, HOSTILE, NUMBERS, CHANGES)
def test_any_file_in_the_cache_is_a_state_or_is_nothing(
    folder: Path, name: str, place: int, graft: t.Any, other: int, changes: list[t.Any]
) -> None:
    cache = FolderCache(folder / "hostile")
    remember(cache, QUESTION, "1", parse_checkpoint(iter([b'{"checkpoint": {}}']), "state"))
    (file,) = (folder / "hostile").iterdir()
    text = kept_text(folder, DOCUMENTS[name])
    for content in (
        json.dumps(grafted(json.loads(text), place, graft, other)).encode(),
        changed(text.encode(), changes),
    ):
        file.write_bytes(content)
        found = recall(cache, QUESTION, "1")
        if found is not None:
            assert isinstance(found, Checkpoint)
            everything(found)


# --- Bombs --------------------------------------------------------------------------------------------------------

SIZE = 2_000_000
VALUE = 200_000
WALKED = 5_000
WITHIN = 20_000
HEAD = b'{"version": 3, "checkpoint": {"latest": {'
ROOT = b'{"type": "pulumi:pulumi:Stack", "outputs": '


@pytest.fixture
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every limit smaller, so that what passes them does so soon."""
    monkeypatch.setitem(t.cast("t.Any", decompress).__kwdefaults__, "maximum", SIZE)
    monkeypatch.setattr(compression, "STEP", 50_000)
    monkeypatch.setattr(json_stream, "MAXIMUM_VALUE", VALUE)
    monkeypatch.setattr(json_stream, "MAXIMUM_STEPS", WALKED)
    monkeypatch.setattr(json_stream, "MAXIMUM_PARTS", WITHIN)


def endless(head: bytes, again: bytes, size: int = 8_000) -> t.Iterator[bytes]:
    """Yield something that never ends, and complain when it is read on and on."""
    yield head
    piece = again * (size // len(again) + 1)
    for _piece in range(SIZE // len(piece) * 3):
        yield piece
    raise AssertionError("nobody stops reading")


TOO_LARGE = f"more than {SIZE} bytes"
TOO_LONG = f"holds one value of more than {VALUE} characters"
TOO_MANY = f"holds one value of more than {WITHIN} parts"
TOO_FAR = f"holds more than {WALKED} resources and other parts"
TOO_DEEP = "is nested too deeply"
NO_JSON = "it stops being JSON"
ENDLESS: dict[str, tuple[bytes, bytes, str]] = {
    "white space": (b"", b" ", TOO_LARGE),
    "white space in a value": (HEAD + b'"other": [', b" ", TOO_LONG),
    "lists in lists": (b"", b"[", TOO_DEEP),
    "objects in objects": (b"", b'{"a": ', TOO_DEEP),
    "lists in an output": (HEAD + b'"resources": [' + ROOT, b"[", TOO_DEEP),
    "lists in a member nobody wants": (HEAD + b'"other": ', b"[", TOO_DEEP),
    "digits": (b'{"version": ', b"9", TOO_LONG),
    "digits of a fraction": (b'{"version": 0.', b"3", TOO_LONG),
    "digits of an exponent": (b'{"version": 1e-', b"1", TOO_LONG),
    "a key": (b'{"', b"x", TOO_LONG),
    "a text": (HEAD + b'"other": "', b"x", TOO_LONG),
    "a text of wide characters": (HEAD + b'"other": "', "𝕏".encode(), TOO_LONG),
    "escapes": (HEAD + b'"other": "', rb"\u0041", TOO_LONG),
    "resources": (HEAD + b'"resources": [{}', b",{}", TOO_FAR),
    "roots": (HEAD + b'"resources": [{}', b"," + ROOT + b"{}}", TOO_FAR),
    "pending operations": (HEAD + b'"pending_operations": [{}', b",{}", TOO_FAR),
    "members": (b'{"a": 1', b',"a": 1', TOO_FAR),
    "members of the deployment": (HEAD + b'"a": 1', b',"a": 1', TOO_FAR),
    "resources again": (HEAD + b'"resources": []', b',"resources": []', TOO_FAR),
    "checkpoints": (b'{"checkpoint": {}', b',"checkpoint": {}', TOO_FAR),
    "parts of a feature list": (b'{"features": [""', b',""', TOO_MANY),
    "parts of an output": (HEAD + b'"resources": [' + ROOT + b"[[]", b",[]", TOO_MANY),
    "parts of parts": (HEAD + b'"resources": [' + ROOT + b"[[]", b",[{}]", TOO_MANY),
    "parts of a member nobody wants": (HEAD + b'"other": [0', b",0", TOO_MANY),
    "what is no JSON": (b"<html>", b"<br>", NO_JSON),
    "bytes": (b"", b"\0", NO_JSON),
}


@pytest.mark.usefixtures("_small_limits")
@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_given_up(name: str, pack: str) -> None:
    head, again, sentence = ENDLESS[name]
    if pack == "plain":
        pieces = endless(head, again)
    else:
        packed = PACKERS[pack](head + again * (SIZE * 2 // len(again)))
        assert len(packed) < SIZE // 10
        pieces = iter([packed])
    most = MOST_ZSTD if pack == "zstd" else MOST
    found = bounded(lambda: parse_checkpoint(pieces, "state", wanted=lambda kind: kind is not None), most)
    assert isinstance(found, CheckpointError)
    assert sentence in str(found)


# Bytes of memory: the longest value four times, in characters of four bytes, and each part an object of its own.
MOST = 4 * VALUE * 4 + WITHIN * 100 + WALKED * 600
# What zstd makes of its 64 bytes: up to 16 blocks of 128 KiB, put together from as many pieces.
MOST_ZSTD = MOST + 2 * 16 * 131_072


def bounded(work: t.Callable[[], T], most: int = MOST) -> T | PulumiError:
    tracemalloc.start()
    try:
        found = ends(work)
        dummy, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most
    return found


def zstd_frame(window: int, blocks: int) -> bytes:
    """Write a frame that asks for a window of 2**(10 + window) bytes, of blocks that each are 128 KiB of one letter."""
    block = (131_072 << 3 | 1 << 1).to_bytes(3, "little") + b" "
    last = (1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd" + bytes([0, window << 3]) + block * blocks + last


def nested(pack: t.Callable[[bytes], bytes], levels: int) -> bytes:
    content = b" " * 10_000_000
    for _level in range(levels):
        content = pack(content)
    return content


SMALL_GZIP = gzip.compress(b"", mtime=0)
SMALL_ZSTD = zstandard.compress(b"")
BOMBS: dict[str, t.Callable[[], t.Iterator[bytes]]] = {
    "gzip": lambda: iter([PACKERS["gzip"](b" " * 50_000_000)]),
    "gzip in gzip": lambda: iter([nested(PACKERS["gzip"], 2)]),
    "gzip in gzip in gzip": lambda: iter([nested(PACKERS["gzip"], 3)]),
    "gzip after gzip": lambda: endless(SMALL_GZIP, SMALL_GZIP),
    "gzip with an endless name": lambda: endless(b"\x1f\x8b\x08\x08" + bytes(6), b"x"),
    "gzip of nothing": lambda: iter([b"\x1f\x8b\x08" + bytes(7) + b"\0\0\0\xff\xff" * 200_000]),
    "zstd": lambda: iter([PACKERS["zstd"](b" " * 50_000_000)]),
    "zstd of long blocks": lambda: iter([zstd_frame(13, 100_000)]),
    "zstd in zstd": lambda: iter([nested(PACKERS["zstd"], 2)]),
    "zstd after zstd": lambda: endless(SMALL_ZSTD, SMALL_ZSTD),
    "zstd with a window of 64 MiB": lambda: iter([zstd_frame(16, 1)]),
    "zstd with a window of 2 TiB": lambda: iter([zstd_frame(31, 1)]),
    "zstd of nothing": lambda: iter([b"\x28\xb5\x2f\xfd\x00\x58" + bytes(3) * 200_000]),
    "zstd in gzip": lambda: iter([PACKERS["gzip"](zstd_frame(13, 1000))]),
    "skippable frames": lambda: endless(b"\x50\x2a\x4d\x18" + bytes(4), b"\x50\x2a\x4d\x18" + bytes(4)),
}


@pytest.mark.usefixtures("_small_limits")
@pytest.mark.parametrize("sizes", [[10**9], [5000, 1, 700]], ids=["whole", "pieces"])
@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_goes_off(name: str, sizes: list[int]) -> None:
    pieces = BOMBS[name]()
    if "after" not in name and "endless" not in name and "frames" not in name:
        pieces = iter(in_pieces(b"".join(pieces), sizes))
    assert isinstance(bounded(lambda: parse_checkpoint(pieces, "state"), MOST_ZSTD), CheckpointError)


def test_a_window_larger_than_ours_is_refused() -> None:
    with pytest.raises(CheckpointError, match="it is empty"):
        parse_checkpoint(iter([zstd_frame(15, 1)]), "state")
    with pytest.raises(CheckpointError, match="its zstd data cannot be unpacked"):
        parse_checkpoint(iter([zstd_frame(16, 1)]), "state")


@pytest.mark.usefixtures("_small_limits")
@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd"])
def test_as_much_as_is_allowed_is_read(pack: str) -> None:
    numbers = [0] * WITHIN
    filler = {"urn": "x" * 300, "type": "a:b:C"}
    document = checkpoint({"numbers": numbers})
    document["checkpoint"]["latest"]["resources"] += [filler] * (WALKED - 100)
    content = PACKERS[pack](json.dumps(document).encode())
    parsed = bounded(lambda: parse_checkpoint(iter([content]), "state"), MOST + len(content))
    assert isinstance(parsed, Checkpoint)
    assert parsed.deployment is not None
    assert parsed.deployment.root is not None
    assert parsed.deployment.root.outputs == {"numbers": numbers}


@FUZZ
@given(st.integers(0, 3000), st.sampled_from(["[", '{"a":', '[{"a":[']), st.sampled_from(["output", "other", "secret"]))
def test_any_depth_ends(depth: int, opening: str, place: str) -> None:
    closing = opening.translate(str.maketrans("[{", "]}", '"a:'))[::-1]
    text = opening * depth + "0" + closing * depth
    if place == "secret":
        text = json.dumps({SIGNATURE: SECRET_MARK, "ciphertext": encrypt(text)})
    inside = json.dumps(checkpoint({"o": "HERE"}, secrets_providers=passphrase_provider(), other="THERE"))
    inside = inside.replace('"THERE"' if place == "other" else '"HERE"', text)
    parsed = parsed_of([inside.encode()])
    if isinstance(parsed, Checkpoint):
        everything(parsed)
        with_cache: dict[str, str] = {}
        remember(Kept(with_cache), QUESTION, "1", parsed)
        assert recall(Kept(with_cache), QUESTION, "1") in (None, parsed)
    update = f'{{"kind": "update", "config": {{"o": {text}}}}}'
    ends(lambda: parse_update(update.encode(), "the record"))


@dataclasses.dataclass
class Kept:
    """A cache in memory."""

    texts: dict[str, str]

    def get(self, name: str) -> str | None:
        return self.texts.get(name)

    def put(self, name: str, text: str) -> None:
        self.texts[name] = text
