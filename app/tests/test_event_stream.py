from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from chatbot import event_stream
from chatbot.drain import Drain
from chatbot.schemas import StreamDelta
from pydantic import BaseModel
from starlette.types import Message

from tests.support.events import parse_events

pytestmark = pytest.mark.anyio


async def sent_by(items: AsyncGenerator[BaseModel]) -> str:
    sent: list[bytes] = []

    async def receive() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    response = event_stream.EventStreamResponse(items, {StreamDelta: "delta"}, Drain(10))
    await response({"type": "http"}, receive, send)
    return b"".join(sent).decode()


async def test_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_HEARTBEAT_SECONDS", 0.1)

    async def items() -> AsyncGenerator[BaseModel]:
        yield StreamDelta(text="a")
        await asyncio.sleep(0.25)
        yield StreamDelta(text="b")

    text = await sent_by(items())
    assert text.count(": still here") == 2
    assert [name for name, _ in parse_events(text)] == ["delta", "delta"]


async def test_a_fault_of_our_own_ends_the_stream_with_an_event() -> None:
    async def items() -> AsyncGenerator[BaseModel]:
        yield StreamDelta(text="a")
        raise RuntimeError("secret")

    text = await sent_by(items())
    assert [name for name, _ in parse_events(text)] == ["delta", "error"]
    assert parse_events(text)[1][1]["code"] == "internal"
    assert "secret" not in text


async def test_line_breaks_in_an_answer_do_not_break_the_format() -> None:
    async def items() -> AsyncGenerator[BaseModel]:
        yield StreamDelta(text="one\n\nevent: done\r\n\u2028two")

    assert parse_events(await sent_by(items())) == [("delta", {"text": "one\n\nevent: done\r\n\u2028two"})]
