# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the quick lane is what the SDK would have sent; whatever is refused there is the SDK's affair."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import threading
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients
from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import Headers
from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import SiteFile
from ansible_collections.slipway.aws.plugins.module_utils._edge.quick_lane import WORTH_IT, QuickLane

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Send = Callable[[QuickLane, str], t.Optional[str]]  # noqa: UP045 - the sanity tests take it for a sum

# They differ from request to request, or say who sent it.
OF_THE_SENDER = {"authorization", "x-amz-date", "user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "expect"}
# Beside the MD5 the SDK tells a second checksum. Where nobody tells one, S3 makes one itself.
SECOND_CHECKSUM = {"x-amz-sdk-checksum-algorithm", "x-amz-checksum-crc32"}
KEYS = ("a.js", "docs/~user/日 本+1&2=3.html")


@dataclasses.dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_quick(self) -> bool:
        """Only the SDK counts its attempts."""
        return "amz-sdk-request" not in self.headers

    @property
    def told(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name not in OF_THE_SENDER | SECOND_CHECKSUM}


@dataclasses.dataclass
class Bucket:
    """Writes down what it is sent, and answers what it is told to."""

    seen: list[Seen] = dataclasses.field(default_factory=list)
    statuses: list[int] = dataclasses.field(default_factory=list)
    version: str = "v1"
    port: int = 0

    def client(self, *, attempts: int = 1, **options: t.Any) -> t.Any:
        return Clients(
            {
                "endpoint_url": f"http://127.0.0.1:{self.port}",
                "region": "ap-northeast-1",
                "access_key": "slipway-test",
                "secret_key": "slipway-test",
                "aws_config": {"retries": {"mode": "standard", "total_max_attempts": attempts}},
                **options,
            }
        )("s3")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    held = Bucket()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            held.seen.append(Seen(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status = held.statuses.pop(0) if held.statuses else 200
            answer = b"" if status == 200 else b"<Error><Code>SlowDown</Code><Message>later</Message></Error>"
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("ETag", '"0"')
            self.send_header("x-amz-version-id", held.version)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: t.Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    held.port = server.server_address[1]
    yield held
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def send(tmp_path: Path) -> Send:
    def upload(lane: QuickLane, key: str) -> str | None:
        content = f"content of {key}".encode()
        place = tmp_path / hashlib.sha256(content).hexdigest()
        place.write_bytes(content)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        headers = Headers("text/javascript; charset=utf-8", "no-cache", "gzip" if key.endswith(".js") else None)
        return lane.put(key, SiteFile(key, place, len(content), md5, hashlib.sha256(content).hexdigest(), headers))

    return upload


@pytest.mark.parametrize("token", [None, "a-session-token"], ids=["long-lived", "session"])
def test_the_same_is_sent_as_by_the_sdk(bucket: Bucket, send: Send, token: str | None) -> None:
    quick = QuickLane(bucket.client(session_token=token), "shop", WORTH_IT)
    send(quick, "first")
    assert [send(quick, key) for key in KEYS] == ["v1", "v1"]
    by_us = bucket.seen[1:]
    bucket.seen.clear()
    slow = QuickLane(bucket.client(session_token=token), "shop", WORTH_IT - 1)
    for key in KEYS:
        send(slow, key)
    assert [each.is_quick for each in by_us] == [True, True]
    assert [each.is_quick for each in bucket.seen] == [False, False]
    for ours, theirs in zip(by_us, bucket.seen, strict=True):
        assert set(ours.told.items()) ^ set(theirs.told.items()) == set()
        assert (ours.path, ours.body) == (theirs.path, theirs.body)
    assert by_us[0].headers["user-agent"].startswith("Boto3/")
    signed = (
        "SignedHeaders=cache-control;content-encoding;content-md5;content-type;host;x-amz-content-sha256;x-amz-date;"
    )
    assert signed in by_us[0].headers["authorization"]
    assert by_us[0].headers.get("x-amz-security-token") == token


@pytest.mark.parametrize("status", [403, 500, 503])
def test_what_is_refused_goes_to_the_sdk_which_says_why(bucket: Bucket, send: Send, status: int) -> None:
    lane = QuickLane(bucket.client(), "shop", WORTH_IT)
    send(lane, "first")
    bucket.statuses = [status]
    assert send(lane, "second") == "v1"
    assert [each.is_quick for each in bucket.seen] == [False, True, False]
    # Once bitten: nothing more goes over the lane.
    send(lane, "third")
    assert not bucket.seen[-1].is_quick
    bucket.statuses = [status]
    with pytest.raises(AwsError, match="Could not upload fourth to the bucket shop: SlowDown: later"):
        send(lane, "fourth")


def test_the_sdk_tries_again(bucket: Bucket, send: Send) -> None:
    lane = QuickLane(bucket.client(attempts=3), "shop", WORTH_IT)
    send(lane, "first")
    bucket.statuses = [503, 503]
    assert send(lane, "second") == "v1"
    assert [each.is_quick for each in bucket.seen] == [False, True, False, False]


def test_a_bucket_without_versions_has_none_here_either(bucket: Bucket, send: Send) -> None:
    bucket.version = "null"
    lane = QuickLane(bucket.client(), "shop", WORTH_IT)
    assert (send(lane, "first"), send(lane, "second")) == (None, None)
    assert bucket.seen[1].is_quick


def test_what_cannot_be_understood_stays_with_the_sdk(bucket: Bucket, send: Send) -> None:
    def sign_otherwise(request: t.Any, **_options: t.Any) -> None:
        request.headers["Authorization"] = "AWS4-ECDSA-P256-SHA256 Credential=x"

    client = bucket.client()
    client.meta.events.register("before-send.s3.PutObject", sign_otherwise)
    lane = QuickLane(client, "shop", WORTH_IT)
    for key in ("first", "second"):
        send(lane, key)
    assert [each.is_quick for each in bucket.seen] == [False, False]
