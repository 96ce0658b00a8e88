"""An answer as server-sent events, which ends in order whoever ends it: the model, the client, or the server."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chatbot.drain import Drain
from chatbot.problems import Problem, ProblemError, as_response, make_problem

_log = logging.getLogger(__name__)

# Load balancers and CDNs close what is silent for long.
_HEARTBEAT_SECONDS = 10.0
_HEARTBEAT = b": still here\n\n"


class EventStreamResponse(Response):
    """Sends each item as the event that its type is named for.

    The status line waits for the first item, so a refusal is a proper error response. Later failures can only be an
    `error` event. Response headers cannot be used on a stream that has begun, so its problem carries `retry_after`.
    """

    media_type = "text/event-stream"

    def __init__(self, items: AsyncGenerator[BaseModel], names: Mapping[type[BaseModel], str], drain: Drain) -> None:
        # X-Accel-Buffering: nginx would otherwise collect the pieces.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._items = items
        self._names: dict[type[BaseModel], str] = {**names, Problem: "error"}
        self._drain = drain
        self._begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = asyncio.create_task(_client_left(receive))
        must_end = asyncio.create_task(self._drain.streams_must_end())
        try:
            problem = await self._send_items(send, left, must_end)
            if problem is None:
                return
            if self._begun:
                await self._send_item(send, problem)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await as_response(problem)(scope, receive, send)
        finally:
            left.cancel()
            must_end.cancel()
            await self._items.aclose()

    async def _send_items(self, send: Send, left: asyncio.Task[None], must_end: asyncio.Task[None]) -> Problem | None:
        """Everything up to the end, or the problem that ended it early."""
        while True:
            upcoming = asyncio.ensure_future(anext(self._items, None))
            try:
                while not upcoming.done():
                    await asyncio.wait(
                        {upcoming, left, must_end}, timeout=_HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                    )
                    if left.done():
                        _log.info("the client left before the answer was complete")
                        return None
                    if upcoming.done():
                        break
                    if must_end.done():
                        return _server_stops()
                    if self._begun:
                        await send({"type": "http.response.body", "body": _HEARTBEAT, "more_body": True})
                item = upcoming.result()
            except ProblemError as error:
                return error.as_problem()
            except Exception:
                if not self._begun:
                    raise
                _log.exception("the stream broke")
                return make_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The answer broke off.")
            finally:
                await _cancelled(upcoming)
            if item is None:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return None
            await self._send_item(send, item)

    async def _send_item(self, send: Send, item: BaseModel) -> None:
        if not self._begun:
            self._begun = True
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        data = json.dumps(item.model_dump(exclude_none=isinstance(item, Problem)), ensure_ascii=False)
        body = f"event: {self._names[type(item)]}\ndata: {data}\n\n".encode()
        await send({"type": "http.response.body", "body": body, "more_body": True})


def _server_stops() -> Problem:
    detail = "This server is being replaced. Please ask again."
    return make_problem(HTTPStatus.SERVICE_UNAVAILABLE, "server-stops", detail, retry_after=1)


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancelled(task: asyncio.Future[BaseModel | None]) -> None:
    """A generator can only be closed when nothing is inside it any more."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
