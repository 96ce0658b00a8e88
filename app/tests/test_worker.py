"""The worker as a real process, with a real queue and table of the emulator."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import PROFILE
from tests.support.processes import APP, Running, clean_environment, running
from tests.support.scripted_server import ScriptedServer, after, completion, respond
from tests.support.waiting import wait_until

SESSION = "session-0123456789"


class Cloud:
    """A queue with a dead-letter queue, and a session table."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        region = environment["AWS_REGION"]
        name = f"worker-{uuid.uuid4().hex[:8]}"
        self.table = name
        self.sqs = boto3.client("sqs", region_name=region)
        self.dynamodb = boto3.client("dynamodb", region_name=region)
        self.dead = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
        attributes = {"VisibilityTimeout": "1", "RedrivePolicy": redrive}
        self.queue = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "session_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "session_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def ask(self, body: Any) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def exchanges(self) -> list[dict[str, str]]:
        item = self.dynamodb.get_item(TableName=self.table, Key={"session_id": {"S": SESSION}}).get("Item")
        listed = item["exchanges"]["L"] if item else []
        return [{name: value["S"] for name, value in entry["M"].items()} for entry in listed]

    def count(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in attributes.values())

    @contextlib.contextmanager
    def worker(self, folder: Path, **more: str) -> Iterator[Running]:
        settings = {
            "QUESTION_QUEUE_URL": self.queue,
            "QUESTION_POLL_SECONDS": "1",
            "SESSION_STORE": "dynamodb",
            "SESSION_TABLE": self.table,
            "BEDROCK_INFERENCE_PROFILE": PROFILE,
            "RELEASE_ID": "r-42",
        }
        with running("chatbot.worker", folder, clean_environment(**(self.environment | settings | more))) as it:
            yield it


@pytest.fixture
def cloud(ministack: dict[str, str]) -> Cloud:
    return Cloud(ministack)


def test_it_answers_into_the_session(cloud: Cloud, tmp_path: Path) -> None:
    cloud.ask({"message": "Which release are you?", "session_id": SESSION})
    with cloud.worker(tmp_path):
        wait_until(lambda: len(cloud.exchanges()) == 1, "the first answer is kept", seconds=30)
        cloud.ask({"message": "Which river is the longest?", "session_id": SESSION})
        wait_until(lambda: len(cloud.exchanges()) == 2, "the second answer is kept", seconds=30)
        wait_until(lambda: cloud.count(cloud.queue) == 0, "the questions are deleted")
    first, second = cloud.exchanges()
    assert (first["source"], first["answer"]) == ("deterministic", "This is release r-42, built from commit unknown.")
    assert (second["source"], second["question"]) == ("ai", "Which river is the longest?")
    assert PROFILE in second["answer"]


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        {"message": "time"},
        {"message": "", "session_id": SESSION},
        {"message": "x" * 5000, "session_id": SESSION},
    ],
)
def test_what_is_no_question_goes_where_the_queue_says(cloud: Cloud, tmp_path: Path, body: Any) -> None:
    cloud.ask(body)
    with cloud.worker(tmp_path) as it:
        wait_until(lambda: cloud.count(cloud.dead) == 1, "it is in the dead-letter queue", seconds=30)
        assert it.has_logged("not a question")
        assert it.process.poll() is None
    assert cloud.exchanges() == []


def test_what_cannot_be_answered_now_is_asked_again(cloud: Cloud, tmp_path: Path) -> None:
    cloud.ask({"message": "Why?", "session_id": SESSION})
    with ScriptedServer(respond(400, {}), completion("Because.")) as model:
        settings = {"LLM_PROVIDER": "openai_compatible", "OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "small"}
        with cloud.worker(tmp_path, **settings):
            wait_until(lambda: len(cloud.exchanges()) == 1, "the second try is kept", seconds=30)
    assert cloud.exchanges()[0]["answer"] == "Because."


def test_sigterm_finishes_the_question_and_takes_no_other(cloud: Cloud, tmp_path: Path) -> None:
    with ScriptedServer(after(1.5, completion("Because."))) as model:
        settings = {"LLM_PROVIDER": "openai_compatible", "OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "small"}
        with cloud.worker(tmp_path, **settings) as it:
            cloud.sqs.set_queue_attributes(QueueUrl=cloud.queue, Attributes={"VisibilityTimeout": "60"})
            cloud.ask({"message": "Why?", "session_id": SESSION})
            wait_until(lambda: bool(model.received), "the question is on its way", seconds=30)
            cloud.ask({"message": "And then?", "session_id": SESSION})
            it.process.send_signal(signal.SIGTERM)
            assert it.process.wait(timeout=10) == 0
            assert it.has_logged("stopped")
    assert [entry["answer"] for entry in cloud.exchanges()] == ["Because."]
    assert len(model.received) == 1
    assert cloud.count(cloud.queue) == 1


def test_a_question_that_comes_while_leaving_is_given_back(cloud: Cloud, tmp_path: Path) -> None:
    cloud.sqs.set_queue_attributes(QueueUrl=cloud.queue, Attributes={"VisibilityTimeout": "60"})
    with cloud.worker(tmp_path, QUESTION_POLL_SECONDS="10") as it:
        wait_until(lambda: it.has_logged("waiting for questions"), "it waits", seconds=30)
        it.process.send_signal(signal.SIGTERM)
        wait_until(lambda: it.has_logged("stopping"), "it has heard")
        cloud.ask({"message": "What time is it?", "session_id": SESSION})
        assert it.process.wait(timeout=15) == 0
    assert cloud.exchanges() == []
    received = cloud.sqs.receive_message(QueueUrl=cloud.queue, WaitTimeSeconds=1)
    assert len(received.get("Messages", [])) == 1


def test_an_idle_worker_leaves_after_its_poll(cloud: Cloud, tmp_path: Path) -> None:
    with cloud.worker(tmp_path) as it:
        wait_until(lambda: it.has_logged("waiting for questions"), "it waits", seconds=30)
        time.sleep(0.3)
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(timeout=5) == 0


def test_a_queue_that_is_gone_is_no_reason_to_die(cloud: Cloud, tmp_path: Path) -> None:
    cloud.sqs.delete_queue(QueueUrl=cloud.queue)
    with cloud.worker(tmp_path) as it:
        wait_until(lambda: it.has_logged("the queue cannot be read"), "it says so", seconds=30)
        assert it.process.poll() is None
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(timeout=5) == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "The worker needs QUESTION_QUEUE_URL"),
        ({"QUESTION_QUEUE_URL": "http://127.0.0.1/q"}, "The worker needs SESSION_STORE=dynamodb"),
    ],
)
def test_it_says_what_it_lacks(settings: dict[str, str], sentence: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "chatbot.worker"],
        cwd=APP,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == os.EX_CONFIG
    assert ended.stderr.startswith(sentence)
