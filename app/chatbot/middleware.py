"""What holds for every request: its id, its log line, the release that answers, and how large it may be."""

from __future__ import annotations

import logging
import re
import time
import uuid
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot import json_logs
from chatbot.problems import as_response, make_problem

_log = logging.getLogger("chatbot.access")
_HEALTH_PATHS = frozenset({"/health", "/api/health"})
_ACCEPTABLE_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:=-]{8,128}")


class RequestContext:
    """Outermost, so that what happens in all the rest is logged with the request's id and answered with it."""

    def __init__(self, app: ASGIApp, release_id: str | None) -> None:
        self._app = app
        self._release_id = release_id or "unknown"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        token = json_logs.request_id.set(request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers["X-Release-Id"] = self._release_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            logging.getLogger(__name__).exception("the request failed")
            if status:
                raise
            problem = make_problem(
                HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something went wrong here. It has been logged."
            )
            await as_response(problem)(scope, receive, send_with_headers)
        finally:
            _log_request(scope, status, time.perf_counter() - started)
            json_logs.request_id.reset(token)


class BodyLimit:
    """Reads the body before the application does, and never more of it than allowed."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        body = bytearray()
        more = announced.isdecimal() and int(announced) <= self._max_bytes
        too_large = not more
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            too_large = len(body) > self._max_bytes
            more = message.get("more_body", False) and not too_large
        if too_large:
            detail = f"The body is larger than {self._max_bytes} bytes."
            problem = make_problem(HTTPStatus(413), "body-too-large", detail)
            # The rest of the body is still on its way, so the connection cannot be used again.
            await as_response(problem, {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, _replay(bytes(body), receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _request_id(headers: Headers) -> str:
    """The caller's, or the load balancer's, or a new one. Anything odd is not repeated."""
    for name in ("x-request-id", "x-amzn-trace-id"):
        given = headers.get(name, "")
        if _ACCEPTABLE_REQUEST_ID.fullmatch(given):
            return given
    return uuid.uuid4().hex


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    # Probes come every few seconds and would bury the rest.
    quiet = scope["path"] in _HEALTH_PATHS and status < HTTPStatus.BAD_REQUEST
    _log.log(
        logging.DEBUG if quiet else logging.INFO,
        "request",
        extra={
            "method": scope["method"],
            "path": scope["path"],
            "status": status or None,
            "milliseconds": round(seconds * 1000, 1),
        },
    )
