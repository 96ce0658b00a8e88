# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values no Python program exports: what other languages write, and what hypothesis thinks of.

They get into a state by C(pulumi stack import), which checks them, and encrypts what is secret; and some by hand.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import OutputError, OutputHiddenError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from real_pulumi import RealBackend, normal, prove_equal
from sample_outputs import PLAIN, SECRETS, sample

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
BYTES = "803fd3297a5875dc03ca845dda5d2a98"
FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"
URN = "urn:pulumi:dev::shop::shop:index:Thing::one"


def signed(signature: str, **parts: t.Any) -> dict[str, t.Any]:
    return {SIGNATURE: signature, **parts}


def secret(value: t.Any) -> dict[str, t.Any]:
    return signed(SECRET, plaintext=json.dumps(value))


def of_bytes(content: bytes) -> dict[str, t.Any]:
    return signed(BYTES, value=base64.b64encode(content).decode())


WRITTEN: dict[str, t.Any] = {
    "null": None,
    "nulls": {"a": None, "b": [None, {"c": None}]},
    "secret_null": secret(None),
    "bytes": of_bytes(b"\xff\xfe\x00abc"),
    "bytes_of_text": of_bytes("ü".encode()),
    "bytes_half_text": of_bytes(b"abc\xc3"),
    "bytes_inside": {"list": [of_bytes(b"\x80")]},
    "secret_bytes": secret(of_bytes(b"\x80\x81")),
    "component": signed(REFERENCE, urn=URN, packageVersion=""),
    "custom": signed(REFERENCE, urn=URN, id="i-1", packageVersion="1.2.3"),
    "custom_without_id": signed(REFERENCE, urn=URN, id="", packageVersion=""),
    "reference_inside": [{"a": signed(REFERENCE, urn=URN, packageVersion="")}],
    "secret_reference": secret(signed(REFERENCE, urn=URN, packageVersion="")),
    "asset": signed(ASSET, hash="ab", text="text"),
    "asset_of_a_file": signed(ASSET, hash="ab", path="a/b"),
    "remote_asset": signed(ASSET, hash="ab", uri="https://example.com/x"),
    "archive": signed(ARCHIVE, hash="ab", path="a.zip"),
    "archive_of_assets": signed(ARCHIVE, hash="ab", assets={"x": signed(ASSET, hash="cd", text="x")}),
    "secret_in_secret_in_secret": secret({"a": secret([secret("b"), 1])}),
    "half_a_character": "a\ud800b",
    "half_in_a_key": {"k\udc00": 1},
    "other_half": "\udc00\ud800",
    "secret_half": secret("a\ud83d"),
    "from_float": 3.0,
    "beyond": 9007199254740993,
    "eighteen_digits": 123456789012345678,
    "above_int64": 2**64,
    "twenty_one_digits": 999999999999999999999,
    "twenty_two_digits": 1234567890123456789012,
    "long_fraction": 0.1234567890123456789,
    "secret_beyond": secret(9007199254740993),
    "secret_from_float": secret([1.0, 1e3, -0.0, 1e21, 1e20]),
}
# A state somebody wrote by hand, or a tool other than Pulumi: numbers spelled as Pulumi does not.
SPELLED = """
    {"a": 1.0, "b": 1e3, "c": -0.0, "d": 1E+2, "e": 100e-2, "f": 1000000000000000000000000, "g": 0.00000010, "h": -0}
"""


@pytest.fixture(scope="module")
def written(shared: RealBackend) -> RealBackend:
    """A backend whose stack was updated once, so that its state can be written over."""
    shared.up(sample)
    return shared


def replaced(backend: RealBackend, outputs: dict[str, t.Any]) -> None:
    document = backend.exported()
    document["deployment"]["resources"][0]["outputs"] = outputs
    backend.imported(document)


def test_what_an_import_writes(written: RealBackend) -> None:
    replaced(written, WRITTEN)
    found = prove_equal(written)
    assert found.keys() == WRITTEN.keys()
    assert found["bytes_of_text"] == "ü"
    assert found["eighteen_digits"] == 123456789012345680


def rewritten(backend: RealBackend, outputs: str) -> None:
    """Write the outputs of the state file, letter for letter."""
    file = backend.state_file()
    document = json.loads(file.read_text(encoding="utf-8"))
    document["checkpoint"]["latest"]["resources"][0]["outputs"] = "HERE"
    file.write_text(json.dumps(document).replace('"HERE"', outputs), encoding="utf-8")


@pytest.mark.parametrize(
    "outputs",
    [SPELLED, json.dumps(WRITTEN), json.dumps(WRITTEN, ensure_ascii=False).encode("utf-8", "replace").decode()],
    ids=["numbers", "escaped", "not escaped"],
)
def test_what_nobody_checked(written: RealBackend, outputs: str) -> None:
    rewritten(written, outputs)
    prove_equal(written)


def test_a_state_that_somebody_compressed(written: RealBackend) -> None:
    """The CLI goes by the content, whatever the name says."""
    replaced(written, {"a": 1})
    file = written.state_file()
    file.write_bytes(gzip.compress(file.read_bytes()))
    assert prove_equal(written) == {"a": 1}


UNUSABLE = {
    "hidden": ("[secret]", OutputHiddenError, "stands where a secret was hidden"),
    "unknown": ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", OutputError, "has no value yet"),
    "not a number": (signed(FLOAT, value="7ff8000000000001"), OutputError, "is not a finite number"),
    "infinite": (secret(signed(FLOAT, value="7ff0000000000000")), OutputError, "is not a finite number"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_where_we_stop_and_the_cli_prints(written: RealBackend, name: str) -> None:
    value, kind, sentence = UNUSABLE[name]
    replaced(written, {"good": 1, "bad": {"inside": [value]}})
    assert "bad" in written.outputs("dev", "--show-secrets")
    stack = written.read()
    assert stack.output("good", secrets=True) == 1
    with pytest.raises(kind, match=sentence) as caught:
        stack.outputs(secrets=True)
    assert "bad.inside[0]" in str(caught.value)


# The marks have their own cases above, and an unknown or hidden value stops us.
KEYS = st.text(max_size=8).filter(lambda text: text not in (SIGNATURE, "[secret]"))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=20) | st.binary(max_size=8).map(of_bytes)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4) | inner.map(secret),
    max_leaves=12,
)
OUTPUTS = st.dictionaries(KEYS.filter(bool), VALUES, min_size=20, max_size=40)


@pytest.mark.parametrize("way", ["imported", "written"])
def test_whatever_there_may_be(written: RealBackend, way: str) -> None:
    replaced(written, {})

    # Each example asks the CLI three times, which leaves no time to make one smaller.
    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(OUTPUTS)
    def prove(outputs: dict[str, t.Any]) -> None:
        if way == "imported":
            replaced(written, outputs)
        else:
            rewritten(written, json.dumps(outputs))
        assert prove_equal(written).keys() == outputs.keys()

    prove()


def test_the_comparison_notices_what_it_should() -> None:
    assert normal({"b": 1, "a": "ü"}) == normal(json.loads('{"a": "\\u00fc", "b": 1}')) == '{"a": "ü", "b": 1}'
    for one, other in ((1, 1.0), (True, 1), (None, ""), ("é", "e\u0301"), ([], {}), (2**53, 2**53 + 1)):
        assert normal(one) != normal(other)
    assert math.isfinite(PLAIN["largest"])
    assert set(PLAIN).isdisjoint(SECRETS)
