# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bucket that all tools publish into: as much of S3 as they use, quick, behind a line of a known width.

An emulator in Python answers a few hundred requests a second, and would be all that a measurement shows; this one
answers thousands. C(python -m publishing.store <file>) listens on a free port of 127.0.0.1 and writes it into the file.
Besides S3 it answers C(POST /_bench/reset), with the latency and the bandwidth in its body, and C(GET /_bench/report):
what was called, and what the bucket holds.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import dataclasses
import datetime
import email.utils
import hashlib
import json
import sys
import time
import typing as t
import urllib.parse
import xml.etree.ElementTree as ET
from pathlib import Path
from xml.sax.saxutils import escape

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
PAGE = 1000
KEPT_HEADERS = ("content-type", "cache-control", "content-encoding")
META = "x-amz-meta-"


@dataclasses.dataclass(frozen=True)
class Stored:
    """An object: its content is forgotten, what it was is not."""

    etag: str
    size: int
    headers: dict[str, str]
    modified: float = dataclasses.field(default_factory=time.time)

    @property
    def moment(self) -> str:
        return datetime.datetime.fromtimestamp(self.modified, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclasses.dataclass(frozen=True)
class Call:
    """A request that has arrived completely."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.path.partition("/")[2]


@dataclasses.dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Bucket:
    """What is in the bucket, and what was asked of it."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.bandwidth = 0.0
        """Bytes a second that come in, for all connections together; none for a line without an end."""
        self.objects: dict[str, Stored] = {}
        self.calls: collections.Counter[str] = collections.Counter()
        self._free_at = 0.0

    def delay(self, size: int, now: float) -> float:
        """Return for how long an answer is held back, so that the line carries no more than it can."""
        if not self.bandwidth:
            return self.latency
        self._free_at = max(self._free_at, now) + size / self.bandwidth
        return self._free_at - now + self.latency

    def reset(self, latency: float, bandwidth: float) -> None:
        self.latency, self.bandwidth = latency, bandwidth
        self.objects, self.calls = {}, collections.Counter()
        self._free_at = 0.0

    def report(self) -> dict[str, t.Any]:
        held = {key: [each.etag, each.size, each.headers] for key, each in self.objects.items()}
        return {"calls": dict(self.calls), "objects": held}

    def answer(self, call: Call) -> Reply:
        if call.path == "_bench/reset":
            self.reset(**json.loads(call.body))
            return Reply(200)
        if call.path == "_bench/report":
            return Reply(200, json.dumps(self.report()).encode())
        name, reply = self._s3(call)
        self.calls[name] += 1
        return reply

    def _s3(self, call: Call) -> tuple[str, Reply]:
        if not call.key:
            if "delete" in call.query:
                return "DeleteObjects", self._delete(call)
            if call.method == "HEAD":
                return "HeadBucket", Reply(200)
            if "location" in call.query:
                return "GetBucketLocation", Reply(200, f"<LocationConstraint {NAMESPACE}/>".encode())
            return "ListObjects", self._list(call)
        if call.method == "PUT" and "x-amz-copy-source" in call.headers:
            return "CopyObject", self._copy(call)
        if call.method == "PUT":
            return "PutObject", self._put(call)
        if call.method == "HEAD":
            return "HeadObject", self._head(call.key)
        return call.method.title() + "Object", Reply(501)

    def _put(self, call: Call) -> Reply:
        body = _unchunked(call.body) if "aws-chunked" in call.headers.get("content-encoding", "") else call.body
        digest = hashlib.md5(body, usedforsecurity=False)
        expected = call.headers.get("content-md5")
        if expected and base64.b64decode(expected) != digest.digest():
            return Reply(400, b"<Error><Code>BadDigest</Code><Message>It differs.</Message></Error>")
        headers = {name: value for name, value in call.headers.items() if name in KEPT_HEADERS or name.startswith(META)}
        self.objects[call.key] = Stored(digest.hexdigest(), len(body), headers)
        return Reply(200, b"", (("ETag", f'"{digest.hexdigest()}"'),))

    def _copy(self, call: Call) -> Reply:
        source = urllib.parse.unquote(call.headers["x-amz-copy-source"]).lstrip("/").partition("/")[2]
        self.objects[call.key] = self.objects[source]
        found = self.objects[source]
        told = f"<ETag>&quot;{found.etag}&quot;</ETag><LastModified>{found.moment}</LastModified>"
        return Reply(200, f"<CopyObjectResult>{told}</CopyObjectResult>".encode())

    def _head(self, key: str) -> Reply:
        found = self.objects.get(key)
        if found is None:
            return Reply(404)
        told = (
            ("ETag", f'"{found.etag}"'),
            ("Last-Modified", email.utils.formatdate(found.modified, usegmt=True)),
            ("Content-Length", str(found.size)),
        )
        return Reply(200, b"", told + tuple(found.headers.items()))

    def _list(self, call: Call) -> Reply:
        prefix = call.query.get("prefix", "")
        after = call.query.get("continuation-token") or call.query.get("marker") or call.query.get("start-after", "")
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        page, more = keys[:PAGE], len(keys) > PAGE
        spelled = urllib.parse.quote if call.query.get("encoding-type") == "url" else escape
        entries = "".join(
            f"<Contents><Key>{spelled(key)}</Key><LastModified>{self.objects[key].moment}</LastModified>"
            f"<ETag>&quot;{self.objects[key].etag}&quot;</ETag><Size>{self.objects[key].size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key in page
        )
        following = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        following += f"<NextMarker>{escape(page[-1])}</NextMarker>" if more else ""
        body = (
            f"<ListBucketResult {NAMESPACE}><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
            f"<MaxKeys>{PAGE}</MaxKeys><IsTruncated>{'true' if more else 'false'}</IsTruncated>{following}{entries}"
            f"{'<EncodingType>url</EncodingType>' if spelled is not escape else ''}</ListBucketResult>"
        )
        return Reply(200, body.encode())

    def _delete(self, call: Call) -> Reply:
        for element in ET.fromstring(call.body).iter():  # noqa: S314 - our own contestants write it
            if element.tag.rpartition("}")[2] == "Key":
                self.objects.pop(element.text or "", None)
        return Reply(200, f"<DeleteResult {NAMESPACE}/>".encode())


def _unchunked(body: bytes) -> bytes:
    """Return the content of a body that comes in chunks with a checksum behind them, as the SDKs send it over TLS."""
    content = bytearray()
    while body:
        head, dummy, body = body.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if not size:
            break
        content += body[:size]
        body = body[size + 2 :]
    return bytes(content)


class Connection(asyncio.Protocol):
    """One connection that is kept open; requests come one after another."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._buffer = bytearray()
        self._promised = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = t.cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        request, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, dummy, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", 0))
        if headers.get("expect") and not self._promised:
            self._promised = True
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._buffer) < end + 4 + size:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + size])
        del self._buffer[: end + 4 + size]
        self._promised = False
        method, target, dummy = request.split(" ")
        address, dummy, query = target.partition("?")
        call = Call(
            method,
            urllib.parse.unquote(address).lstrip("/"),
            dict(urllib.parse.parse_qsl(query, keep_blank_values=True)),
            headers,
            body,
        )
        reply = self._bucket.answer(call)
        loop = asyncio.get_running_loop()
        delay = 0.0 if call.path.startswith("_bench/") else self._bucket.delay(len(body), loop.time())
        if delay:
            loop.call_later(delay, self._send, call.method, reply)
        else:
            self._send(call.method, reply)

    def _send(self, method: str, reply: Reply) -> None:
        headers = {
            "Content-Length": str(len(reply.body)),
            "Date": email.utils.formatdate(usegmt=True),
            **dict(reply.headers),
        }
        head = f"HTTP/1.1 {reply.status} \r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._transport.write(head.encode("latin-1") + b"\r\n" + (b"" if method == "HEAD" else reply.body))


async def serve(port_file: Path) -> None:
    bucket = Bucket()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(bucket), "127.0.0.1", 0)
    draft = port_file.with_suffix(".draft")
    draft.write_text(str(server.sockets[0].getsockname()[1]), encoding="utf-8")
    draft.replace(port_file)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
