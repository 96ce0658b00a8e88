"""What the API refuses, and how."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.conftest import Connect

pytestmark = pytest.mark.anyio
PATHS = ["/api/chat", "/api/chat/stream"]


def problem_of(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:chatbot:problem:{code}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": " \n\t "}, "message"),
        ({"message": 42}, "message"),
        ({"message": None}, "message"),
        ({"message": "a\x00b"}, "message"),
        ({"message": "a\x1b[31mb"}, "message"),
        ({"message": "a\x85b"}, "message"),
        ({"message": "\ud800"}, "message"),
        ({"message": "x" * 101}, "message"),
        ({"message": "time", "session_id": "short"}, "session_id"),
        ({"message": "time", "session_id": "a" * 65}, "session_id"),
        ({"message": "time", "session_id": "../../../../etc/passwd"}, "session_id"),
        ({"message": "time", "temperature": 2}, "temperature"),
        (["time"], "body"),
        ("time", "body"),
        (None, "body"),
    ],
)
async def test_wrong_fields_are_named(connect: Connect, path: str, body: Any, field: str) -> None:
    async with connect(max_message_characters=100) as http:
        response = await http.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    problem = problem_of(response, 422, "invalid-request")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert field in problem["detail"]


async def test_a_refused_value_is_not_sent_back(connect: Connect) -> None:
    async with connect() as http:
        response = await http.post("/api/chat", json={"message": "my password is hunter2\x00", "hunter2": "hunter2"})
    problem = problem_of(response, 422, "invalid-request")
    assert "password" not in json.dumps(problem)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("content", [b"{", b"", b'{"message": "time"', b"\xff\xfe"])
async def test_what_is_not_json_is_said_to_be_so(connect: Connect, path: str, content: bytes) -> None:
    async with connect() as http:
        response = await http.post(path, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


async def test_broken_json_is_400(connect: Connect) -> None:
    async with connect() as http:
        response = await http.post("/api/chat", content=b"{", headers={"Content-Type": "application/json"})
    problem_of(response, 400, "invalid-json")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
async def test_other_media_types_are_refused(connect: Connect, media_type: str) -> None:
    async with connect() as http:
        headers = {"Content-Type": media_type} if media_type else {}
        response = await http.post("/api/chat", content=b'{"message": "time"}', headers=headers)
    problem_of(response, 415, "not-json")


async def test_a_media_type_may_have_parameters(connect: Connect) -> None:
    async with connect() as http:
        headers = {"Content-Type": "Application/JSON; charset=utf-8"}
        response = await http.post("/api/chat", content=b'{"message": "time"}', headers=headers)
    assert response.status_code == 200


async def test_a_body_that_says_it_is_too_large_is_not_read(connect: Connect) -> None:
    async with connect(max_body_bytes=300) as http:
        response = await http.post("/api/chat", json={"message": "x" * 300})
    problem_of(response, 413, "body-too-large")
    assert response.headers["connection"] == "close"


async def test_a_body_of_unknown_length_is_cut_off(connect: Connect) -> None:
    given = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(1000):
            given += 100
            yield b"x" * 100

    async with connect(max_body_bytes=300) as http:
        response = await http.post("/api/chat", content=chunks(), headers={"Content-Type": "application/json"})
    problem_of(response, 413, "body-too-large")
    assert given <= 500


async def test_the_longest_message_fits_in_the_longest_body(connect: Connect) -> None:
    async with connect() as http:
        message = "\U0001f6a2" * 4000  # escaped in JSON, this is twelve bytes for one character
        body = json.dumps({"message": message}).encode()
        response = await http.post("/api/chat", content=body, headers={"Content-Type": "application/json"})
    problem_of(response, 503, "ai-not-configured")


async def test_unknown_paths_and_methods_are_problems_too(connect: Connect) -> None:
    async with connect() as http:
        problem_of(await http.get("/api/nothing"), 404, "not-found")
        response = await http.get("/api/chat")
    problem_of(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


async def test_an_error_of_our_own_leaks_nothing(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connect(release_id="r-42") as http:
        monkeypatch.setattr(http.app.state, "conversation", None)  # type: ignore[attr-defined]
        response = await http.post("/api/chat", json={"message": "time"})
    problem = problem_of(response, 500, "internal")
    assert "NoneType" not in json.dumps(problem)
    assert response.headers["x-release-id"] == "r-42"


async def test_line_breaks_and_tabs_are_no_control_characters_to_refuse(connect: Connect) -> None:
    async with connect() as http:
        response = await http.post("/api/chat", json={"message": "what time\r\n\tis it?"})
    assert response.json()["source"] == "deterministic"
