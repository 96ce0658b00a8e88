# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a deployment that is under way is looked at more closely, and what is remembered between the looks."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import Finding
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Evidence
from ansible_collections.slipway.aws.plugins.module_utils._ecs import doctor as doctor_module
from ansible_collections.slipway.aws.plugins.module_utils._ecs.doctor import BETWEEN_VISITS, STILL_FOR, Doctor
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Deployment, ServiceState
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Watched
from slow_ecs import Time

WATCHED = Watched("web", "c", "web", "ecs-svc/ours", "td:2", "td:1")


class Practice:
    """A doctor whose closer looks are counted, and find what they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = Time()
        self.looks: list[dict[str, t.Any]] = []
        self.finding = Finding(Evidence(), ())
        monkeypatch.setattr(doctor_module, "diagnose", self._diagnose)
        self.doctor = Doctor(t.cast("t.Any", None), self.time.clock())

    def _diagnose(self, dummy: t.Any, subject: t.Any, **options: t.Any) -> Finding:
        self.looks.append({"subject": subject, **options})
        return self.finding

    def visit(self, *, running: int, failed: int = 0, after: float = 0.0, identifier: str = "ecs-svc/ours") -> t.Any:
        self.time.passed += after
        ours = Deployment(identifier, "PRIMARY", "td:2", 2, running, 0, failed, "IN_PROGRESS", None)
        state = ServiceState("arn", "ACTIVE", "td:2", 2, running, "ECS", (ours,), ())
        return self.doctor.visit(WATCHED, state)


@pytest.fixture
def practice(monkeypatch: pytest.MonkeyPatch) -> Practice:
    return Practice(monkeypatch)


def test_a_deployment_that_gets_on_is_never_looked_at(practice: Practice) -> None:
    for running in range(40):
        practice.visit(running=running, after=STILL_FOR - 1)
    assert practice.looks == []


def test_a_task_that_failed_is_looked_at(practice: Practice) -> None:
    practice.visit(running=0)
    practice.visit(running=1, failed=1, after=BETWEEN_VISITS)
    assert [look["subject"].deployment for look in practice.looks] == ["ecs-svc/ours"]


def test_a_task_that_ran_and_runs_no_more_is_looked_at(practice: Practice) -> None:
    """ECS forgets its count of failed tasks as soon as one runs: those that start and then die are never counted."""
    practice.visit(running=2)
    practice.visit(running=1, after=BETWEEN_VISITS)
    assert len(practice.looks) == 1


def test_looks_are_apart_however_many_tasks_fail(practice: Practice) -> None:
    practice.visit(running=0)
    for failed in range(1, 11):
        practice.visit(running=0, failed=failed, after=BETWEEN_VISITS / 5)
    assert len(practice.looks) == 2


def test_what_does_not_move_is_looked_at_now_and_then(practice: Practice) -> None:
    practice.visit(running=0)
    for dummy in range(int(3 * STILL_FOR)):
        practice.visit(running=0, after=1.0)
    assert len(practice.looks) == 3


def test_a_deployment_that_is_not_listed_is_not_looked_at(practice: Practice) -> None:
    practice.visit(running=2)
    assert practice.visit(running=0, failed=5, after=99.0, identifier="ecs-svc/other") is None
    assert practice.looks == []


@pytest.mark.parametrize("dead", [1, 2], ids=["one-task", "two-tasks"])
def test_a_fatal_cause_counts_once_two_tasks_died_of_it(practice: Practice, dead: int) -> None:
    cause = Diagnosis(
        code="out_of_memory", confidence="certain", evidence=(), explanation="It was killed.", fix="More memory.",
        fatal=True, tasks=tuple(f"task-{number}" for number in range(dead)),
    )  # fmt: skip
    practice.finding = Finding(Evidence(), (cause,))
    practice.visit(running=0)
    found = practice.visit(running=0, failed=dead, after=BETWEEN_VISITS)
    assert found == (cause if dead == 2 else None)


def test_what_was_seen_before_is_handed_to_the_next_look(practice: Practice) -> None:
    """ECS forgets stopped tasks: what the first look saw, the last one still knows."""
    practice.visit(running=0)
    practice.visit(running=0, failed=1, after=BETWEEN_VISITS)
    practice.doctor.conclude(WATCHED)
    first, last = practice.looks
    assert (first["earlier"], last["earlier"]) == (None, practice.finding.evidence)
    assert (first["failed"], last["failed"]) == (None, True)
