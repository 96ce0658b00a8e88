# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets never reach what people read, and what is no secret does."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import MASK, Masker, secrets_in
from hypothesis import given
from hypothesis import strategies as st

SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPx" + "RfiCYEXAMPLEKEY"
KEY_BEGIN, KEY_END = ("-----" + f"{word} RSA PRIVATE KEY-----" for word in ("BEGIN", "END"))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgres://app:hunter22@db:5432/x failed", "hunter22"),
        ("redis://:hunter22@redis:6379/0", "hunter22"),
        ("mysql://app:p@ss@w0rd@db/x", "p@ss@w0rd"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("using AKIAIOSFODNN7EXAMPLE now", "AKIAIOSFODNN7EXAMPLE"),
        (f"key {SECRET_KEY} used", SECRET_KEY),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", "eyJzdWIiOiIxIn0"),
        ("clone with ghp_0123456789abcdefghij0123", "ghp_0123456789abcdefghij0123"),
        ("DB_PASSWORD=hunter22 ./run", "hunter22"),
        ("--password=hunter22", "hunter22"),
        ("settings: API_KEY=hunter22", "hunter22"),
        ("error: token: hunter22", "hunter22"),
        ("password: hunter22", "hunter22"),
        ("api_key: hunter22", "hunter22"),
        ('{"client_secret": "hunter22", "a": 1}', "hunter22"),
        ("{'dbPassword': 'hunter 22'}", "hunter 22"),
        ("GET https://b.s3.amazonaws.com/k?X-Amz-Credential=c1&X-Amz-Signature=0123abcd", "0123abcd"),
        ("GET https://b.s3.amazonaws.com/k?X-Amz-Security-Token=FwoGZ&x=1", "FwoGZ"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    masked = Masker().text(text)
    assert secret not in masked and MASK in masked


@pytest.mark.parametrize(
    "text",
    [
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
        "failed: unable to "
        "retrieve secret from asm: failed to fetch secret "
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf",
        "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden",
        'FATAL:  password authentication failed for user "app"',
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:" + "0123456789abcdef" * 4,
        "commit 0123456789abcdef0123456789abcdef01234567",
        "User: arn:aws:sts::123456789012:assumed-role/app/0123 is not authorized to perform: s3:GetObject",
        "https://db.example:5432/path and http://user@host/",
        "KeyError: 'DATABASE_URL'",
        "Authentication: none needed",
    ],
)
def test_what_a_diagnosis_is_made_of_is_left_alone(text: str) -> None:
    assert Masker().text(text) == text


def test_a_private_key_is_masked_over_all_its_lines() -> None:
    lines = ["start", KEY_BEGIN, "MIIEpAIBAAKCAQEA7", "abcd", KEY_END, "end"]
    masked = Masker().lines(lines)
    assert masked[0] == "start" and masked[-1] == "end"
    assert not any("MII" in line or "abcd" in line for line in masked)
    assert "MII" not in Masker().text("\n".join(lines))


def test_a_value_is_masked_wherever_it_shows_up_and_however_it_is_spelled() -> None:
    masker = Masker(['a/b "c" ü'])
    for spelled in (
        'a/b "c" ü',
        "a%2Fb%20%22c%22%20%C3%BC",
        "a%2Fb+%22c%22+%C3%BC",
        'a/b \\"c\\" ü',
        'a/b \\"c\\" \\u00fc',
    ):
        assert masker.text(f"said <{spelled}>.") == f"said <{MASK}>."


def test_a_short_secret_is_masked_where_it_stands_alone() -> None:
    assert Masker(["abc"]).text("abc abcdef 'abc'") == f"{MASK} abcdef '{MASK}'"


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("DB_PASSWORD", "x1y2", ["x1y2"]),
        ("DB_PASSWORD_FILE", "/run/secret", []),
        ("DATABASE_URL", "postgres://app:p%40ss@db/x", ["p%40ss", "p@ss"]),
        ("LOG_LEVEL", "info", []),
    ],
)
def test_which_parts_of_a_variable_are_secret(name: str, value: str, secrets: list[str]) -> None:
    assert secrets_in(name, value) == secrets


def test_a_long_text_that_only_looks_like_a_secret_comes_through_soon_and_whole() -> None:
    for text in ("a-" * 50_000, "eyJ-" * 20_000, "://" * 50_000, "a=" * 50_000, '"' * 50_000, "A1b" * 50_000):
        assert Masker(["hunter22"]).text(text) == text


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=4, max_size=30), st.text(max_size=60))
def test_no_known_secret_survives(secret: str, around: str) -> None:
    if secret in MASK:
        return
    masked = Masker([secret]).text(f"{around}{secret}{around}")
    assert secret not in masked.replace(MASK, "")
