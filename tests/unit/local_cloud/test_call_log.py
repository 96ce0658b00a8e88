# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import json
import typing as t
from pathlib import Path

import pytest
from slipway_local_cloud import call_log

pytest.importorskip("ministack")

REGION, ACCOUNT = "ap-northeast-1", "000000000000"


def credential(service: str) -> str:
    scope = f"{ACCOUNT}/20260101/{REGION}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def classify(method: str, path: str, service: str, body: bytes = b"", query: str = "", **headers: str) -> call_log.Call:
    given = {"host": "127.0.0.1:4566", "authorization": credential(service)}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    parameters = {key: [value] for key, dummy, value in (pair.partition("=") for pair in query.split("&") if pair)}
    return call_log.classify(method, path, given, parameters, body, REGION, ACCOUNT)


@pytest.mark.parametrize(
    ("action", "access"),
    [
        ("DescribeServices", "read"),
        ("GetAuthorizationToken", "read"),
        ("BatchCheckLayerAvailability", "read"),
        ("HeadObject", "read"),
        ("ListObjectsV2", "read"),
        ("AssumeRoleWithWebIdentity", "read"),
        ("FilterLogEvents", "read"),
        ("InvokeModelWithResponseStream", "read"),
        ("RegisterTaskDefinition", "write"),
        ("UpdateService", "write"),
        ("PutObject", "write"),
        ("CreateInvalidation", "write"),
        ("Invoke", "write"),
        ("InitiateLayerUpload", "write"),
        ("PutMetricAlarm", "write"),
        ("TagResource", "write"),
        ("DeleteObject", "write"),
    ],
)
def test_what_writes(action: str, access: str) -> None:
    assert call_log.access_of(action, "POST") == access


def test_an_action_without_a_name_is_judged_by_its_method() -> None:
    assert [call_log.access_of(method, method) for method in ("GET", "HEAD", "PUT", "POST")] == [
        "read", "read", "write", "write",
    ]  # fmt: skip


def test_ecs_names_the_service_and_not_the_cluster() -> None:
    body = json.dumps({"cluster": "arn:aws:ecs:r:1:cluster/dev", "service": "arn:aws:ecs:r:1:service/dev/api"}).encode()
    target = "AmazonEC2ContainerServiceV20141113.UpdateService"
    assert classify("POST", "/", "ecs", body, x_amz_target=target) == (
        "ecs",
        "UpdateService",
        "write",
        "service/dev/api",
    )


def test_a_service_that_the_emulator_has_not() -> None:
    found = classify("POST", "/", "application-autoscaling", b"{}", x_amz_target="AnyScale.DescribeScalableTargets")
    assert (found.action, found.access) == ("DescribeScalableTargets", "read")


def test_s3_by_path_and_by_host() -> None:
    expected = ("s3", "PutObject", "write", "arn:aws:s3:::site/a/b.js")
    assert classify("PUT", "/site/a/b.js", "s3") == expected
    assert classify("PUT", "/a/b.js", "s3", host="site.s3.localhost:4566") == expected


def test_a_query_action_in_the_body() -> None:
    found = classify(
        "POST", "/", "elasticloadbalancing", b"Action=DescribeTargetHealth&TargetGroupArn=arn%3Atg",
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert (found.service, found.action, found.access) == ("elasticloadbalancing", "DescribeTargetHealth", "read")


def test_a_rest_path() -> None:
    found = classify("POST", "/2020-05-31/distribution/E123/invalidation", "cloudfront", b"<InvalidationBatch/>")
    assert (found.service, found.action, found.access) == ("cloudfront", "CreateInvalidation", "write")


@pytest.mark.parametrize(
    ("method", "path", "host", "served"),
    [
        ("GET", "/", "e123.cloudfront.net", True),
        ("GET", "/", "e123.cloudfront.localhost:4566", True),
        ("POST", "/api/chat", "web-1.ap-northeast-1.elb.amazonaws.com", True),
        ("PUT", "/v2/team/app/manifests/v1", "127.0.0.1:4566", True),
        ("GET", "/v2/", "127.0.0.1:4566", True),
        ("GET", "/_ministack/health", "127.0.0.1:4566", True),
        ("GET", "/v4/0123456789abcdef/task", "host.docker.internal:4566", True),
        ("PUT", "/site/index.html", "127.0.0.1:4566", False),
        ("POST", "/", "127.0.0.1:4566", False),
        ("GET", "/v2/apis", "127.0.0.1:4566", False),
    ],
)
def test_what_the_cloud_serves_is_no_call(method: str, path: str, host: str, served: bool) -> None:
    assert call_log.is_data_plane(method, path, {"host": host}) is served


def through(journal: Path, body: list[bytes], status: int) -> list[bytes]:
    """Send one upload through the journal; return what arrived behind it."""
    arrived: list[bytes] = []

    async def application(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        del scope
        more = True
        while more:
            message = await receive()
            arrived.append(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    waiting = [
        {"type": "http.request", "body": part, "more_body": index < len(body) - 1} for index, part in enumerate(body)
    ]
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/site/a.js",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:4566"),
            (b"authorization", credential("s3").encode()),
            (b"user-agent", b"me"),
        ],
        "client": ("10.0.0.9", 1),
    }

    async def receive() -> t.Any:
        return waiting.pop(0)

    async def send(message: t.Any) -> None:
        # Who has the answer in hand must find the call written down.
        assert journal.read_text(encoding="utf-8").count("\n") == 1, message

    asyncio.run(call_log.CallLog(application, journal, REGION, ACCOUNT)(scope, receive, send))
    return arrived


def test_a_line_per_call_and_the_upload_untouched(tmp_path: Path) -> None:
    parts = [b"x" * call_log.BODY_LIMIT, b"y" * 10, b"z"]
    assert through(tmp_path / "calls.jsonl", parts, 412) == parts
    lines = (tmp_path / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert {
        key: line[key] for key in ("service", "action", "access", "resource", "status", "user_agent", "source")
    } == {
        "service": "s3",
        "action": "PutObject",
        "access": "write",
        "resource": "arn:aws:s3:::site/a.js",
        "status": 412,
        "user_agent": "me",
        "source": "10.0.0.9",
    }


def test_a_journal_that_cannot_read_a_call_still_writes_it_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: t.Any) -> t.Any:
        raise ValueError(args)

    monkeypatch.setattr(call_log, "classify", broken)
    assert through(tmp_path / "calls.jsonl", [b""], 200) == [b""]
    line = json.loads((tmp_path / "calls.jsonl").read_text(encoding="utf-8"))
    assert (line["action"], line["access"], line["resource"]) == ("Unknown", "write", "/site/a.js")
