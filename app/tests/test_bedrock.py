"""The Bedrock provider: against the emulator where it is true, and against the wire format for what it cannot say."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from tests.conftest import PROFILE, Connect
from tests.support.events import parse_events
from tests.support.scripted_server import (
    BEDROCK_END,
    Script,
    ScriptedServer,
    after,
    bedrock_answer,
    bedrock_error,
    bedrock_piece,
    bedrock_stream,
    frame,
)

pytestmark = pytest.mark.anyio
AwsAt = Callable[[str], dict[str, str]]
QUESTION = {"message": "Which river is the longest?"}
SETTINGS: dict[str, Any] = {"bedrock_inference_profile": PROFILE, "release_id": "r-42"}


async def asked(
    connect: Connect, aws_at: AwsAt, *scripts: Script, path: str = "/api/chat", **settings: Any
) -> tuple[httpx.Response, ScriptedServer]:
    with ScriptedServer(*scripts) as bedrock:
        variables = aws_at(bedrock.url)
        async with connect(**SETTINGS, aws_region=variables["AWS_REGION"], **settings) as http:
            return await http.post(path, json=QUESTION), bedrock


@pytest.mark.usefixtures("ministack")
async def test_an_answer_of_the_emulator(connect: Connect) -> None:
    async with connect(**SETTINGS) as http:
        response = await http.post("/api/chat", json=QUESTION)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["source"] == "ai"
    assert PROFILE in answer["answer"]
    assert answer["release_id"] == "r-42"


@pytest.mark.usefixtures("ministack")
async def test_a_stream_of_the_emulator_says_the_same(connect: Connect) -> None:
    async with connect(**SETTINGS) as http:
        whole = (await http.post("/api/chat", json=QUESTION)).json()["answer"]
        response = await http.post("/api/chat/stream", json=QUESTION)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    events = parse_events(response.text)
    assert events[0][0] == "start"
    assert events[0][1]["source"] == "ai"
    assert "".join(data["text"] for name, data in events if name == "delta") == whole
    assert events[-1] == ("done", {"characters": len(whole)})


async def test_what_is_asked_for(connect: Connect, aws_at: AwsAt) -> None:
    response, bedrock = await asked(connect, aws_at, bedrock_answer("The ", "Nile."), llm_max_tokens=123)
    assert response.json()["answer"] == "The Nile."
    [request] = bedrock.received
    assert unquote(request.path) == f"/model/{PROFILE}/converse"
    assert "/ap-northeast-1/bedrock/" in request.headers["authorization"]
    assert request.body["inferenceConfig"] == {"maxTokens": 123}
    assert request.body["messages"] == [{"role": "user", "content": [{"text": QUESTION["message"]}]}]
    assert request.body["system"][0]["text"]


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "ThrottlingException"), (429, "ModelNotReadyException"), (503, "ServiceUnavailableException")],
)
async def test_busy_is_tried_again_and_then_said(
    connect: Connect, aws_at: AwsAt, path: str, status: int, code: str
) -> None:
    refusal = bedrock_error(status, code, "Too many tokens, please wait.")
    response, bedrock = await asked(connect, aws_at, refusal, path=path, llm_max_attempts=2, retry_after_seconds=7)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "7"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "ai-busy"
    assert "tokens" not in response.text
    assert len(bedrock.received) == 2


async def test_bedrocks_own_retry_after_is_passed_on(connect: Connect, aws_at: AwsAt) -> None:
    refusal = bedrock_error(429, "ThrottlingException", "Slow down.", retry_after="30")
    response, _ = await asked(connect, aws_at, refusal, llm_max_attempts=1)
    assert response.headers["retry-after"] == "30"


async def test_one_throttle_is_not_noticed(connect: Connect, aws_at: AwsAt) -> None:
    response, bedrock = await asked(
        connect, aws_at, bedrock_error(429, "ThrottlingException", "Slow down."), bedrock_answer("The Nile.")
    )
    assert response.status_code == 200
    assert len(bedrock.received) == 2


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
async def test_a_denial_is_logged_and_not_told(
    connect: Connect, aws_at: AwsAt, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    reason = "User: arn:aws:sts::000000000000:assumed-role/task is not authorized to perform: bedrock:InvokeModel"
    with caplog.at_level(logging.ERROR):
        response, bedrock = await asked(connect, aws_at, bedrock_error(403, "AccessDeniedException", reason), path=path)
    assert response.status_code == 502
    assert response.json()["code"] == "ai-failed"
    assert "arn:" not in response.text
    assert "retry-after" not in response.headers
    assert len(bedrock.received) == 1
    assert any("bedrock:InvokeModel" in getattr(record, "reason", "") for record in caplog.records)


@pytest.mark.parametrize(
    "script",
    [
        bedrock_error(400, "ValidationException", "on-demand throughput isn't supported"),
        bedrock_error(404, "ResourceNotFoundException", "no such profile"),
        bedrock_answer("", stop_reason="guardrail_intervened"),
        bedrock_answer(),
    ],
)
async def test_other_failures_are_502(connect: Connect, aws_at: AwsAt, script: Script) -> None:
    response, _ = await asked(connect, aws_at, script)
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")


async def test_nobody_there_is_502(connect: Connect, aws_at: AwsAt) -> None:
    variables = aws_at("http://127.0.0.1:18199")
    async with connect(**SETTINGS, aws_region=variables["AWS_REGION"], llm_max_attempts=1) as http:
        response = await http.post("/api/chat", json=QUESTION)
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")
    assert "18199" not in response.text


async def test_without_a_region_it_is_a_failure_and_not_a_crash(connect: Connect) -> None:
    async with connect(**SETTINGS) as http:
        response = await http.post("/api/chat", json=QUESTION)
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")


async def test_a_late_answer_is_not_waited_for(connect: Connect, aws_at: AwsAt) -> None:
    began = time.monotonic()
    response, _ = await asked(connect, aws_at, after(8, bedrock_answer("late")), llm_answer_seconds=1)
    assert (response.status_code, response.json()["code"]) == (502, "ai-timeout")
    assert time.monotonic() - began < 6


async def test_a_silent_connection_is_not_waited_for(connect: Connect, aws_at: AwsAt) -> None:
    response, _ = await asked(
        connect, aws_at, after(3, bedrock_answer("late")), llm_read_seconds=0.3, llm_max_attempts=1
    )
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
async def test_without_a_profile_it_says_so(connect: Connect, path: str) -> None:
    async with connect() as http:
        response = await http.post(path, json=QUESTION)
    assert (response.status_code, response.json()["code"]) == (503, "ai-not-configured")


@pytest.mark.parametrize(
    ("last", "code", "retry_after"),
    [
        (frame("throttlingException", {"message": "secret"}, message_type="exception"), "ai-busy", 5),
        (frame("modelStreamErrorException", {"message": "secret"}, message_type="exception"), "ai-failed", None),
        (b"", "ai-failed", None),
        (bedrock_piece("Nile."), "ai-failed", None),
        (bedrock_piece("half")[:20], "ai-failed", None),
        (b"\x00" * 40, "ai-failed", None),
    ],
    ids=["throttled", "broken", "cut", "ended too early", "cut inside a message", "garbage"],
)
async def test_a_stream_that_breaks_ends_with_an_error_event(
    connect: Connect, aws_at: AwsAt, last: bytes, code: str, retry_after: int | None
) -> None:
    response, _ = await asked(connect, aws_at, bedrock_stream(bedrock_piece("The "), last), path="/api/chat/stream")
    assert response.status_code == 200
    events = parse_events(response.text)
    assert [name for name, _ in events if name != "delta"] == ["start", "error"]
    problem = events[-1][1]
    assert problem["code"] == code
    assert problem.get("retry_after") == retry_after
    assert problem["request_id"] == response.headers["x-request-id"]
    assert "secret" not in json.dumps(problem)


async def test_a_stream_without_words_is_a_failure(connect: Connect, aws_at: AwsAt) -> None:
    response, _ = await asked(connect, aws_at, bedrock_stream(BEDROCK_END), path="/api/chat/stream")
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")


async def test_a_stream_that_takes_too_long_is_ended(connect: Connect, aws_at: AwsAt) -> None:
    endless = bedrock_stream(bedrock_piece("and "), pause=0.1, for_ever=True)
    response, _ = await asked(connect, aws_at, endless, path="/api/chat/stream", llm_stream_seconds=3)
    events = parse_events(response.text)
    assert events[-1][0] == "error"
    assert events[-1][1]["code"] == "ai-timeout"
