# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which services start when, what stops them, and what is brought back."""

from __future__ import annotations

import threading
import typing as t

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.classify import unknown
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import Finding
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Evidence
from ansible_collections.slipway.aws.plugins.module_utils._ecs import ship as ship_module
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import GOOD, Release, ServiceResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.options import summary
from ansible_collections.slipway.aws.plugins.module_utils._ecs.ship import Voyage, ship
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import Policy
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_ecs import Behaviour, OnlyEcs, SlowEcs, Time
from trusting_doctor import Doctor

IMAGE = "registry.test/app@sha256:" + "a" * 64
TIMEOUT = 60.0
pytestmark = pytest.mark.usefixtures("trusting_doctor")


class Harbour:
    """One shipment to a slow ECS."""

    def __init__(self, *, unserved: t.Collection[str] = (), **behaviours: Behaviour) -> None:
        self.time = Time()
        self.ecs = SlowEcs(self.time, behaviours, unserved=unserved)
        self.lines: list[str] = []

    def ship(self, after: t.Mapping[str, t.Sequence[str]] | None = None, **options: t.Any) -> dict[str, ServiceResult]:
        changes = options.pop("changes", {"image": IMAGE})
        voyage = Voyage(release=Release("r-1"), timeout=TIMEOUT, clock=self.time.clock(), **options)
        targets = [
            Target.from_options(
                name,
                {
                    "cluster": "c",
                    "service": name,
                    "container": "app",
                    "task_definition": service.rollouts[0].definition,
                    "after": (after or {}).get(name, []),
                    **changes,
                },
            )
            for name, service in self.ecs.services.items()
        ]
        return ship(
            t.cast("t.Any", OnlyEcs(self.ecs)), targets, voyage, lambda name, line: self.lines.append(f"{name}: {line}")
        )

    def outcomes(self, *args: t.Any, **options: t.Any) -> dict[str, str]:
        return {name: result.outcome for name, result in self.ship(*args, **options).items()}

    @property
    def writes(self) -> list[str]:
        return [call for call in self.ecs.calls if call in ("register", "update")]


def test_a_service_is_registered_once_and_updated_once() -> None:
    harbour = Harbour(web="works")
    assert harbour.outcomes() == {"web": "succeeded"}
    assert harbour.writes == ["register", "update"]
    assert harbour.ecs.running("web").endswith("web:2")


def test_the_same_again_is_one_look_at_the_service_and_one_at_its_revision() -> None:
    harbour = Harbour(one="works", two="works", three="works")
    harbour.ship()
    harbour.ecs.calls.clear()
    results = harbour.ship()
    assert {result.outcome for result in results.values()} == {"no_op"}
    assert {result.release_id for result in results.values()} == {"r-1"}
    assert sorted(harbour.ecs.calls) == ["describe one:2", "describe services", "describe three:2", "describe two:2"]


def test_check_mode_says_the_same_and_writes_nothing() -> None:
    harbour, real = Harbour(web="works"), Harbour(web="works")
    planned, shipped = harbour.ship(check_mode=True)["web"], real.ship()["web"]
    assert harbour.writes == []
    assert (planned.changed, planned.outcome, planned.diff) == (shipped.changed, shipped.outcome, shipped.diff)


def test_what_does_not_wait_for_another_goes_on_when_that_one_fails() -> None:
    harbour = Harbour(redis="breaks", worker="works", web="works")
    results = harbour.ship({"worker": ["redis"]})
    assert {name: result.outcome for name, result in results.items()} == {
        "redis": "rolled_back",
        "worker": "stopped",
        "web": "succeeded",
    }
    assert results["worker"].cause == "Not started, because redis did not get there."
    assert {name for name, _revision in harbour.ecs.updated} == {"redis", "web"}


def test_each_starts_as_soon_as_what_it_needs_is_up() -> None:
    """The slow one holds up nobody who does not wait for it."""
    harbour = Harbour(slow="hangs", quick="works", last="works")
    assert harbour.outcomes({"last": ["quick"]}, rollback="none") == {
        "slow": "timed_out",
        "quick": "succeeded",
        "last": "succeeded",
    }


def test_services_are_started_side_by_side() -> None:
    """Each waits for all the others to have begun: one after another, they would wait for ever."""
    names = [f"s{number}" for number in range(8)]
    harbour = Harbour(**dict.fromkeys(names, "works"))
    meeting = threading.Barrier(len(names), timeout=30)
    original = harbour.ecs.update_service

    def update(**request: t.Any) -> t.Any:
        meeting.wait()
        return original(**request)

    harbour.ecs.update_service = update  # type: ignore[method-assign]
    assert harbour.outcomes() == dict.fromkeys(names, "succeeded")


def test_no_more_than_so_many_at_once() -> None:
    harbour = Harbour(one="works", two="works", three="works")
    most = 0

    def look(*args: t.Any, **kwargs: t.Any) -> t.Any:
        nonlocal most
        under_way = sum(not harbour.ecs.running(name) for name in harbour.ecs.services)
        most = max(most, under_way)
        return original(*args, **kwargs)

    original = harbour.ecs.describe_services
    harbour.ecs.describe_services = look  # type: ignore[method-assign]
    assert set(harbour.outcomes(max_parallel=2).values()) == {"succeeded"}
    assert most == 2


def test_what_ecs_does_not_bring_back_we_do() -> None:
    harbour = Harbour(web="hangs")
    result = harbour.ship()["web"]
    assert (result.outcome, result.after) == ("rolled_back", result.before)
    assert result.reason == "Not complete after 60 s; last seen: in progress: 0/2 running, 2 of the revision before."
    assert harbour.ecs.updated == [("web", "web:2"), ("web", "web:1")]
    assert harbour.ecs.running("web").endswith("web:1")


def test_nothing_is_brought_back_where_nobody_wants_that() -> None:
    harbour = Harbour(web="hangs")
    assert harbour.outcomes(rollback="none") == {"web": "timed_out"}
    assert harbour.ecs.updated == [("web", "web:2")]


def test_a_whole_release_goes_back_the_last_first() -> None:
    harbour = Harbour(redis="works", worker="works", web="breaks")
    results = harbour.ship({"worker": ["redis"], "web": ["worker"]}, rollback="release")
    assert {result.outcome for result in results.values()} == {"rolled_back"}
    assert harbour.ecs.updated[3:] == [("worker", "worker:1"), ("redis", "redis:1")]
    assert results["redis"].cause == "Brought back, because another service of this release failed."
    assert all(result.after == result.before for result in results.values())


def test_without_a_failure_nothing_goes_back() -> None:
    harbour = Harbour(redis="works", web="works")
    assert set(harbour.outcomes(rollback="release").values()) == {"succeeded"}
    assert len(harbour.ecs.updated) == 2


def test_what_never_served_has_nothing_to_go_back_to() -> None:
    harbour = Harbour(web="hangs", unserved={"web"})
    result = harbour.ship()["web"]
    assert (result.outcome, result.ran_before) == ("timed_out", False)
    assert harbour.ecs.updated == [("web", "web:2")]


def test_what_somebody_else_shipped_is_left_alone() -> None:
    harbour = Harbour(web="is superseded")
    result = harbour.ship(rollback="release")["web"]
    assert result.outcome == "superseded"
    assert [item["code"] for item in result.diagnoses] == ["superseded", "application_exit"]
    assert str(result.cause).startswith("web: Another deployment of this service was started meanwhile. [superseded")
    assert harbour.ecs.updated == [("web", "web:2")]


def test_what_was_seen_to_end_is_not_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Finding(Evidence(), (unknown(Evidence()),))
    monkeypatch.setattr(Doctor, "conclude", lambda *_words: found)
    assert [item["code"] for item in Harbour(web="is superseded").ship()["web"].diagnoses] == ["superseded"]
    assert [item["code"] for item in Harbour(web="breaks").ship()["web"].diagnoses] == ["unknown"]


def test_a_service_that_cannot_start_does_not_hide_the_others() -> None:
    harbour = Harbour(bad="refuses", good="works")
    results = harbour.ship()
    assert (results["bad"].outcome, results["good"].outcome) == ("failed", "succeeded")
    assert results["bad"].cause == "Could not update the ECS service: AccessDeniedException: not allowed."


def test_what_waiting_will_not_mend_is_given_up_at_once() -> None:
    harbour = Harbour(web="hangs")
    Doctor.hopeless.add("web")
    result = harbour.ship()["web"]
    assert result.outcome == "rolled_back"
    assert result.seconds < TIMEOUT / 2
    assert result.reason == "Given up after 0 s: application_exit will not mend itself."
    assert "It exited." in str(result.cause)


@pytest.mark.parametrize("policy", ["service", "release"])
def test_what_is_given_up_goes_back_without_waiting_for_the_others(policy: t.Any) -> None:
    harbour = Harbour(bad="hangs", slow="hangs")
    Doctor.hopeless.add("bad")
    results = harbour.ship(rollback=policy)
    assert {name: result.outcome for name, result in results.items()} == {"bad": "rolled_back", "slow": "rolled_back"}
    assert results["bad"].seconds < TIMEOUT / 2 < results["slow"].seconds
    assert harbour.ecs.updated[2:] == [("bad", "bad:1"), ("slow", "slow:1")]


def test_what_cannot_go_back_is_not_asked_twice() -> None:
    class Stubborn(SlowEcs):
        def update_service(self, *, service: str, taskDefinition: str, **more: t.Any) -> dict[str, t.Any]:
            answer = super().update_service(service=service, taskDefinition=taskDefinition, **more)
            return {"service": {**answer["service"], "deployments": []}} if taskDefinition.endswith(":1") else answer

    harbour = Harbour(bad="hangs", good="works")
    harbour.ecs = Stubborn(harbour.time, {"bad": "hangs", "good": "works"})
    Doctor.hopeless.add("bad")
    bad = harbour.ship(rollback="release")["bad"]
    assert (bad.outcome, [item for item in harbour.ecs.updated if item == ("bad", "bad:1")]) == (
        "failed", [("bad", "bad:1")],
    )  # fmt: skip
    assert "could not be brought back either" in str(bad.cause)


def test_unless_it_is_told_to_wait() -> None:
    harbour = Harbour(web="hangs")
    Doctor.hopeless.add("web")
    assert "Not complete after 60 s" in str(harbour.ship(fail_fast=False)["web"].reason)


def test_the_same_revision_can_be_started_anew() -> None:
    harbour = Harbour(web="works")
    harbour.ship()
    results = harbour.ship(changes={"image": IMAGE, "force_new_deployment": True})
    assert (results["web"].outcome, results["web"].changed) == ("succeeded", True)
    assert harbour.ecs.updated == [("web", "web:2"), ("web", "web:2")]


IMPOSSIBLE = {"image": IMAGE, "cpu": 300, "memory": 400, "override": {"requiresCompatibilities": ["FARGATE"]}}


@pytest.mark.parametrize("check_mode", [False, True], ids=["release", "plan"])
def test_what_would_go_wrong_is_told_of_all_services_before_anything_is_written(check_mode: bool) -> None:
    harbour = Harbour(api="works", web="works")
    policy = Policy.from_options({"all": "off", "cpu_memory_valid": "error"})
    with pytest.raises(SlipwayError) as refused:
        harbour.ship(preflight=policy, changes=IMPOSSIBLE, check_mode=check_mode)
    assert {item["service"] for item in refused.value.details["preflight"]} == {"api", "web"}
    assert harbour.writes == []


def test_a_warning_is_told_and_stops_nothing() -> None:
    harbour = Harbour(web="works")
    policy = Policy.from_options({"all": "off", "cpu_memory_valid": "warn"})
    assert harbour.outcomes(preflight=policy, changes=IMPOSSIBLE) == {"web": "succeeded"}
    assert [line for line in harbour.lines if line.startswith("preflight: ")]


def test_what_starts_anew_is_looked_at_as_it_runs() -> None:
    harbour = Harbour(web="works")
    harbour.ship(changes=IMPOSSIBLE)
    harbour.ecs.calls.clear()
    policy = Policy.from_options({"all": "off", "cpu_memory_valid": "error"})
    with pytest.raises(SlipwayError) as refused:
        harbour.ship(preflight=policy, changes={"force_new_deployment": True})
    assert [item["check"] for item in refused.value.details["preflight"]] == ["cpu_memory_valid"]
    assert harbour.writes == []


@pytest.mark.parametrize("check_mode", [False, True], ids=["release", "plan"])
@pytest.mark.parametrize("ends", ["works", "hangs"])
def test_what_was_found_stands_in_every_result(ends: t.Any, check_mode: bool) -> None:
    harbour = Harbour(web=ends, other="works")
    policy = Policy.from_options({"all": "off", "cpu_memory_valid": "warn"})
    told = summary(harbour.ship(preflight=policy, changes=IMPOSSIBLE, check_mode=check_mode))
    assert bool(told["failed_services"]) == (ends == "hangs" and not check_mode)
    assert [item["service"] for item in told["preflight"]] == ["web", "other"]
    assert {item["check"] for item in told["preflight"]} == {"cpu_memory_valid"}


def test_what_runs_already_is_not_looked_at() -> None:
    harbour = Harbour(web="works")
    harbour.ship(changes=IMPOSSIBLE)
    policy = Policy.from_options({"all": "off", "cpu_memory_valid": "error"})
    assert harbour.outcomes(preflight=policy, changes=IMPOSSIBLE) == {"web": "no_op"}


def test_a_whole_template_is_shipped_as_it_is() -> None:
    harbour = Harbour(web="works")
    template = {"family": "web", "cpu": "256", "containerDefinitions": [{"name": "app", "image": "whole"}]}
    changes = {"template": template, "task_definition": None}
    assert harbour.outcomes(changes=changes) == {"web": "succeeded"}
    shipped = harbour.ecs.definitions[harbour.ecs.running("web")]
    assert (shipped["cpu"], shipped["containerDefinitions"][0]["image"]) == ("256", "whole")
    harbour.ecs.calls.clear()
    assert harbour.outcomes(changes=changes) == {"web": "no_op"}
    assert harbour.ecs.calls == ["describe services", "describe web:2"]


def test_what_the_infrastructure_changed_reaches_the_next_release() -> None:
    harbour = Harbour(web="works")
    harbour.ship()
    newer = harbour.ecs.register_task_definition(
        tags=[], family="web", cpu="1024", containerDefinitions=[{"name": "app", "image": "placeholder"}]
    )["taskDefinition"]["taskDefinitionArn"]
    changes = {"image": IMAGE, "task_definition": newer}
    assert harbour.outcomes(changes=changes) == {"web": "succeeded"}
    shipped = harbour.ecs.definitions[harbour.ecs.running("web")]
    assert (shipped["cpu"], shipped["containerDefinitions"][0]["image"]) == ("1024", IMAGE)


def test_laid_over_what_runs_the_same_request_is_still_no_change() -> None:
    harbour = Harbour(web="works")
    changes = {"image": IMAGE, "task_definition": None, "environment": {"A": "1"}}
    assert harbour.outcomes(changes=changes) == {"web": "succeeded"}
    assert harbour.outcomes(changes=changes) == {"web": "no_op"}


def test_a_run_that_was_killed_is_followed_and_not_started_again() -> None:
    harbour = Harbour(web="works")

    def killed(dummy: float) -> None:
        raise KeyboardInterrupt

    clock = harbour.time.clock
    harbour.time.clock = lambda: ship_module.Clock(now=clock().now, sleep=killed)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        harbour.ship()
    assert [
        line for line in harbour.lines if "interrupted: deployment ecs-svc/web-1 to web:2 goes on by itself" in line
    ]
    harbour.time.clock = clock  # type: ignore[method-assign]
    result = harbour.ship()["web"]
    assert (result.outcome, result.changed) == ("succeeded", False)
    assert harbour.ecs.updated == [("web", "web:2")]


BEHAVIOURS: tuple[Behaviour, ...] = t.get_args(Behaviour)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[dict[str, Behaviour], dict[str, list[str]]]:
    """Return services that behave somehow, each after some of those before it."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 6)))]
    behaviours = {name: draw(st.sampled_from(BEHAVIOURS)) for name in names}
    after = {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }
    return behaviours, after


@settings(deadline=None, max_examples=150)
@given(
    fleet=fleets(),
    rollback=st.sampled_from(["release", "service", "none"]),
    most=st.one_of(st.none(), st.integers(1, 3)),
    data=st.data(),
)
def test_however_it_goes(
    fleet: tuple[dict[str, Behaviour], dict[str, list[str]]],
    rollback: t.Any,
    most: int | None,
    data: st.DataObject,
) -> None:
    behaviours, after = fleet
    unserved = data.draw(st.sets(st.sampled_from(sorted(behaviours))))
    patched = pytest.MonkeyPatch()
    patched.setattr(ship_module, "Doctor", Doctor)
    try:
        harbour = Harbour(unserved=unserved, **behaviours)
        results = harbour.ship(after, rollback=rollback, max_parallel=most)
    finally:
        patched.undo()
    assert list(results) == list(behaviours), "everything has an end"
    started = [name for name, _revision in harbour.ecs.updated]
    for name, result in results.items():
        running = harbour.ecs.running(name)
        if result.outcome == "succeeded":
            assert running == result.after != result.before
            assert all(results[needed].outcome in GOOD or rollback == "release" for needed in after[name])
        if result.outcome == "rolled_back":
            assert running == result.after == result.before
        if result.outcome == "stopped":
            assert name not in started
        if result.outcome not in GOOD:
            assert result.cause
    if rollback == "release" and {result.outcome for result in results.values()} - GOOD:
        assert not [name for name, result in results.items() if result.outcome == "succeeded" and result.ran_before]
