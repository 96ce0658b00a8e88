# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a target may have traffic."""

from __future__ import annotations

import http.server
import socket
import threading
import typing as t

import pytest
from slipway_local_cloud.target_health import (
    LOOKING,
    SILENT,
    SLOW,
    Answer,
    Check,
    State,
    Target,
    TargetHealth,
    accepts,
    ask,
)

CHECK = Check.of({"HealthCheckIntervalSeconds": 10, "UnhealthyThresholdCount": 2, "HealthCheckPath": "/health"})
OLD, NEW = Target("group", "10.0.0.1", 8000), Target("group", "10.0.0.2", 8000)


class World:
    """Targets that answer or do not, and a clock that is moved by hand."""

    def __init__(self, *targets: Target) -> None:
        self.time, self.targets, self.answering, self.asked = 0.0, list(targets), set(targets), 0
        self.health = TargetHealth(lambda: dict.fromkeys(self.targets, CHECK), probe=self.probe, now=lambda: self.time)

    def probe(self, target: Target, _check: Check) -> Answer:
        self.asked += 1
        return Answer(True) if target in self.answering else SILENT

    def after(self, seconds: float) -> World:
        self.time += seconds
        self.health.look()
        return self

    def states(self) -> list[State]:
        return [self.health.state(target) for target in self.targets]


@pytest.mark.parametrize(
    ("codes", "status", "accepted"),
    [("200", 200, True), ("200", 204, False), ("200-299", 204, True), ("200,404", 404, True), ("200-299", 300, False)],
)
def test_matcher(codes: str, status: int, accepted: bool) -> None:
    assert accepts(codes, status) is accepted


def test_a_new_target_is_healthy_after_its_first_good_answer() -> None:
    world = World(OLD)
    assert world.states() == ["initial"]
    assert world.after(0).states() == ["healthy"]


def test_a_target_that_never_answers_gets_nothing_while_another_does() -> None:
    world = World(OLD, NEW)
    world.answering.discard(NEW)
    for dummy in range(20):
        world.after(0.2)
        assert world.health.choose([OLD, NEW]) == OLD
    assert world.states() == ["healthy", "initial"]


def test_nothing_is_chosen_while_no_target_has_answered() -> None:
    world = World(NEW)
    world.answering.clear()
    assert world.after(1).health.choose([NEW]) is None
    assert world.health.choose([]) is None


def test_all_unhealthy_fails_open() -> None:
    world = World(NEW)
    world.answering.clear()
    for dummy in range(21):
        world.after(1)
    assert world.states() == ["unhealthy"]
    assert world.health.choose([NEW]) == NEW


def test_a_healthy_target_is_looked_at_in_its_own_interval() -> None:
    world = World(OLD).after(0)
    for dummy in range(9):
        world.after(1)
    assert world.asked == 1
    world.after(1)
    assert world.asked == 2


def test_one_bad_answer_does_not_make_it_unhealthy() -> None:
    world = World(OLD).after(0)
    world.answering.clear()
    assert world.after(10).states() == ["healthy"]
    assert world.after(20).states() == ["unhealthy"]
    world.answering.add(OLD)
    assert world.after(1).states() == ["healthy"]


def test_a_target_that_left_is_forgotten() -> None:
    world = World(OLD).after(0)
    world.targets.clear()
    world.after(1)
    assert world.health.state(OLD) == "initial"


class NotThere(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def answering() -> t.Iterator[Target]:
    with http.server.HTTPServer(("127.0.0.1", 0), NotThere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Target("group", "127.0.0.1", server.server_port)
        server.shutdown()
        thread.join()


def test_what_a_target_answers_is_told_in_the_words_of_a_load_balancer(answering: Target) -> None:
    wrong = Answer(False, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]")
    assert ask(answering, CHECK) == wrong
    assert ask(answering, CHECK._replace(codes="200,404")) == Answer(True)


def test_a_target_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Target("group", "127.0.0.1", silent.getsockname()[1])
        assert ask(target, CHECK._replace(timeout=0.2)) == SLOW
    assert ask(target, CHECK) == SILENT


def test_why_a_target_is_not_healthy() -> None:
    world = World(OLD).after(0)
    world.answering.clear()
    assert world.after(10).health.why(OLD) == LOOKING
    assert world.after(20).health.why(OLD) == SILENT
