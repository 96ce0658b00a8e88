from __future__ import annotations

import json
import logging
from pathlib import Path

import httpx
import pytest
from chatbot import json_logs
from chatbot.json_logs import JsonFormatter

from tests.conftest import Connect
from tests.support.processes import server
from tests.support.waiting import wait_until


def record(message: str, **extra: object) -> logging.LogRecord:
    return logging.getLogger("test").makeRecord("test", logging.INFO, __file__, 1, message, (), None, extra=extra)


def test_a_line_is_one_json_object_whatever_is_in_it() -> None:
    line = JsonFormatter("r-42").format(record('two\nlines "and" 日本語', reason={"a": Path("/b")}))
    assert "\n" not in line
    entry = json.loads(line)
    assert entry["message"] == 'two\nlines "and" 日本語'
    assert entry["release_id"] == "r-42"
    assert entry["level"] == "INFO"
    assert entry["reason"] == {"a": "/b"}


def test_a_line_carries_the_id_of_its_request() -> None:
    token = json_logs.request_id.set("req-12345678")
    try:
        assert json.loads(JsonFormatter(None).format(record("x")))["request_id"] == "req-12345678"
    finally:
        json_logs.request_id.reset(token)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-Id": "abcdef-1234"}, "abcdef-1234"),
        (
            {"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678"},
            "Root=1-67891233-abcdef012345678912345678",
        ),
        ({"X-Request-Id": "short"}, None),
        ({"X-Request-Id": "a" * 129}, None),
        ({"X-Request-Id": 'a"b{}<script>'}, None),
    ],
)
async def test_a_request_keeps_a_reasonable_id(connect: Connect, headers: dict[str, str], expected: str | None) -> None:
    async with connect() as http:
        response = await http.get("/health", headers=headers)
    given = response.headers["x-request-id"]
    assert given == expected if expected else given not in headers.values()


def test_a_process_logs_requests_but_neither_questions_nor_probes(tmp_path: Path) -> None:
    with server(tmp_path, RELEASE_ID="r-42") as it:
        response = httpx.post(f"{it.url}/api/chat", json={"message": "what time is it please"})
        wait_until(lambda: it.has_logged("request"), "the request is logged")
        lines = it.text().splitlines()
    entries = [json.loads(line) for line in lines]
    requests = [entry for entry in entries if entry["message"] == "request"]
    assert [(entry["method"], entry["path"], entry["status"]) for entry in requests] == [("POST", "/api/chat", 200)]
    assert requests[0]["request_id"] == response.headers["x-request-id"]
    assert {entry["release_id"] for entry in entries} == {"r-42"}
    assert "what time" not in it.text()
