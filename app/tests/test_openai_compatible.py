"""The OpenAI-compatible provider against a real HTTP server, with its key from the emulator's secret stores."""

from __future__ import annotations

import json
import logging
from typing import Any

import boto3
import httpx
import pytest

from tests.conftest import REGION, Connect
from tests.support.events import parse_events
from tests.support.scripted_server import (
    Script,
    ScriptedServer,
    after,
    completion,
    completion_piece,
    completion_stream,
    respond,
    stream,
)

pytestmark = pytest.mark.anyio
QUESTION = {"message": "Which river is the longest?"}
KEY = "sk-very-secret-key"


async def asked(
    connect: Connect, *scripts: Script, path: str = "/api/chat", **settings: Any
) -> tuple[httpx.Response, ScriptedServer]:
    with ScriptedServer(*scripts) as model:
        async with connect(
            llm_provider="openai_compatible", openai_base_url=f"{model.url}/v1/", openai_model="small", **settings
        ) as http:
            return await http.post(path, json=QUESTION), model


async def test_what_is_asked_for(connect: Connect) -> None:
    response, model = await asked(connect, completion("The Nile."), llm_max_tokens=99)
    assert response.json()["answer"] == "The Nile."
    assert response.json()["source"] == "ai"
    [request] = model.received
    assert request.path == "/v1/chat/completions"
    assert request.body["model"] == "small"
    assert request.body["max_tokens"] == 99
    assert request.body["stream"] is False
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]
    assert "authorization" not in request.headers


async def test_a_stream(connect: Connect) -> None:
    usage = b'data: {"choices": [], "usage": {}}\n\n'
    script = stream(
        "text/event-stream",
        [b": hello\n\n", completion_piece("The "), completion_piece("Nile."), usage, b"data: [DONE]\n\n"],
    )
    response, model = await asked(connect, script, path="/api/chat/stream")
    events = parse_events(response.text)
    assert [data["text"] for name, data in events if name == "delta"] == ["The ", "Nile."]
    assert events[-1] == ("done", {"characters": 9})
    assert model.received[0].body["stream"] is True


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
@pytest.mark.parametrize("status", [429, 503])
async def test_busy_is_tried_again_and_then_said(connect: Connect, path: str, status: int) -> None:
    script = respond(status, {"error": {"message": "slow down"}}, retry_after="1")
    response, model = await asked(connect, script, path=path, llm_max_attempts=2)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["code"] == "ai-busy"
    assert len(model.received) == 2


async def test_one_failure_is_not_noticed(connect: Connect) -> None:
    response, model = await asked(connect, respond(500, {}), completion("The Nile."))
    assert response.status_code == 200
    assert len(model.received) == 2


@pytest.mark.parametrize(
    "script",
    [
        respond(400, {"error": {"message": f"bad key {KEY}"}}),
        respond(404, b"nothing here"),
        respond(200, b"<html>"),
        respond(200, {"choices": []}),
        respond(200, []),
        completion(None),
        completion(" "),
        completion(["x"]),
    ],
)
async def test_failures_are_502(connect: Connect, script: Script, caplog: pytest.LogCaptureFixture) -> None:
    response, model = await asked(connect, script)
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")
    assert len(model.received) == 1
    assert KEY not in response.text + caplog.text


async def test_a_slow_answer_is_502(connect: Connect) -> None:
    response, model = await asked(connect, after(2, completion("late")), llm_read_seconds=0.3)
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")
    assert len(model.received) == 1


async def test_nobody_there_is_502(connect: Connect) -> None:
    settings = {"openai_base_url": "http://127.0.0.1:18199", "openai_model": "small", "llm_max_attempts": 1}
    async with connect(llm_provider="openai_compatible", **settings) as http:
        response = await http.post("/api/chat", json=QUESTION)
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")


@pytest.mark.parametrize("settings", [{}, {"openai_base_url": "http://127.0.0.1:18199"}, {"openai_model": "small"}])
async def test_without_address_or_model_it_says_so(connect: Connect, settings: dict[str, str]) -> None:
    async with connect(llm_provider="openai_compatible", **settings) as http:
        response = await http.post("/api/chat", json=QUESTION)
    assert (response.status_code, response.json()["code"]) == (503, "ai-not-configured")


@pytest.mark.parametrize(
    "script",
    [
        completion_stream("The ", done=False),
        stream("text/event-stream", [completion_piece("The "), b""]),
        stream("text/event-stream", [completion_piece("The "), b"data: {oops\n\n"]),
        stream("text/event-stream", [completion_piece("The "), b'data: {"error": {"message": "secret"}}\n\n']),
        stream("text/event-stream", [completion_piece("The "), b"data: []\n\n"]),
    ],
    ids=["ended too early", "cut", "garbage", "error", "wrong shape"],
)
async def test_a_stream_that_breaks_ends_with_an_error_event(connect: Connect, script: Script) -> None:
    response, _ = await asked(connect, script, path="/api/chat/stream")
    events = parse_events(response.text)
    assert [name for name, _ in events] == ["start", "delta", "error"]
    assert events[-1][1]["code"] == "ai-failed"
    assert "secret" not in response.text


@pytest.mark.usefixtures("ministack")
@pytest.mark.parametrize("place", ["secretsmanager", "secretsmanager with a key", "ssm"])
async def test_the_key_is_read_by_name(connect: Connect, place: str, caplog: pytest.LogCaptureFixture) -> None:
    name = f"chatbot/{place.replace(' ', '-')}"
    if place == "ssm":
        name = f"/{name}"
        boto3.client("ssm", region_name=REGION).put_parameter(Name=name, Value=KEY, Type="String")
        reference = f"ssm:{name}"
    else:
        value = json.dumps({"openai": KEY, "other": "x"}) if place.endswith("key") else KEY
        boto3.client("secretsmanager", region_name=REGION).create_secret(Name=name, SecretString=value)
        reference = f"secretsmanager:{name}" + ("#openai" if place.endswith("key") else "")
    with caplog.at_level(logging.DEBUG, logger="chatbot"):
        response, model = await asked(connect, completion("Yes."), aws_region=REGION, openai_api_key_from=reference)
    assert response.status_code == 200, response.text
    assert model.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text


@pytest.mark.usefixtures("ministack")
async def test_a_rotated_key_is_read_again_once(connect: Connect) -> None:
    secrets = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="chatbot/rotated", SecretString="old")
    with ScriptedServer(completion("One."), respond(401, {}), completion("Two."), respond(401, {})) as model:
        async with connect(
            llm_provider="openai_compatible",
            openai_base_url=model.url,
            openai_model="small",
            aws_region=REGION,
            openai_api_key_from="secretsmanager:chatbot/rotated",
        ) as http:
            first = await http.post("/api/chat", json=QUESTION)
            secrets.put_secret_value(SecretId="chatbot/rotated", SecretString="new")
            second = await http.post("/api/chat", json=QUESTION)
            third = await http.post("/api/chat", json=QUESTION)
    keys = [request.headers["authorization"].removeprefix("Bearer ") for request in model.received]
    assert (first.status_code, second.status_code) == (200, 200)
    assert keys == ["old", "old", "new", "new", "new"]
    assert (third.status_code, third.json()["code"]) == (502, "ai-failed")


@pytest.mark.usefixtures("ministack")
@pytest.mark.parametrize(
    "reference",
    ["secretsmanager:chatbot/absent", "ssm:/chatbot/absent", "secretsmanager:chatbot/plain#key"],
)
async def test_a_key_that_cannot_be_read_is_502(
    connect: Connect, reference: str, caplog: pytest.LogCaptureFixture
) -> None:
    if "plain" in reference:
        boto3.client("secretsmanager", region_name=REGION).create_secret(Name="chatbot/plain", SecretString=KEY)
    response, model = await asked(connect, completion("?"), aws_region=REGION, openai_api_key_from=reference)
    assert (response.status_code, response.json()["code"]) == (502, "ai-failed")
    assert "chatbot/" not in response.text
    assert model.received == []
    assert any(reference.split("#")[0] in getattr(record, "reason", "") for record in caplog.records)
    assert KEY not in caplog.text + "".join(str(vars(record)) for record in caplog.records)
