# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be shown, and what must not."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._gate.redaction import (
    Redactor,
    secrets_in_data,
    secrets_in_headers,
    secrets_in_text,
    secrets_in_url,
)

SECRET = 'corr"ect horse/battery+staple'


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        "corr%22ect%20horse/battery%2Bstaple",
        "corr%22ect%20horse%2Fbattery%2Bstaple",
        "corr%22ect+horse%2Fbattery%2Bstaple",
        'corr\\"ect horse/battery+staple',
    ],
)
def test_a_secret_is_masked_in_every_spelling(spelling: str) -> None:
    assert Redactor([SECRET]).text(f"before {spelling} after") == "before ******** after"


def test_a_secret_inside_a_longer_one_leaves_nothing_behind() -> None:
    assert Redactor(["abcd", "abcdefgh"]).text("abcdefgh abcd") == "******** ********"


def test_what_everybody_says_is_not_masked() -> None:
    assert Redactor(["true", "abc"]).text("true abc") == "true abc"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"access_token": "eyJhbGciOi", "ok": true}', '{"access_token": "********", "ok": true}'),
        ('{"Password":"a\\"b", "user": "me"}', '{"Password":"********", "user": "me"}'),
        ('{"session_id": "cut off he', '{"session_id": "********'),
        ('{"answer": "the token ring"}', '{"answer": "the token ring"}'),
    ],
)
def test_secrets_of_others_are_masked_by_their_name(text: str, shown: str) -> None:
    assert Redactor([]).text(text) == shown


def test_an_excerpt_is_masked_before_it_is_cut() -> None:
    excerpt = Redactor(["0123456789"]).excerpt("x" * 195 + "0123456789")
    assert "0" not in excerpt
    assert excerpt.endswith("\N{HORIZONTAL ELLIPSIS}")


def test_an_excerpt_is_one_printable_line() -> None:
    assert Redactor([]).excerpt("a\n\tb\x00\x1b[31mc") == "a b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31mc"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pass@a.test/p?key=v&other=w#frag", "https://a.test/p?key=********&other=********"),
        ("http://a.test:8080/p", "http://a.test:8080/p"),
        ("http://[::1/p", "http://[::1/p"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert Redactor([]).url(url) == shown


def test_headers_are_secret_unless_known_to_be_harmless() -> None:
    headers = {"Accept": "text/html", "Authorization": "Bearer abc123", "Cookie": "a=one1; b=two2", "X-Odd": "odd"}
    found = set(secrets_in_headers(headers))
    assert {"Bearer abc123", "abc123", "one1", "two2", "odd"} <= found
    assert "text/html" not in found


def test_a_body_tells_its_secrets_by_name() -> None:
    data = {"user": "me", "nested": [{"api_key": "k-1"}], "passwords": ["p-1", "p-2"], "pin_token": 7}
    assert set(secrets_in_data(data)) == {"k-1", "p-1", "p-2"}


@pytest.mark.parametrize("body", ['{"password": "p-1", "user": "me"}', "user=me&password=p-1"])
def test_a_body_given_as_text_is_secret_as_a_whole_and_in_its_parts(body: str) -> None:
    assert set(secrets_in_text(body)) == {body, "p-1"}


def test_a_query_tells_its_secrets_by_name() -> None:
    assert list(secrets_in_url("https://a.test/?token=t%201&page=2")) == ["t 1"]
