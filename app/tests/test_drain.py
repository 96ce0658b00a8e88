"""How a real server leaves, and how its streams end."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.support.events import parse_events
from tests.support.processes import Running, server
from tests.support.scripted_server import (
    ScriptedServer,
    after,
    bedrock_piece,
    bedrock_stream,
    completion,
    completion_stream,
)
from tests.support.waiting import wait_until

QUESTION = (
    b"POST /api/chat HTTP/1.1\r\nHost: chatbot\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n"
    b'{"message": "Why?"}'
)


def settings_for(model: ScriptedServer, **more: str) -> dict[str, str]:
    return {"LLM_PROVIDER": "openai_compatible", "OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "small", **more}


def address(it: Running) -> tuple[str, int]:
    parts = urlsplit(it.url)
    return str(parts.hostname), int(parts.port or 0)


def refuses(it: Running) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address(it)) != 0


def in_background(answers: list[httpx.Response], url: str, message: str) -> threading.Thread:
    def ask() -> None:
        answers.append(httpx.post(url, json={"message": message}, timeout=30))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_sigterm_finishes_what_was_begun_and_refuses_what_is_new(tmp_path: Path) -> None:
    with (
        ScriptedServer(after(3, completion("Worth the wait."))) as model,
        server(tmp_path, **settings_for(model)) as it,
    ):
        answers: list[httpx.Response] = []
        asking = in_background(answers, f"{it.url}/api/chat", "Why?")
        wait_until(lambda: bool(model.received), "the question is on its way")
        it.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(it), "new connections are refused", seconds=2.5)
        assert it.process.poll() is None
        asking.join()
        assert it.process.wait(timeout=10) in {0, -signal.SIGTERM}
    assert answers[0].status_code == 200
    assert answers[0].json()["answer"] == "Worth the wait."
    assert it.has_logged(f"Finished server process [{it.process.pid}]")


def test_an_idle_server_leaves_at_once_even_with_open_connections(tmp_path: Path) -> None:
    with server(tmp_path) as it, httpx.Client() as keeps_alive:
        keeps_alive.get(f"{it.url}/health")
        began = time.monotonic()
        it.process.send_signal(signal.SIGTERM)
        it.process.wait(timeout=10)
        assert time.monotonic() - began < 4


def test_a_stream_is_ended_in_order_before_the_time_is_up(tmp_path: Path) -> None:
    endless = completion_stream("and ", done=False, pause=0.05, for_ever=True)
    with ScriptedServer(endless) as model, server(tmp_path, **settings_for(model, DRAIN_SECONDS="2")) as it:
        answers: list[httpx.Response] = []
        asking = in_background(answers, f"{it.url}/api/chat/stream", "Why?")
        wait_until(lambda: bool(model.received), "the stream has begun")
        began = time.monotonic()
        it.process.send_signal(signal.SIGTERM)
        asking.join()
        it.process.wait(timeout=10)
        assert 1 < time.monotonic() - began < 4
        events = parse_events(answers[0].text)
        assert events[-1][0] == "error"
        assert events[-1][1]["code"] == "server-stops"
        assert events[-1][1]["retry_after"] == 1
        assert model.client_left.wait(5)


def test_what_does_not_end_is_cut_when_the_time_is_up(tmp_path: Path) -> None:
    with (
        ScriptedServer(after(20, completion("never"))) as model,
        server(tmp_path, **settings_for(model, DRAIN_SECONDS="1")) as it,
        socket.create_connection(address(it)) as connection,
    ):
        connection.sendall(QUESTION)
        wait_until(lambda: bool(model.received), "the question is on its way")
        began = time.monotonic()
        it.process.send_signal(signal.SIGTERM)
        it.process.wait(timeout=10)
        assert 0.9 < time.monotonic() - began < 6


def test_when_the_client_leaves_the_model_is_stopped(tmp_path: Path) -> None:
    endless = completion_stream("and ", done=False, pause=0.05, for_ever=True)
    with ScriptedServer(endless) as model, server(tmp_path, **settings_for(model)) as it:
        with httpx.stream("POST", f"{it.url}/api/chat/stream", json={"message": "Why?"}) as response:
            next(response.iter_text())
            assert not model.client_left.is_set()
        assert model.client_left.wait(5)
        wait_until(lambda: it.has_logged("the client left before the answer was complete"), "it is logged")


def test_when_the_client_leaves_bedrock_is_stopped_too(tmp_path: Path) -> None:
    endless = bedrock_stream(bedrock_piece("and "), pause=0.05, for_ever=True)
    with ScriptedServer(endless) as model:
        aws = {
            "AWS_ENDPOINT_URL": model.url,
            "AWS_REGION": "ap-northeast-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "BEDROCK_INFERENCE_PROFILE": "apac.amazon.nova-lite-v1:0",
        }
        with server(tmp_path, **aws) as it:
            with httpx.stream("POST", f"{it.url}/api/chat/stream", json={"message": "Why?"}) as response:
                next(response.iter_text())
            assert model.client_left.wait(5)


def test_pieces_arrive_one_by_one(tmp_path: Path) -> None:
    slow = completion_stream("one ", "two ", "three", pause=0.3)
    with ScriptedServer(slow) as model, server(tmp_path, **settings_for(model)) as it:
        times = []
        with httpx.stream("POST", f"{it.url}/api/chat/stream", json={"message": "Count."}) as response:
            for chunk in response.iter_text():
                times += [time.monotonic()] * chunk.count("event: delta")
    assert len(times) == 3
    assert times[-1] - times[0] > 0.4
