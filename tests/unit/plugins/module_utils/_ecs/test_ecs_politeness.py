# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Talking to an ECS that has limits: a real server, real clients, and many threads at once."""

from __future__ import annotations

import collections
import concurrent.futures
import http.server
import json
import threading
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import describe_services, register_task_definition
from test_ecs_one_off_runs import IMAGE, Account, run

if t.TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 16
Reply = tuple[int, dict[str, t.Any]]
THROTTLED: Reply = (400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
BROKEN: Reply = (500, {"__type": "ServerException", "message": "not today"})
CROWDED_WORDS = "Too many concurrent attempts to create a new revision of the specified family."
CROWDED: Reply = (400, {"__type": "ClientException", "message": CROWDED_WORDS})
REGISTERED: Reply = (200, {"taskDefinition": {"taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:td/f:1"}})


class Ecs(http.server.ThreadingHTTPServer):
    """Speaks ECS's protocol on loopback; what it answers is decided by C(reply). Nothing (None) hangs up."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answered: collections.Counter[str] = collections.Counter()
        self.reply: t.Callable[[int], Reply | None] = lambda dummy: REGISTERED
        self._lock = threading.Lock()

    def next(self) -> Reply | None:
        with self._lock:
            reply = self.reply(self.answered.total())
            self.answered["nothing" if reply is None else str(reply[1].get("__type", "done"))] += 1
            return reply


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        reply = t.cast("Ecs", self.server).next()
        if reply is None:
            self.close_connection = True
            return
        body = json.dumps(reply[1]).encode()
        self.send_response(reply[0])
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *dummy: t.Any) -> None:
        """Say nothing."""


@pytest.fixture
def ecs() -> Iterator[Ecs]:
    with Ecs() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def clients(ecs: Ecs, **more: t.Any) -> Clients:
    return Clients(
        {
            "endpoint_url": f"http://127.0.0.1:{ecs.server_address[1]}",
            "region": "eu-west-1",
            "access_key": "AKIAIOSFODNN7EXAMPLE",
            "secret_key": "no-secret-of-the-unit-tests",
            **more,
        }
    )


def register(client: t.Any, number: int) -> str:
    return register_task_definition(client, {"family": f"f{number}", "containerDefinitions": []}, {})


def test_a_fleet_gets_through_a_limit(ecs: Ecs) -> None:
    ecs.reply = lambda count: THROTTLED if 8 <= count < 12 else REGISTERED
    client, fleet = clients(ecs)("ecs"), 24
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        registered = list(pool.map(lambda number: register(client, number), range(fleet)))
    assert len(registered) == ecs.answered["done"] == fleet
    assert ecs.answered["ThrottlingException"] == 4
    # What the client learns of the limit holds for all its threads.
    assert client.meta.config.retries["mode"] == "adaptive"


@pytest.mark.parametrize(
    "trouble", [THROTTLED, BROKEN, None], ids=["throttled", "server-error", "connection-lost"]
)  # fmt: skip
def test_a_call_that_meets_trouble_is_made_again(ecs: Ecs, trouble: Reply | None) -> None:
    done = (200, {"services": [{"serviceName": "web", "serviceArn": "arn:web"}]})
    ecs.reply = lambda count: trouble if count < 1 else done
    assert list(describe_services(clients(ecs)("ecs"), "c", ["web"])) == ["web"]
    assert ecs.answered.total() == 2


def test_a_refusal_is_not_repeated(ecs: Ecs) -> None:
    ecs.reply = lambda dummy: (400, {"__type": "AccessDeniedException", "message": "not yours"})
    with pytest.raises(AwsError, match="not yours") as refused:
        describe_services(clients(ecs)("ecs"), "c", ["web"])
    assert (ecs.answered.total(), refused.value.passing) == (1, False)


def test_trouble_that_stays_is_told_as_what_passes(ecs: Ecs) -> None:
    ecs.reply = lambda dummy: THROTTLED
    hurried = clients(ecs, aws_config={"retries": {"mode": "standard", "total_max_attempts": 1}})
    with pytest.raises(AwsError, match="Rate exceeded") as refused:
        describe_services(hurried("ecs"), "c", ["web"])
    assert (refused.value.code, refused.value.passing) == ("ThrottlingException", True)


def test_a_family_that_others_register_is_registered_after_them(ecs: Ecs) -> None:
    """ECS calls it the client's fault, so that botocore does not try again: we do."""
    ecs.reply = lambda count: CROWDED if count < 2 else REGISTERED
    assert register(clients(ecs)("ecs"), 1).endswith("f:1")
    assert ecs.answered == {"ClientException": 2, "done": 1}


def test_so_is_that_of_a_one_off_task(monkeypatch: pytest.MonkeyPatch) -> None:
    account, genuine = Account(), Account._RegisterTaskDefinition
    refusals = [{"Error": {"Code": "ClientException", "Message": CROWDED_WORDS}}]
    monkeypatch.setattr(
        Account, "_RegisterTaskDefinition", lambda self, request: refusals.pop() if refusals else genuine(self, request)
    )
    assert run(account, image=IMAGE)["outcome"] == "succeeded"
    assert refusals == []


def test_threads_share_one_client_however_they_meet() -> None:
    """What one client learns of AWS's limits no other knows."""
    made: list[str] = []
    others = threading.Event()

    class Slow(Clients):
        def _connect(self, service: str, _region: str) -> t.Any:
            made.append(service)
            others.wait(0.3)
            return object()

    shared = Slow({"region": "eu-west-1"})
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        got = list(pool.map(lambda dummy: shared("ecs"), range(THREADS)))
    assert (made, len({id(client) for client in got})) == (["ecs"], 1)
