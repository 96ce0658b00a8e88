# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._ledger.receipt import (
    NAME,
    REDACTED,
    file_name,
    make_receipt,
    read_receipt,
    redact,
    render,
)

GIVEN: dict[str, t.Any] = {
    "release_id": "4f2a9c1",
    "stack": "chatbot-dev",
    "outcome": "succeeded",
    "started_at": "2026-11-21T16:40:00+09:00",
    "finished_at": "2026-11-21T07:43:10Z",
    "units": {"services": {"backend": {"outcome": "succeeded"}}},
}


def test_a_receipt_is_made_whole() -> None:
    receipt = make_receipt({**GIVEN, "actor": "ci"})

    assert receipt == {
        **GIVEN,
        "schema": 1,
        "actor": "ci",
        "started_at": "2026-11-21T07:40:00Z",
        "finished_at": "2026-11-21T07:43:10Z",
    }
    assert file_name(receipt) == "20261121T074310Z-4f2a9c1.json"
    assert NAME.fullmatch(file_name(receipt))
    assert make_receipt(receipt) == receipt


def test_the_same_receipt_gives_the_same_bytes() -> None:
    receipt = make_receipt({**GIVEN, "title": "リリース"})
    shuffled = make_receipt(dict(reversed(list({**GIVEN, "title": "リリース"}.items()))))

    assert render(receipt) == render(shuffled)
    assert render(receipt).endswith(b"}\n")
    assert "リリース".encode() in render(receipt)
    assert read_receipt(render(receipt), "somewhere") == receipt


@pytest.mark.parametrize("key", list(GIVEN))
def test_what_must_be_there(key: str) -> None:
    with pytest.raises(SlipwayError, match=f"The receipt lacks {key}"):
        make_receipt({name: value for name, value in GIVEN.items() if name != key})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "has the schema 2"),
        ({"release_id": "../x"}, "cannot be a release id"),
        ({"release_id": "a/b"}, "cannot be a release id"),
        ({"release_id": ""}, "cannot be a release id"),
        ({"outcome": "fine"}, "has the outcome 'fine'"),
        ({"units": ["backend"]}, "units of the receipt must be a dictionary"),
        ({"started_at": "yesterday"}, "started_at of the receipt is 'yesterday', which is not a time"),
        ({"finished_at": "2026-11-21T07:43:10"}, "has no time zone"),
        ({"finished_at": "2026-11-21T07:39:59Z"}, "ends before it starts"),
    ],
)
def test_what_is_refused(change: dict[str, t.Any], words: str) -> None:
    with pytest.raises(SlipwayError, match=words):
        make_receipt({**GIVEN, **change})


def test_secrets_are_blanked_wherever_they_stand() -> None:
    given = {
        "password": "p",
        "nested": [{"api_key": 42, "GIT_SHA": "4f2a9c1"}],
        "environment": [{"name": "DB_PASSWORD", "value": "p"}, {"name": "PORT", "value": "8000"}],
        "secrets": [{"name": "DB", "valueFrom": "arn:aws:ssm:x"}, "plain"],
        "credentials": {"user": "u", "set": True, "none": None, "empty": ""},
        "secret_arn": "arn:aws:secretsmanager:x",
    }

    assert redact(given) == {
        "password": REDACTED,
        "nested": [{"api_key": REDACTED, "GIT_SHA": "4f2a9c1"}],
        "environment": [{"name": "DB_PASSWORD", "value": REDACTED}, {"name": "PORT", "value": "8000"}],
        "secrets": [{"name": "DB", "valueFrom": "arn:aws:ssm:x"}, REDACTED],
        "credentials": {"user": REDACTED, "set": True, "none": None, "empty": ""},
        "secret_arn": "arn:aws:secretsmanager:x",
    }
    assert given["password"] == "p"
    assert "p" not in json.loads(render(make_receipt({**GIVEN, **given})))["password"].split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{", "s3://b/k is not a receipt"),
        (b"[]", "has the schema None"),
        (b'{"schema": 2}', "has the schema 2, and this version reads 1"),
    ],
)
def test_what_cannot_be_read_back(text: bytes, words: str) -> None:
    with pytest.raises(SlipwayError, match=words):
        read_receipt(text, "s3://b/k")
