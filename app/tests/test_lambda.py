"""The same application as a function: ``main.lambda_handler``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.processes import APP, clean_environment

BODY = json.dumps({"message": "Which release are you?"})
HEADERS = {"content-type": "application/json", "host": "chat.example"}

REST_API = {
    "resource": "/{proxy+}",
    "path": "/api/chat",
    "httpMethod": "POST",
    "headers": HEADERS,
    "multiValueHeaders": {name: [value] for name, value in HEADERS.items()},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "requestContext": {"identity": {"sourceIp": "203.0.113.1"}, "path": "/prod/api/chat", "stage": "prod"},
    "body": BODY,
    "isBase64Encoded": False,
}
HTTP_API = {
    "version": "2.0",
    "rawPath": "/api/chat",
    "rawQueryString": "",
    "headers": HEADERS,
    "requestContext": {"http": {"method": "POST", "path": "/api/chat", "sourceIp": "203.0.113.1"}, "stage": "$default"},
    "body": BODY,
    "isBase64Encoded": False,
}
LOAD_BALANCER = {
    "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:::targetgroup/chat/0"}},
    "httpMethod": "POST",
    "path": "/api/chat",
    "queryStringParameters": {},
    "headers": HEADERS,
    "body": BODY,
    "isBase64Encoded": False,
}

# A process of its own for each, as a function has: the first event, a second one, and a stream.
PROGRAM = """
import json, sys
import main
event = json.loads(sys.stdin.read())
stream = json.loads(json.dumps(event).replace("/api/chat", "/api/chat/stream"))
print(json.dumps([main.lambda_handler(item, None) for item in (event, event, stream)]))
"""


def invoke(event: dict[str, Any]) -> list[dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=APP,
        env=clean_environment(RELEASE_ID="r-42"),
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    answers: list[dict[str, Any]] = json.loads(ended.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("event", [REST_API, HTTP_API, LOAD_BALANCER], ids=["REST API", "HTTP API", "load balancer"])
def test_it_answers_events(event: dict[str, Any]) -> None:
    for answer in (answers := invoke(event))[:2]:
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["answer"] == "This is release r-42, built from commit unknown."
    assert answers[2]["statusCode"] == 200
    assert "event: done" in answers[2]["body"]
