# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a smoke gate, and the sentences about those that cannot be meant."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_check import read_base, read_check, read_headers
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_connection import ConnectTo
from ansible_collections.slipway.aws.plugins.module_utils._gate.limits import Limits
from ansible_collections.slipway.aws.plugins.module_utils._gate.smoke import SmokeGate

BASE = "https://a.test"
OPTIONS = {
    "url": BASE,
    "release_path": "/api/health",
    "release_field": "release_id",
    "release_consecutive_success": 3,
    "release_attempts": 10,
    "release_interval": 0.5,
}


def read(**check: t.Any) -> t.Any:
    return read_check({"name": "c", **check}, 1, BASE, {"X-Common": "common"})


def test_a_check_needs_little() -> None:
    check = read(path="/p")
    assert (check.request.method, check.request.url, check.request.body) == ("GET", "https://a.test/p", None)
    assert (check.required, check.limits, check.expectation.status) == (True, Limits(), (200,))
    assert check.request.headers["X-Common"] == "common"


@pytest.mark.parametrize(
    ("given", "body", "content_type"),
    [
        ({"json": {"a": "é"}}, b'{"a": "\\u00e9"}', "application/json"),
        ({"json": []}, b"[]", "application/json"),
        ({"form": {"a": "b c", "d": ["1", "2"]}}, b"a=b+c&d=1&d=2", "application/x-www-form-urlencoded"),
        ({"body": "text"}, b"text", None),
        ({"json": {}, "headers": {"content-type": "application/x"}}, b"{}", None),
    ],
)
def test_what_is_sent(given: dict[str, t.Any], body: bytes, content_type: str | None) -> None:
    check = read(path="/p", **given)
    assert (check.request.method, check.request.body) == ("POST", body)
    assert check.request.headers.get("Content-Type") == content_type


def test_numbers_and_truths_may_be_text() -> None:
    check = read(path="/p", attempts="7", interval="0.5", timeout="3", required="no", failure_limit="0")
    assert check.limits == Limits(attempts=7, interval=0.5, timeout=3.0, failure_limit=0)
    assert check.required is False


REFUSED: dict[str, tuple[t.Any, str]] = {
    "not a dictionary": ("health", "Check number 1 must be a dictionary"),
    "no name": ({"path": "/"}, "Check number 1 needs the option 'name'"),
    "empty name": ({"name": "", "path": "/"}, "option 'name' must be a text that is not empty"),
    "misspelt option": ({"name": "h", "pth": "/"}, "Check 'h' has an unknown option 'pth'. Did you mean 'path'?"),
    "misspelt limit": ({"name": "h", "path": "/", "consecutive_sucess": 3}, "Did you mean 'consecutive_success'?"),
    "far from any option": ({"name": "h", "path": "/", "zzz": 1}, "Known are: attempts, body"),
    "wrong case": ({"name": "h", "Path": "/"}, "Did you mean 'path'?"),
    "neither path nor url": ({"name": "h"}, "needs either path or url"),
    "both path and url": ({"name": "h", "path": "/", "url": BASE}, "needs either path or url"),
    "path without slash": ({"name": "h", "path": "api"}, "must start with a slash"),
    "path with a line break": ({"name": "h", "path": "/a\r\nX: y"}, "unprintable"),
    "path with a blank": ({"name": "h", "path": "/a b"}, "blank"),
    "another scheme": ({"name": "h", "url": "file:///etc/passwd"}, "not an http or https URL"),
    "a port out of range": ({"name": "h", "url": "http://a.test:99999/"}, "not an http or https URL"),
    "credentials in the URL": ({"name": "h", "url": "https://me:hush@a.test/"}, "carries a user or password"),
    "two bodies": ({"name": "h", "path": "/", "json": {}, "body": "x"}, "only one of json, body"),
    "a method with a blank": ({"name": "h", "path": "/", "method": "GET /x"}, "option 'method'"),
    "no attempt": ({"name": "h", "path": "/", "attempts": 0}, "whole number of at least 1|number of at least 1"),
    "half an attempt": ({"name": "h", "path": "/", "attempts": 1.5}, "whole number"),
    "truth for a number": ({"name": "h", "path": "/", "attempts": True}, "number of at least 1, not true"),
    "no end": ({"name": "h", "path": "/", "timeout": float("inf")}, "a number without end"),
    "a negative limit": ({"name": "h", "path": "/", "failure_limit": -1}, "at least 0"),
    "never enough attempts": ({"name": "h", "path": "/", "attempts": 2, "consecutive_success": 3}, "can never pass"),
    "maybe required": ({"name": "h", "path": "/", "required": "perhaps"}, "true or false"),
    "a header with a line break": ({"name": "h", "path": "/", "headers": {"X-A": "a\nb"}}, "header X-A"),
    "a header beyond latin": ({"name": "h", "path": "/", "headers": {"X-A": "日本"}}, "header X-A"),
    "a header with a bad name": ({"name": "h", "path": "/", "headers": {"X A": "b"}}, "name that HTTP does not allow"),
    "JSON that is none": ({"name": "h", "path": "/", "json": {"a": {1, 2}}}, "JSON cannot say"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    given, message = REFUSED[case]
    with pytest.raises(SlipwayError) as refused:
        read_check(given, 1, BASE, {})
    sentence = refused.value.as_result()["msg"]
    assert any(part in sentence for part in message.split("|")), sentence
    assert "hush" not in sentence


def test_a_refused_header_does_not_show_its_value() -> None:
    with pytest.raises(SlipwayError) as refused:
        read_headers({"Authorization": "Bearer hush\nhush"}, "Option 'headers'")
    assert "hush" not in refused.value.message


@pytest.mark.parametrize(
    "url", ["", "a.test", "//a.test", "ftp://a.test", "http://", "http://a.test?x=1", "http://u@a.test"]
)
def test_a_base_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SlipwayError):
        read_base(url)


def test_paths_are_joined_to_the_base() -> None:
    assert read_base("https://a.test/app/") == "https://a.test/app"


@pytest.mark.parametrize(
    ("overrides", "asked", "address"),
    [
        ({}, ("a.test", 443), ("a.test", 443)),
        ({"a.test": "127.0.0.1:8080"}, ("A.test", 443), ("127.0.0.1", 8080)),
        ({"a.test": "127.0.0.1:1", "a.test:80": "127.0.0.1:2"}, ("a.test", 80), ("127.0.0.1", 2)),
        ({"a.test:80": "127.0.0.1:2"}, ("a.test", 443), ("a.test", 443)),
        ({"[::1]:80": "[::2]:81"}, ("::1", 80), ("::2", 81)),
    ],
)
def test_connections_can_be_led_elsewhere(
    overrides: dict[str, str], asked: tuple[str, int], address: tuple[str, int]
) -> None:
    assert ConnectTo(overrides).address(*asked) == address


@pytest.mark.parametrize("place", ["127.0.0.1", ":80", "host:", "host:http", "host:0", "host:65536", ""])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(SlipwayError, match="connect_to leads 'a.test' to"):
        ConnectTo({"a.test": place})


def test_a_gate_without_checks_is_refused() -> None:
    with pytest.raises(SlipwayError, match="never passes") as refused:
        SmokeGate.from_options(OPTIONS)
    assert refused.value.as_result()["outcome"] == "inconclusive"


def test_an_expected_release_becomes_the_first_check() -> None:
    gate = SmokeGate.from_options({**OPTIONS, "expect_release": "v2", "checks": [{"name": "home", "path": "/"}]})
    release = gate.checks[0]
    assert [check.name for check in gate.checks] == ["release", "home"]
    assert release.expectation.json == (("release_id", "v2"),)
    assert release.limits == Limits(attempts=10, interval=0.5, consecutive_success=3)
    assert release.required


def test_a_file_of_certificates_that_is_none_is_refused(tmp_path: t.Any) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for path in (empty, tmp_path / "missing.pem"):
        with pytest.raises(SlipwayError, match="could not be read"):
            SmokeGate.from_options({**OPTIONS, "expect_release": "v2", "ca_path": str(path)})
