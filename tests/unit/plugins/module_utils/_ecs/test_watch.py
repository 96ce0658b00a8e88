# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a deployment ends: tables of single moments, and every sequence of moments there can be."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Deployment, ServiceState
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import (
    Clock,
    Pace,
    Verdict,
    Watch,
    Watched,
    judge,
    progress,
    settled,
)
from hypothesis import given, settings
from hypothesis import strategies as st

OURS, BEFORE, OTHER = "td:2", "td:1", "td:3"
WATCHED = Watched("backend", "cluster", "service", "ecs-svc/ours", OURS, BEFORE)


def deployment(
    identifier: str = "ecs-svc/ours",
    status: str = "PRIMARY",
    definition: str = OURS,
    rollout: str | None = "IN_PROGRESS",
    running: int = 2,
    desired: int = 2,
    reason: str | None = None,
) -> Deployment:
    return Deployment(identifier, status, definition, desired, running, 0, 0, rollout, reason)


def state(*deployments: Deployment, desired: int = 2, status: str = "ACTIVE") -> ServiceState:
    primary = next((item for item in deployments if item.status == "PRIMARY"), None)
    return ServiceState("arn", status, primary.task_definition if primary else "", desired, 2, "ECS", deployments, ())


def old(status: str = "ACTIVE", rollout: str = "COMPLETED", running: int = 2, definition: str = BEFORE) -> Deployment:
    return deployment("ecs-svc/old", status, definition, rollout, running)


MOMENTS: list[tuple[str, ServiceState, str | None]] = [
    ("just started", state(deployment(running=0), old()), None),
    ("all running, rollout still open", state(deployment()), None),
    ("complete", state(deployment(rollout="COMPLETED")), "succeeded"),
    ("complete while old tasks drain", state(deployment(rollout="COMPLETED"), old(running=1)), "succeeded"),
    ("complete with a task missing", state(deployment(rollout="COMPLETED", running=1)), None),
    ("complete with nothing running", state(deployment(rollout="COMPLETED", running=0)), None),
    ("scaled to zero", state(deployment(rollout="COMPLETED", running=0, desired=0), desired=0), "succeeded"),
    ("failed, the way back not visible yet", state(deployment(rollout="FAILED", reason="rolling back to x")), None),
    ("failed without rollback", state(deployment(rollout="FAILED", reason="tasks failed to start")), "failed"),
    (
        "failed, going back",
        state(deployment(status="ACTIVE", rollout="FAILED"), old("PRIMARY", "IN_PROGRESS", 1)),
        None,
    ),
    ("failed, back again", state(deployment(status="ACTIVE", rollout="FAILED"), old("PRIMARY")), "rolled_back"),
    (
        "failed, and so did the rollback",
        state(deployment(status="ACTIVE", rollout="FAILED"), old("PRIMARY", "FAILED")),
        "failed",
    ),
    ("ours gone, the old one back", state(old("PRIMARY")), "rolled_back"),
    ("ours gone, the old one coming back", state(old("PRIMARY", "IN_PROGRESS")), None),
    ("ours gone, a stranger there", state(old("PRIMARY", definition=OTHER)), "superseded"),
    ("ours pushed aside", state(deployment(status="ACTIVE"), old("PRIMARY", definition=OTHER)), "superseded"),
    ("service being deleted", state(deployment(), status="DRAINING"), "stopped"),
    ("no rollout state, alone", state(deployment(rollout=None)), "succeeded"),
    ("no rollout state, old one still there", state(deployment(rollout=None), old()), None),
    ("nothing primary", state(), None),
]


@pytest.mark.parametrize(("what", "moment", "outcome"), MOMENTS, ids=[row[0] for row in MOMENTS])
def test_judge(what: str, moment: ServiceState, outcome: str | None) -> None:
    verdict = judge(moment, WATCHED)
    assert (verdict.outcome if verdict else None) == outcome, what


@dataclasses.dataclass
class Recording:
    """An ECS that answers a prepared history, and its last moment for ever."""

    history: t.Sequence[ServiceState]
    asked: int = 0

    def next(self) -> ServiceState:
        moment = self.history[min(self.asked, len(self.history) - 1)]
        self.asked += 1
        return moment


class Hourglass(Clock):
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        object.__setattr__(self, "time", 0.0)

    def now(self) -> float:  # type: ignore[override]
        return float(self.time)  # type: ignore[attr-defined]

    def sleep(self, seconds: float) -> None:  # type: ignore[override]
        assert seconds > 0
        object.__setattr__(self, "time", self.now() + seconds)


def follow(
    monkeypatch: pytest.MonkeyPatch, history: t.Sequence[ServiceState], timeout: float = 300
) -> tuple[t.Any, list[str]]:
    recording, lines = Recording(history), []
    monkeypatch.setattr(
        "ansible_collections.slipway.aws.plugins.module_utils._ecs.watch.describe_services",
        lambda _ecs, _cluster, _names: {"service": recording.next()},
    )
    watch = Watch(None, timeout=timeout, report=lambda _name, line: lines.append(line), clock=Hourglass())
    return end_of(watch), lines


def end_of(watch: Watch) -> Verdict:
    """Follow the one deployment to its end."""
    watch.follow(WATCHED)
    while not (verdicts := watch.look()):
        assert watch.open
        watch.rest()
    assert (list(verdicts), watch.open) == (["backend"], {})
    return verdicts["backend"]


def test_watch_tells_each_change_once(monkeypatch: pytest.MonkeyPatch) -> None:
    starting, done = state(deployment(running=0), old()), state(deployment(rollout="COMPLETED"))
    verdict, lines = follow(monkeypatch, [starting, starting, starting, done])
    assert verdict.outcome == "succeeded"
    assert lines == ["in progress: 0/2 running, 2 of the revision before", "completed: 2/2 running"]


def test_watch_ends_with_the_last_state_when_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, _lines = follow(monkeypatch, [state(deployment(running=1), old())], timeout=60)
    assert verdict.outcome == "timed_out"
    assert "last seen: in progress: 1/2 running" in verdict.reason


def test_watch_survives_a_service_that_vanished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.slipway.aws.plugins.module_utils._ecs.watch.describe_services", lambda *_: {}
    )
    watch = Watch(None, timeout=10, report=lambda *_: None, clock=Hourglass())
    assert end_of(watch).outcome == "stopped"


def test_watch_gives_each_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who joins late is not judged by the time of the one who came first."""
    starting = state(deployment(running=0), old())
    monkeypatch.setattr(
        "ansible_collections.slipway.aws.plugins.module_utils._ecs.watch.describe_services",
        lambda _ecs, _cluster, names: dict.fromkeys(names, starting),
    )
    clock = Hourglass()
    watch = Watch(None, timeout=60, report=lambda *_: None, clock=clock)
    watch.follow(WATCHED)
    clock.sleep(45)
    watch.follow(dataclasses.replace(WATCHED, name="late", service="late"))
    ended = {}
    while watch.open:
        ended.update(dict.fromkeys(watch.look(), clock.now()))
        watch.rest()
    assert ended == {"backend": pytest.approx(60, abs=0.2), "late": pytest.approx(105, abs=0.2)}


def test_pace_is_quick_while_things_move_and_slow_while_they_do_not() -> None:
    pace = Pace()
    assert pace.next(moved=True) == Pace.SHORTEST
    waits = [pace.next(moved=False) for dummy in range(20)]
    assert waits == sorted(waits)
    assert waits[-1] == Pace.LONGEST
    assert pace.next(moved=True) == Pace.SHORTEST


deployments = st.builds(
    deployment,
    identifier=st.sampled_from(["ecs-svc/ours", "ecs-svc/old", "ecs-svc/other"]),
    status=st.sampled_from(["PRIMARY", "ACTIVE", "INACTIVE"]),
    definition=st.sampled_from([OURS, BEFORE, OTHER]),
    rollout=st.sampled_from(["IN_PROGRESS", "COMPLETED", "FAILED", None]),
    running=st.integers(0, 3),
    desired=st.integers(0, 3),
    reason=st.sampled_from([None, "rolling back to x", "tasks failed to start"]),
)
moments = st.builds(
    lambda items, desired, status: state(*items, desired=desired, status=status),
    st.lists(deployments, max_size=3, unique_by=lambda item: item.id),
    st.integers(0, 3),
    st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "DRAINING", "INACTIVE"]),
)


# Anything at all, mixed with the telling moments above: chance alone would seldom meet those.
histories = st.lists(st.one_of(moments, st.sampled_from([row[1] for row in MOMENTS])), min_size=1, max_size=6)


@given(history=histories)
@settings(max_examples=300, deadline=None)
def test_any_history_ends_in_one_outcome_and_success_only_when_ours_is_complete(history: list[ServiceState]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        verdict, _lines = follow(monkeypatch, history)
    if verdict.outcome == "succeeded":
        primary = verdict.state.primary
        assert primary.id == WATCHED.deployment_id
        assert primary.rollout in ("COMPLETED", None)
        assert primary.running >= verdict.state.desired


def test_progress_counts_both_sides() -> None:
    assert (
        progress(state(deployment(running=1), old()), WATCHED) == "in progress: 1/2 running, 2 of the revision before"
    )
    assert progress(state(old("PRIMARY")), WATCHED) == "the deployment is no longer listed"


def test_settled_needs_every_task() -> None:
    assert settled(state(deployment(rollout="COMPLETED")))
    assert not settled(state(deployment(rollout="COMPLETED", running=1)))
    assert not settled(state())
