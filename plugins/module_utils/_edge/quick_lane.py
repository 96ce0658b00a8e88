# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Upload many small files without the machinery of the SDK around each of them.

botocore takes more than a millisecond of processor time for each request, most of it for questions whose answers are
the same for every file of a site: where the bucket is, how to sign, what the options mean. Here the SDK answers them
once, with one file; the others are put together, signed and sent by its own parts. Whatever is not simply accepted
goes to the SDK, which knows how to try again, to follow, and to say what is wrong.
"""

from __future__ import annotations

import base64
import re
import threading
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._edge import api

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.exceptions
except ImportError:  # the module or action plugin says so, with the interpreter's name
    pass

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import SiteFile

# With fewer files there is nothing to gain.
WORTH_IT = 50
# The SDK first asks whether it may send a body, which takes a journey to S3 and back. What is small is sent at once.
SENT_UNASKED = 4 << 20
BEFORE_SEND = "before-send.s3.PutObject"
SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/,]+/\d+/([^/,]+)/s3/aws4_request,")


class QuickLane:
    """Uploads to one bucket. Closed until the SDK has shown how, and for good as soon as something is not accepted."""

    def __init__(self, client: t.Any, bucket: str, uploads: int) -> None:
        self._client, self._bucket = client, bucket
        self._base = self._region = ""
        self._agent = ""
        self._is_open = uploads >= WORTH_IT
        self._learner = threading.Lock()

    def put(self, key: str, file: SiteFile) -> str | None:
        """Upload a file and return the version it got, if the bucket keeps versions."""
        if self._is_open and not self._base and self._learner.acquire(blocking=False):
            return self._learn(key, file)
        if self._is_open and self._base and file.size <= SENT_UNASKED:
            answer = self._send(key, file)
            if answer is not None:
                return api.real_version({"VersionId": answer.headers.get("x-amz-version-id")})
        return api.put_object(self._client, bucket=self._bucket, key=key, file=file)

    def _learn(self, key: str, file: SiteFile) -> str | None:
        """Let the SDK upload a file, and look at what it sends."""
        seen: list[t.Any] = []

        def look(request: t.Any, **dummy: t.Any) -> None:
            # Others upload through the same client meanwhile.
            if request.url.endswith("/" + _spelled(key)):
                seen.append(request)

        self._client.meta.events.register(BEFORE_SEND, look)
        try:
            version = api.put_object(self._client, bucket=self._bucket, key=key, file=file)
        finally:
            self._client.meta.events.unregister(BEFORE_SEND, look)
        signed = SIGNED.match(_text(seen[-1].headers.get("Authorization", ""))) if seen else None
        if signed is None:
            self._is_open = False
            return version
        request = seen[-1]
        self._region = signed[1]
        self._agent = _text(request.headers.get("User-Agent", ""))
        self._base = request.url.removesuffix(_spelled(key))
        return version

    def _send(self, key: str, file: SiteFile) -> t.Any:
        """Return the answer if the file was accepted."""
        try:
            credentials = self._client._request_signer._credentials.get_frozen_credentials()
            session = self._client._endpoint.http_session
            request = self._request(key, file)
            botocore.auth.S3SigV4Auth(credentials, "s3", self._region).add_auth(request)
            answer = session.send(request.prepare())
        # What is not public may be another in another version of botocore.
        except (AttributeError, botocore.exceptions.BotoCoreError):
            answer = None
        if answer is None or answer.status_code != 200:
            self._is_open = False
            return None
        return answer

    def _request(self, key: str, file: SiteFile) -> t.Any:
        headers = {
            "User-Agent": self._agent,
            "Content-Type": file.headers.content_type,
            "Cache-Control": file.headers.cache_control,
            "Content-MD5": base64.b64encode(bytes.fromhex(file.md5)).decode(),
            f"x-amz-meta-{api.SHA256_METADATA}": file.sha256,
        }
        if file.headers.content_encoding:
            headers["Content-Encoding"] = file.headers.content_encoding
        request = botocore.awsrequest.AWSRequest("PUT", self._base + _spelled(key), headers, file.location.read_bytes())
        request.context.update(client_config=self._client.meta.config, has_streaming_input=True)
        return request


def _spelled(key: str) -> str:
    return urllib.parse.quote(key, safe="/~")


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


__all__ = ("QuickLane",)
