# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import OutputError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import holds_secret, plain
from pulumi_state import SECRET_MARK, SIGNATURE

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
BYTES = "803fd3297a5875dc03ca845dda5d2a98"
FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"
ASSET = "c44067f5952c0a294b673a41bacd8c17"


def unseal(ciphertext: str) -> str:
    """Stand in for a cipher: what is sealed is only turned round."""
    return ciphertext[::-1]


def sealed(value: t.Any) -> dict[str, t.Any]:
    return {SIGNATURE: SECRET_MARK, "ciphertext": json.dumps(value)[::-1]}


def nested(levels: int) -> t.Any:
    value: t.Any = "x"
    for _level in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        ("日本語 ✓", "日本語 ✓"),
        ("half \ud83d character", "half \ufffd character"),
        (2**53, 2**53),
        (2**53 + 1, 2**53),
        (-(2**53) - 1, -(2**53)),
        (12345678901234567890, 12345678901234567000),
        (2**63, 9223372036854776000),
        (10**21, 1e21),
        (-(10**22), -1e22),
        (1.5, 1.5),
        (True, True),
        (None, None),
        ([1, {"a": [None]}], [1, {"a": [None]}]),
        ("{{ template }}", "{{ template }}"),
        (sealed("pw"), "pw"),
        (sealed(7), 7),
        (sealed(None), None),
        (sealed({"user": "u", "list": [True]}), {"user": "u", "list": [True]}),
        ({"db": {"password": sealed("pw")}}, {"db": {"password": "pw"}}),
        ({SIGNATURE: SECRET_MARK, "plaintext": '"pw"'}, "pw"),
        # Inside a secret, a further secret is only marked.
        (sealed({"pw": {SIGNATURE: SECRET_MARK, "ciphertext": '"inner"'}}), {"pw": "inner"}),
        ({SIGNATURE: ASSET, "hash": "abc", "text": ""}, {SIGNATURE: ASSET, "hash": "abc", "text": ""}),
        ({SIGNATURE: BYTES, "value": "aGVsbG8="}, "hello"),
        # Bytes that are no text are shown as the CLI shows them.
        ({SIGNATURE: BYTES, "value": "aGVsbG//"}, 'b"aGVsbG//"'),
        (nested(90), nested(90)),
    ],
)
def test_plain_values(value: t.Any, expected: t.Any) -> None:
    assert plain(value, unseal, "out") == expected


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (UNKNOWN, "The output out has no value yet"),
        ({"a": [UNKNOWN]}, r"The output out.a\[0\] has no value yet"),
        ("[secret]", r"The output out is the text \[secret\]"),
        ({"db": {"pw": "[secret]"}}, r"The output out.db.pw is the text \[secret\]"),
        (sealed("[secret]"), r"The output out is the text \[secret\]"),
        (10**400, "is not a finite number"),
        ({SIGNATURE: FLOAT, "value": "7ff0000000000000"}, "is not a finite number"),
        ({SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}, "of a kind this version does not know"),
        ({SIGNATURE: None}, "of a kind this version does not know"),
        ({SIGNATURE: []}, "of a kind this version does not know"),
        ({SIGNATURE: BYTES, "value": "?"}, "its bytes cannot be decoded"),
        ({SIGNATURE: BYTES}, "its bytes cannot be decoded"),
        ({SIGNATURE: SECRET_MARK}, "has not exactly one of ciphertext and plaintext"),
        ({SIGNATURE: SECRET_MARK, "ciphertext": "a", "plaintext": "b"}, "has not exactly one of"),
        ({SIGNATURE: SECRET_MARK, "ciphertext": 7}, "has not exactly one of"),
        ({SIGNATURE: SECRET_MARK, "ciphertext": "2retnuh"}, "what was encrypted is not JSON"),
        (nested(200), "nested more than 100 levels deep"),
    ],
)
def test_values_nobody_could_use(value: t.Any, sentence: str) -> None:
    with pytest.raises(OutputError, match=sentence) as caught:
        plain(value, unseal, "out")
    assert "hunter2" not in str(caught.value.as_result())


@pytest.mark.parametrize("inner", [UNKNOWN, "[secret]", 10**400, {SIGNATURE: "?"}, {SIGNATURE: BYTES}], ids=str)
def test_keys_inside_a_secret_are_not_named(inner: t.Any) -> None:
    with pytest.raises(OutputError, match="output db.password ") as caught:
        plain({"password": sealed({"hunter2": [inner]})}, unseal, "db")
    assert "hunter2" not in str(caught.value.as_result())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", False),
        ({"a": [1]}, False),
        (sealed("x"), True),
        ([{"a": [sealed("x")]}], True),
        ({SIGNATURE: ASSET, "text": "x"}, False),
        ({SIGNATURE: []}, False),
    ],
)
def test_finding_secrets(value: t.Any, expected: bool) -> None:
    assert holds_secret(value) is expected
