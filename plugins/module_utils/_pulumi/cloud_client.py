# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""One service of Pulumi's, spoken to over HTTP: who we are there, how patient we are, and what its refusals mean."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import functools
import http.client
import json
import os
import re
import ssl
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import MAXIMUM_SIZE
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import load_json
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendError,
    CheckpointError,
    StackNotFoundError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import CHUNK

# The version of the API in which lists of stacks come in pages, and answers have the shapes read here.
ACCEPT = "application/vnd.pulumi+8"
AGENT = "slipway.aws (Ansible collection)"
# Waiting for the next byte, and for all of an answer.
SILENCE = 60.0
LONGEST = 900.0
# Everything but states is small; a page of stacks, or a batch of secrets, is not.
MAXIMUM_ANSWER = 64 * 1024 * 1024
MAXIMUM_COMPLAINT = 4096
BUSY = 429
AGAIN_LATER = frozenset({BUSY, 502, 503, 504})
# Control characters of a terminal, and line ends, have no place in a sentence.
UNPRINTABLE = re.compile(r"[^ -~\u00a0-\uffff]+")

Query = t.Mapping[str, t.Optional[str]]  # noqa: UP045 - pylint takes this union for an operation


@dataclasses.dataclass(frozen=True)
class Patience:
    """How often a call is tried, and how long it is waited for between, in seconds and in all."""

    attempts: int = 5
    pause: float = 0.5
    in_all: float = 60.0
    sleep: t.Callable[[float], None] = time.sleep


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected request would carry the token along, to wherever the answer says: none is followed."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: t.Any,
        code: int,
        msg: str,
        headers: t.Any,
        newurl: str,  # noqa: ARG002 - the library's
    ) -> None:
        raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)


class Client:
    """Calls one service in one user's name."""

    def __init__(self, url: str, token: str, *, insecure: bool = False, patience: Patience | None = None) -> None:
        self.url = url
        self._token = token
        self._patience = patience or Patience()
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if url.startswith("https:"):
            trust = _trust(insecure, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
            handlers.append(urllib.request.HTTPSHandler(context=trust))
        self._opener = urllib.request.build_opener(*handlers)

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def get(self, path: str, query: Query) -> t.Any:
        """Ask for something small."""
        asked = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        return self._whole(self._request(path + (f"?{asked}" if asked else "")))

    def post(self, path: str, body: t.Any) -> t.Any:
        """Ask for something whose question does not fit into a URL; nothing that is asked here changes anything."""
        request = self._request(path, json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        return self._whole(request)

    def stream(self, path: str) -> t.Iterator[bytes]:
        """Ask for something large, and return it in pieces, compressed or not."""
        request = self._request(path)
        request.add_header("Accept-Encoding", "gzip")
        return self._pieces(self._patiently(lambda: self._open(request)), MAXIMUM_SIZE)

    def misunderstood(self, reason: str) -> BackendError:
        """Return the error for an answer that is none."""
        return BackendError(
            f"What {self.url} answers is not what Pulumi Cloud would: {reason}.",
            hint="Correct the backend URL: it is the address of the API, such as https://api.pulumi.com.",
        )

    def _request(self, path: str, body: bytes | None = None) -> urllib.request.Request:
        headers = {"Accept": ACCEPT, "User-Agent": AGENT}
        request = urllib.request.Request(  # noqa: S310 - parse_backend_url lets nothing but http and https through
            self.url + path, data=body, headers=headers
        )
        # Where the request passes a proxy, this stays with the service it is for.
        request.add_unredirected_header("Authorization", f"token {self._token}")
        return request

    def _whole(self, request: urllib.request.Request) -> t.Any:
        content = self._patiently(lambda: self._read(request))
        try:
            return load_json(content, f"What {self.url} answers")
        except CheckpointError as error:
            raise self.misunderstood(error.message.rpartition(": ")[2].rstrip(".")) from None

    def _read(self, request: urllib.request.Request) -> bytes:
        try:
            return b"".join(self._pieces(self._open(request), MAXIMUM_ANSWER))
        except CheckpointError:
            raise self.misunderstood(f"it has more than {MAXIMUM_ANSWER} bytes") from None

    def _open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        try:
            answer: http.client.HTTPResponse = self._opener.open(request, timeout=SILENCE)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        return answer

    def _pieces(self, answer: http.client.HTTPResponse, maximum: int) -> t.Iterator[bytes]:
        declared = answer.length
        if declared is not None and declared > maximum:
            answer.close()
            raise CheckpointError(f"{self.url} wants to send {declared} bytes, more than the {maximum} we read.")
        size = 0
        end = time.monotonic() + LONGEST
        with answer:
            while size != declared and (piece := self._piece(answer, size)):
                size += len(piece)
                if size > maximum:
                    raise CheckpointError(f"{self.url} sends more than the {maximum} bytes we read.")
                if time.monotonic() > end:
                    raise BackendError(f"{self.url} was not done sending after {LONGEST:.0f} seconds.")
                yield piece
        if declared is not None and size < declared:
            raise self._broken_off(size)

    def _piece(self, answer: http.client.HTTPResponse, size: int) -> bytes:
        try:
            return answer.read1(CHUNK)
        except (OSError, http.client.HTTPException):
            raise self._broken_off(size) from None

    def _broken_off(self, size: int) -> BackendError:
        return _TryAgainError(f"The connection to {self.url} broke off after {size} bytes of an answer.")

    def _patiently(self, call: t.Callable[[], t.Any]) -> t.Any:
        """Call until it works, as long as patience lasts. What was asked changes nothing, so it may be asked again."""
        patience = self._patience
        waited = 0.0
        for attempt in range(1, patience.attempts + 1):
            try:
                return call()
            except _TryAgainError as error:
                pause = max(patience.pause * 2 ** (attempt - 1), error.after or 0.0)
                if attempt == patience.attempts or waited + pause > patience.in_all:
                    raise error.given_up(attempt) from None
            patience.sleep(pause)
            waited += pause
        raise BackendError(f"{self.url} was not asked at all.")

    def _refused(self, error: urllib.error.HTTPError) -> BackendError | StackNotFoundError:
        status = error.code
        said = self._complaint(error)
        details = {"http_status": status}
        if status in AGAIN_LATER:
            return _TryAgainError(f"{self.url} refuses for now (HTTP {status}{said}).", after=_asked_to_wait(error))
        if status in (401, 403):
            return BackendDeniedError(
                f"{self.url} does not let us in (HTTP {status}{said}).",
                hint="Set PULUMI_ACCESS_TOKEN to a token that is valid there, or run pulumi login."
                if status == 401
                else "The token of PULUMI_ACCESS_TOKEN, or of pulumi login, has to be allowed to read this stack.",
                details=details,
            )
        if status == 404:
            return StackNotFoundError(f"{self.url} has no such thing (HTTP 404{said}).", details=details)
        if 300 <= status < 400:
            return BackendError(
                f"{self.url} sends us elsewhere (HTTP {status}), where the access token must not follow.",
                hint="Correct the backend URL: it is the address of the API, such as https://api.pulumi.com.",
                details=details,
            )
        return BackendError(f"{self.url} cannot answer (HTTP {status}{said}).", details=details)

    def _complaint(self, error: urllib.error.HTTPError) -> str:
        """Return what the service says of its refusal, in one short line without the token."""
        try:
            content = load_json(error.read(MAXIMUM_COMPLAINT), "")
        except (OSError, http.client.HTTPException, CheckpointError):
            return ""
        message = content.get("message") if isinstance(content, dict) else None
        if not isinstance(message, str) or not message.strip():
            return ""
        return ": " + UNPRINTABLE.sub(" ", message.replace(self._token, "***")).strip()[:200].rstrip(".")

    def _unreachable(self, error: OSError | http.client.HTTPException) -> BackendError:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)):
            return _TryAgainError(f"{self.url} ended the connection.")
        if isinstance(reason, ssl.SSLCertVerificationError):
            return BackendError(
                f"{self.url} cannot prove that it is who it says: {reason.verify_message}.",
                hint="Name the certificates to trust in SSL_CERT_FILE.",
            )
        if isinstance(reason, TimeoutError):
            return BackendError(f"{self.url} did not answer within {SILENCE:.0f} seconds.")
        if isinstance(reason, http.client.HTTPException):
            return self.misunderstood("it is not HTTP")
        why = getattr(reason, "strerror", None) or str(reason)
        return BackendError(f"{self.url} cannot be reached: {why}.", hint="Correct the backend URL, or the proxy.")


# Reading all the certificates there are takes a while, and there may be a client for each of hundreds of stacks.
@functools.lru_cache(maxsize=8)
def _trust(insecure: bool, *dummy: str | None) -> ssl.SSLContext:
    """Say whom to believe; the library itself reads the variables that name certificates."""
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _TryAgainError(BackendError):
    """What may go better the next time; C(after) is how many seconds the service wants to be left alone."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after

    def given_up(self, attempts: int) -> BackendError:
        """Return the error for somebody who is not to try again."""
        tried = f" It was asked {attempts} time(s)." if attempts > 1 else ""
        if self.after is None:
            return BackendError(self.message + tried, hint="Try again later.")
        return BackendError(
            f"{self.message}{tried} It wants to be left alone for {self.after:.0f} seconds.",
            hint="Try again then, with fewer stacks at a time.",
            details={"retry_after": round(self.after)},
        )


def _asked_to_wait(error: urllib.error.HTTPError) -> float | None:
    """Return what the header Retry-After says, in seconds: it may be a number or a date."""
    text = (error.headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=datetime.UTC)
    return max(0.0, (until - datetime.datetime.now(datetime.UTC)).total_seconds())


__all__ = ("Client", "Patience", "Query")
