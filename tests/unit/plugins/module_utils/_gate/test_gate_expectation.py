# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers held against expectations."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate import expectation
from ansible_collections.slipway.aws.plugins.module_utils._gate.dotted_path import look_up, parse_path
from ansible_collections.slipway.aws.plugins.module_utils._gate.expectation import Expectation
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_exchange import Response
from ansible_collections.slipway.aws.plugins.module_utils._gate.options import Options
from ansible_collections.slipway.aws.plugins.module_utils._gate.redaction import Redactor

DOCUMENT = {
    "status": "ok",
    "count": 1,
    "ready": True,
    "nothing": None,
    "items": [{"name": "a"}, {"name": "b", "tags": ["x"]}],
    "with-dash": {"a b": 2},
}


def answer(
    body: t.Any = None, *, status: int = 200, cut: bool = False, seconds: float = 0.1, **headers: str
) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(DOCUMENT if body is None else body).encode()
    return Response(
        status, tuple((key.replace("_", "-"), text) for key, text in headers.items()), content, cut, seconds
    )


def mismatches(expect: dict[str, t.Any], response: Response) -> list[tuple[str, str]]:
    wanted = Expectation.from_options(Options("expect", expect, known=expectation.NAMES))
    return [(mismatch.expected, mismatch.got) for mismatch in wanted.compare(response, Redactor(["hush-hush"]))]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status", "ok"),
        ("items[0].name", "a"),
        ("items[-1].tags[0]", "x"),
        ('with-dash."a b"', 2),
        ("nothing", None),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: t.Any) -> None:
    assert look_up(DOCUMENT, path) == (True, value)


@pytest.mark.parametrize(
    "path", ["missing", "items[2]", "items[-3]", "items.name", "status[0]", "status.length", "nothing.x"]
)
def test_a_path_can_lead_to_nothing(path: str) -> None:
    assert look_up(DOCUMENT, path) == (False, None)


def test_a_document_can_be_a_list() -> None:
    assert look_up([1, [2]], "[1][0]") == (True, 2)


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a b", "$.a", "a[0]b", "*"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(SlipwayError, match="not a path into JSON"):
        parse_path(path)


FULFILLED: dict[str, tuple[dict[str, t.Any], Response]] = {
    "200 is what is expected by default": ({}, answer()),
    "one of several statuses": ({"status": [200, 204]}, answer(b"", status=204)),
    "a status as text, as templates give it": ({"status": "201"}, answer(status=201)),
    "values of every kind": ({"json": {"status": "ok", "count": 1, "ready": True, "nothing": None}}, answer()),
    "a whole part of the document": ({"json": {"items[1]": {"name": "b", "tags": ["x"]}}}, answer()),
    "text": ({"text_contains": ["<title>", "日本"]}, answer("<title>日本</title>".encode())),
    "text in another charset": (
        {"text_contains": "é"},
        answer("é".encode("latin-1"), Content_Type='text/html; charset="ISO-8859-1"'),
    ),
    "text in a charset nobody knows": (
        {"text_contains": "plain"},
        answer(b"plain", Content_Type="text/x; charset=klingon"),
    ),
    "headers, whatever their case": ({"headers": {"x-frame-options": "DENY"}}, answer(X_Frame_Options="DENY")),
    "quick enough": ({"max_seconds": 0.2}, answer()),
    "text found before the cut": ({"text_contains": "here"}, answer(b"here and so on", cut=True)),
}


@pytest.mark.parametrize("case", FULFILLED)
def test_fulfilled(case: str) -> None:
    assert mismatches(*FULFILLED[case]) == []


NOT_FULFILLED: dict[str, tuple[dict[str, t.Any], Response, str, str]] = {
    "status": ({}, answer(status=503), "status 200", "status 503"),
    "none of several": ({"status": [200, 204]}, answer(status=500), "status 200 or 204", "status 500"),
    "another value": ({"json": {"status": "up"}}, answer(), 'status = "up"', 'status = "ok"'),
    "a number is not a text": ({"json": {"count": "1"}}, answer(), 'count = "1"', "count = 1"),
    "true is not 1": ({"json": {"ready": 1}}, answer(), "ready = 1", "ready = true"),
    "1 is not true": ({"json": {"count": True}}, answer(), "count = true", "count = 1"),
    "nor deep inside": (
        {"json": {"a": [{"b": 1}]}},
        answer({"a": [{"b": True}]}),
        'a = [{"b": 1}]',
        'a = [{"b": true}]',
    ),
    "a key too many": ({"json": {"a": {}}}, answer({"a": {"b": 1}}), "a = {}", 'a = {"b": 1}'),
    "nothing there": ({"json": {"release_id": "v1"}}, answer(), 'release_id = "v1"', "nothing at release_id"),
    "null is something": ({"json": {"nothing": "v1"}}, answer(), 'nothing = "v1"', "nothing = null"),
    "not JSON": ({"json": {"a": 1}}, answer(b"<html>"), "a = 1", "a body that is not JSON"),
    "binary": ({"json": {"a": 1}}, answer(b'{"a": "\xff\xfe\x00"}'), "a = 1", "a body that is not JSON"),
    "JSON too deep to parse": ({"json": {"a": 1}}, answer(b"[" * 200_000), "a = 1", "a body that is not JSON"),
    "no body": ({"json": {"a": 1}}, answer(b""), "a = 1", "an empty body"),
    "compressed": (
        {"json": {"a": 1}},
        answer(b"\x1f\x8b", Content_Encoding="gzip"),
        "a = 1",
        "a compressed body, which was not asked for",
    ),
    "cut JSON": ({"json": {"a": 1}}, answer(b'{"a": 1}', cut=True), "a = 1", "a body too long to read to its end"),
    "no such text": ({"text_contains": "up"}, answer(b"down"), 'text "up"', "a text without it"),
    "no such text before the cut": (
        {"text_contains": "up"},
        answer(b"down", cut=True),
        'text "up"',
        "a text without it, in a body too long to read to its end",
    ),
    "no such header": ({"headers": {"X-A": "1"}}, answer(), "header X-A: 1", "no header X-A"),
    "another header": ({"headers": {"X-A": "1"}}, answer(X_A="2"), "header X-A: 1", "2"),
    "a secret header": (
        {"headers": {"Set-Cookie": "a=b"}},
        answer(Set_Cookie="c=d"),
        "header Set-Cookie: ********",
        "********",
    ),
    "a secret field": (
        {"json": {"token": "mine"}},
        answer({"token": "theirs"}),
        "token = ********",
        "token = ********",
    ),
    "a given secret": ({"json": {"a": "b"}}, answer({"a": "hush-hush"}), 'a = "b"', 'a = "********"'),
    "too slow": ({"max_seconds": 0.05}, answer(seconds=0.5), "an answer within 0.05 s", "one after 0.50 s"),
}


@pytest.mark.parametrize("case", NOT_FULFILLED)
def test_not_fulfilled(case: str) -> None:
    expect, response, expected, got = NOT_FULFILLED[case]
    assert mismatches(expect, response) == [(expected, got)]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert len(mismatches({"json": {"a": 1}, "text_contains": "b", "headers": {"c": "d"}}, answer({}, status=500))) == 4


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({"statsu": 200}, "Did you mean 'status'"),
        ({"status": []}, "must be an HTTP status"),
        ({"status": "2xx"}, "must be an HTTP status"),
        ({"status": 99}, "must be an HTTP status"),
        ({"json": {"a..b": 1}}, "not a path into JSON"),
        ({"json": ["a"]}, "must be a dictionary"),
        ({"text_contains": []}, "none of them empty"),
        ({"text_contains": ""}, "none of them empty"),
        ({"max_seconds": -1}, "at least"),
    ],
)
def test_an_expectation_that_cannot_be_meant_is_refused(expect: dict[str, t.Any], message: str) -> None:
    with pytest.raises(SlipwayError) as refused:
        mismatches(expect, answer())
    assert message in refused.value.as_result()["msg"]
