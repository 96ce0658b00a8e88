"""What a session and a busy hour do to an answer."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.conftest import REGION, Connect
from tests.support.events import parse_events
from tests.support.scripted_server import ScriptedServer, after, completion, completion_stream

pytestmark = pytest.mark.anyio


def settings_for(model: ScriptedServer) -> dict[str, Any]:
    return {"llm_provider": "openai_compatible", "openai_base_url": model.url, "openai_model": "small"}


def said(model: ScriptedServer) -> list[str]:
    return [message["content"] for message in model.received[-1].body["messages"][1:]]


async def test_a_session_remembers_what_was_said(connect: Connect) -> None:
    with ScriptedServer(completion("Ada."), completion_stream("A ", "poet's."), completion("Yes.")) as model:
        async with connect(**settings_for(model)) as http:
            first = (await http.post("/api/chat", json={"message": "Name someone."})).json()
            session = first["session_id"]
            await http.post("/api/chat/stream", json={"message": "Whose daughter?", "session_id": session})
            await http.post("/api/chat", json={"message": "Sure?", "session_id": session})
            assert said(model) == ["Name someone.", "Ada.", "Whose daughter?", "A poet's.", "Sure?"]
            await http.post("/api/chat", json={"message": "And now?"})
            assert said(model) == ["And now?"]


async def test_new_sessions_cannot_be_guessed(connect: Connect) -> None:
    async with connect() as http:
        answers = [(await http.post("/api/chat", json={"message": "time"})).json() for _ in range(3)]
    ids = {answer["session_id"] for answer in answers}
    assert len(ids) == 3
    assert all(len(session) == 32 for session in ids)


async def test_a_broken_answer_is_not_remembered(connect: Connect) -> None:
    with ScriptedServer(completion_stream("half", done=False), completion("Whole.")) as model:
        async with connect(**settings_for(model)) as http:
            response = await http.post("/api/chat/stream", json={"message": "One?"})
            session = parse_events(response.text)[0][1]["session_id"]
            await http.post("/api/chat", json={"message": "Two?", "session_id": session})
            assert said(model) == ["Two?"]


@pytest.mark.usefixtures("ministack")
async def test_a_lost_table_costs_the_memory_and_not_the_answer(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    store = {"session_store": "dynamodb", "session_table": "absent", "aws_region": REGION}
    with ScriptedServer(completion("Still here.")) as model, caplog.at_level(logging.ERROR):
        async with connect(**settings_for(model), **store) as http:
            response = await http.post("/api/chat", json={"message": "Anyone?", "session_id": "session-0123456789"})
    assert response.json()["answer"] == "Still here."
    assert [record.message for record in caplog.records] == [
        "answering without the history of the session",
        "the answer is given but not remembered",
    ]


async def test_deterministic_answers_do_not_wait_for_the_model(connect: Connect) -> None:
    with ScriptedServer(after(1.0, completion("late"))) as model:
        async with connect(**settings_for(model), llm_max_concurrent=1) as http:
            slow = asyncio.create_task(http.post("/api/chat", json={"message": "Why?"}))
            await asyncio.sleep(0.2)
            quick = await http.post("/api/chat", json={"message": "What time is it?"})
            refused = await http.post("/api/chat", json={"message": "And why?"})
            assert not slow.done()
            assert quick.json()["source"] == "deterministic"
            assert (refused.status_code, refused.json()["code"]) == (503, "ai-busy")
            assert refused.headers["retry-after"] == "5"
            assert (await slow).json()["answer"] == "late"
            assert (await http.post("/api/chat", json={"message": "And now?"})).status_code == 200


async def test_a_deterministic_stream(connect: Connect) -> None:
    async with connect(release_id="r-42") as http:
        response = await http.post("/api/chat/stream", json={"message": "version"})
    events = parse_events(response.text)
    assert [name for name, _ in events] == ["start", "delta", "done"]
    assert events[0][1]["source"] == "deterministic"
    assert events[0][1]["release_id"] == "r-42"
    assert response.headers["x-accel-buffering"] == "no"
