# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Autoscaling is held still while a service is deployed, and is afterwards what it was: whatever happens in between."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("moto.server")
pytest.importorskip("hypothesis")

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._ecs import ship as ship_module
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_scaling import describe_scalable_targets
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, ServiceResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.options import summary
from ansible_collections.slipway.aws.plugins.module_utils._ecs.scaling import BEFORE_TAG, RELEASE_TAG, Suspension
from ansible_collections.slipway.aws.plugins.module_utils._ecs.ship import Voyage, ship
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from hypothesis import given
from hypothesis import strategies as st
from scaling_moto import KEYS, ON, SUSPENDED, Cloud, scaling_cloud
from slow_ecs import Behaviour, OnlyEcs, SlowEcs, Time
from test_ship import IMAGE, TIMEOUT

if t.TYPE_CHECKING:
    from collections.abc import Iterator

IN_ONLY = {**ON, "DynamicScalingInSuspended": True}

pytestmark = pytest.mark.usefixtures("trusting_doctor")


@pytest.fixture(scope="module")
def running_cloud() -> Iterator[Cloud]:
    with scaling_cloud() as made:
        yield made


@pytest.fixture
def cloud(running_cloud: Cloud) -> Cloud:
    running_cloud.empty()
    return running_cloud


class ScaledEcs(OnlyEcs):
    """The slow ECS, with the Application Auto Scaling of a cloud."""

    def __init__(self, ecs: SlowEcs, clients: Clients) -> None:
        super().__init__(ecs)
        self._clients = clients

    def __call__(self, service: str, **options: t.Any) -> t.Any:
        return self._clients(service) if service == "application-autoscaling" else super().__call__(service, **options)


class Harbour:
    """Services that are scaled, and an ECS where they behave somehow."""

    def __init__(self, cloud: Cloud, **behaviours: Behaviour) -> None:
        self.time = Time()
        self.cloud = cloud
        self.ecs = SlowEcs(self.time, behaviours)
        self.lines: list[str] = []
        # What is suspended whenever somebody looks at the services.
        self.meanwhile: list[dict[str, t.Any]] = []
        self.watched = next(iter(behaviours))
        self._clients = Clients({**KEYS, "endpoint_url": cloud.endpoint})

    def ship(self, *, suspend: bool = True, **options: t.Any) -> dict[str, ServiceResult]:
        clients = ScaledEcs(self.ecs, self._clients)
        clock = self.time.clock()

        def sleep(seconds: float) -> None:
            self.meanwhile.append(self.cloud.suspension(self.watched))
            clock.sleep(seconds)

        voyage = Voyage(
            release=Release("r-1"), timeout=TIMEOUT, clock=ship_module.Clock(now=clock.now, sleep=sleep),
            suspend_autoscaling=suspend, **options,
        )  # fmt: skip
        place = {"cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/c", "container": "app", "image": IMAGE}
        targets = [Target.from_options(name, {**place, "service": name}) for name in self.ecs.services]
        return ship(t.cast("t.Any", clients), targets, voyage, lambda name, line: self.lines.append(f"{name}: {line}"))


def left_behind(cloud: Cloud, name: str, before: str = "in=on out=off scheduled=on") -> None:
    """Leave what a run leaves that is killed: everything suspended, and the note of what was."""
    cloud.scaling.register_scalable_target(
        ServiceNamespace="ecs", ScalableDimension="ecs:service:DesiredCount", ResourceId=f"service/c/{name}",
        SuspendedState=SUSPENDED,
    )  # fmt: skip
    arn = cloud.seen(name)["ScalableTargetARN"]
    cloud.scaling.tag_resource(ResourceARN=arn, Tags={BEFORE_TAG: before, RELEASE_TAG: "r-0", "owner": "us"})
    cloud.calls.clear()


def test_it_is_noted_and_suspended_and_restored_and_forgotten(cloud: Cloud) -> None:
    cloud.scale("web", suspended=IN_ONLY)
    harbour = Harbour(cloud, web="works")
    result = harbour.ship()["web"]
    assert (result.outcome, result.autoscaling) == ("succeeded", "restored")
    assert harbour.meanwhile
    assert all(seen == SUSPENDED for seen in harbour.meanwhile)
    assert cloud.suspension("web") == IN_ONLY
    assert cloud.tags_of("web") == {}
    assert cloud.writes == ["TagResource", "RegisterScalableTarget", "RegisterScalableTarget", "UntagResource"]
    found = cloud.seen("web")
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 9), "nothing else of it is touched"


def test_unasked_nothing_is_suspended(cloud: Cloud) -> None:
    cloud.scale("web")
    harbour = Harbour(cloud, web="works")
    assert harbour.ship(suspend=False)["web"].autoscaling is None
    assert cloud.writes == []
    assert all(seen == ON for seen in harbour.meanwhile)


def test_what_is_not_written_is_not_suspended(cloud: Cloud) -> None:
    cloud.scale("web")
    harbour = Harbour(cloud, web="works")
    harbour.ship(suspend=False)
    assert harbour.ship()["web"].outcome == "no_op"
    assert cloud.writes == []


def test_what_nobody_scales_is_deployed_as_ever(cloud: Cloud) -> None:
    harbour = Harbour(cloud, web="works")
    cloud.scale("other")
    harbour.watched = "other"
    result = harbour.ship()["web"]
    assert (result.outcome, result.autoscaling, cloud.writes) == ("succeeded", None, [])


def test_what_a_person_suspended_is_left_to_that_person(cloud: Cloud) -> None:
    cloud.scale("web", suspended=SUSPENDED)
    assert Harbour(cloud, web="works").ship()["web"].outcome == "succeeded"
    assert (cloud.suspension("web"), cloud.writes) == (SUSPENDED, [])


@pytest.mark.parametrize("rollback", ["release", "service", "none"])
@pytest.mark.parametrize("behaviour", ["works", "breaks", "hangs", "is superseded", "refuses"])
def test_however_it_ends_it_is_what_it_was(cloud: Cloud, behaviour: Behaviour, rollback: t.Any) -> None:
    cloud.scale("web", suspended=IN_ONLY)
    harbour = Harbour(cloud, web=behaviour)
    result = harbour.ship(rollback=rollback)["web"]
    assert result.autoscaling == "restored"
    assert all(seen == SUSPENDED for seen in harbour.meanwhile), "also on the way back"
    assert (cloud.suspension("web"), cloud.tags_of("web")) == (IN_ONLY, {})


def test_a_service_that_is_done_does_not_wait_for_the_others(cloud: Cloud) -> None:
    cloud.scale("quick", "slow")
    harbour = Harbour(cloud, quick="works", slow="hangs")
    harbour.ship(rollback="none")
    assert harbour.meanwhile[0] == SUSPENDED
    assert harbour.meanwhile[-1] == ON


def test_but_it_does_where_it_may_have_to_go_back_with_them(cloud: Cloud) -> None:
    cloud.scale("quick", "slow")
    harbour = Harbour(cloud, quick="works", slow="hangs")
    results = harbour.ship(rollback="release")
    assert {result.outcome for result in results.values()} == {"rolled_back"}
    assert all(seen == SUSPENDED for seen in harbour.meanwhile)
    assert (cloud.suspension("quick"), cloud.suspension("slow")) == (ON, ON)


def test_check_mode_says_so_and_writes_nothing(cloud: Cloud) -> None:
    cloud.scale("web")
    harbour = Harbour(cloud, web="works")
    result = harbour.ship(check_mode=True)["web"]
    assert (result.autoscaling, cloud.writes) == ("restored", [])
    assert "web: would hold autoscaling still while it is deployed" in harbour.lines


@pytest.mark.parametrize("suspend", [False, True], ids=["without the option", "with the option"])
@pytest.mark.parametrize("again", [False, True], ids=["a release", "nothing to do"])
def test_what_a_killed_run_left_is_restored(cloud: Cloud, suspend: bool, again: bool) -> None:
    cloud.scale("web")
    harbour = Harbour(cloud, web="works")
    if again:
        harbour.ship(suspend=False)
    left_behind(cloud, "web")
    result = harbour.ship(suspend=suspend)["web"]
    assert result.outcome == ("no_op" if again else "succeeded")
    assert (result.changed, result.autoscaling) == (True, "restored")
    assert cloud.suspension("web") == {**ON, "DynamicScalingOutSuspended": True}
    assert cloud.tags_of("web") == {"owner": "us"}
    told = "web: autoscaling is still suspended by a release that was killed; it will be restored"
    assert told in harbour.lines


def test_check_mode_tells_of_it_and_leaves_it(cloud: Cloud) -> None:
    cloud.scale("web")
    left_behind(cloud, "web")
    result = Harbour(cloud, web="works").ship(check_mode=True, suspend=False)["web"]
    assert (result.changed, result.autoscaling, cloud.writes) == (True, "restored", [])


def test_a_refused_release_restores_it_too(cloud: Cloud) -> None:
    cloud.scale("web")
    left_behind(cloud, "web")
    harbour = Harbour(cloud, web="works")
    harbour.ecs.services["web"].rollouts[0].definition = "gone"
    with pytest.raises(KeyError):
        harbour.ship(suspend=False)
    assert cloud.tags_of("web") == {"owner": "us"}


@pytest.mark.parametrize("note", ["", "in=on", "in=on out=off scheduled=maybe", "nonsense"], ids=repr)
def test_a_note_that_is_not_ours_is_not_followed(cloud: Cloud, note: str) -> None:
    cloud.scale("web")
    left_behind(cloud, "web", note)
    Harbour(cloud, web="works").ship()
    assert (cloud.suspension("web"), cloud.writes) == (SUSPENDED, [])


def test_interrupted_it_is_restored_after_it_was_said_what_goes_on(cloud: Cloud) -> None:
    cloud.scale("web")
    harbour = Harbour(cloud, web="works")
    clock = harbour.time.clock

    def interrupt(dummy: float) -> None:
        harbour.meanwhile.append(cloud.suspension("web"))
        raise KeyboardInterrupt

    harbour.time.clock = lambda: ship_module.Clock(now=clock().now, sleep=interrupt)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        harbour.ship()
    assert harbour.meanwhile[-1] == SUSPENDED
    assert (cloud.suspension("web"), cloud.tags_of("web")) == (ON, {})
    assert "goes on by itself" in harbour.lines[-2]
    assert harbour.lines[-1] == "web: autoscaling is as it was before"


def test_who_may_not_look_ships_all_the_same(cloud: Cloud) -> None:
    cloud.scale("web")
    cloud.refused["DescribeScalableTargets"] = ["AccessDeniedException"]
    harbour = Harbour(cloud, web="works")
    assert harbour.ship(suspend=False)["web"].outcome == "succeeded"
    assert not [line for line in harbour.lines if "scal" in line]


def test_but_not_if_it_is_asked_for(cloud: Cloud) -> None:
    cloud.scale("web")
    cloud.refused["DescribeScalableTargets"] = ["AccessDeniedException"]
    harbour = Harbour(cloud, web="works")
    with pytest.raises(SlipwayError, match=r"cannot be held still.* needs application-autoscaling:Describe"):
        harbour.ship()
    assert not {"register", "update"} & set(harbour.ecs.calls)


@pytest.mark.parametrize("operation", ["TagResource", "RegisterScalableTarget"])
def test_what_cannot_be_suspended_is_not_deployed(cloud: Cloud, operation: str) -> None:
    cloud.scale("web")
    cloud.refused[operation] = ["AccessDeniedException"]
    harbour = Harbour(cloud, web="works")
    result = harbour.ship()["web"]
    assert (result.outcome, result.changed) == ("failed", False)
    assert "AccessDeniedException" in str(result.cause)
    assert "update" not in harbour.ecs.calls
    assert (cloud.suspension("web"), cloud.tags_of("web")) == (ON, {})


def test_a_target_that_somebody_else_writes_is_waited_for(cloud: Cloud) -> None:
    cloud.scale("web")
    cloud.refused["RegisterScalableTarget"] = ["ConcurrentUpdateException"] * 3
    assert Harbour(cloud, web="works").ship()["web"].autoscaling == "restored"
    assert cloud.suspension("web") == ON


def test_what_cannot_be_restored_is_told_and_warned_of_and_left_for_the_next(cloud: Cloud) -> None:
    cloud.scale("web")
    harbour = Harbour(cloud, web="works")
    update = harbour.ecs.update_service

    def lose_the_right(**request: t.Any) -> t.Any:
        cloud.refused["RegisterScalableTarget"] = ["AccessDeniedException"] * 2
        return update(**request)

    harbour.ecs.update_service = lose_the_right  # type: ignore[method-assign]
    results = harbour.ship()
    assert (results["web"].outcome, results["web"].autoscaling) == ("succeeded", "suspended")
    assert summary(results)["warnings"] == ["Autoscaling is still suspended: web. Run this again."]
    assert cloud.tags_of("web")[RELEASE_TAG] == "r-1"
    cloud.refused.clear()
    assert harbour.ship(suspend=False)["web"].autoscaling == "restored"
    assert cloud.suspension("web") == ON


def test_all_services_together_are_looked_at_by_fifties(cloud: Cloud) -> None:
    names = [f"s{number:02d}" for number in range(60)]
    cloud.scale("s00", "s59")
    harbour = Harbour(cloud, **dict.fromkeys(names, "works"))
    harbour.ship(suspend=False)
    harbour.ecs.calls.clear()
    cloud.calls.clear()
    assert {result.outcome for result in harbour.ship(suspend=False).values()} == {"no_op"}
    assert cloud.calls == ["DescribeScalableTargets"] * 2
    assert (len(harbour.ecs.calls) + len(cloud.calls)) / len(names) <= 1.2


def test_further_pages_are_read() -> None:
    class Pages:
        """Answers one target a page."""

        def describe_scalable_targets(self, **request: t.Any) -> dict[str, t.Any]:
            page = int(request.get("NextToken", "0"))
            more = {"NextToken": str(page + 1)} if page < 2 else {}
            return {"ScalableTargets": [{"ResourceId": request["ResourceIds"][page]}], **more}

    found = describe_scalable_targets(Pages(), ["a", "b", "c"])
    assert [item["ResourceId"] for item in found] == ["a", "b", "c"]


@given(kinds=st.frozensets(st.sampled_from(["in", "out", "scheduled"])))
def test_a_note_says_exactly_what_was(kinds: frozenset[str]) -> None:
    suspension = Suspension(kinds)
    assert Suspension.from_tag(suspension.as_tag) == suspension
    assert Suspension.from_api(suspension.as_api) == suspension


RUN = """
import sys
from test_ecs_scaling import Cloud, Harbour
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock

harbour = Harbour(Cloud(sys.argv[1]), web="hangs")
harbour.time.clock = Clock
harbour.ship(rollback="none")
"""


def test_a_run_that_is_killed_for_real_is_made_up_for_by_the_next(cloud: Cloud) -> None:
    cloud.scale("web", suspended=IN_ONLY)
    here = Path(__file__).parent
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, cloud.endpoint],
        env={"PYTHONPATH": ":".join([str(here), *sys.path]), "AWS_EC2_METADATA_DISABLED": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + 60
        while cloud.suspension("web") != SUSPENDED:
            assert run.poll() is None, run.stdout.read() if run.stdout else ""
            assert time.monotonic() < deadline, cloud.calls
            time.sleep(0.1)
    finally:
        run.send_signal(signal.SIGKILL)
        run.communicate()
    assert cloud.suspension("web") == SUSPENDED, "nobody restored it"
    assert cloud.tags_of("web")[RELEASE_TAG] == "r-1"
    harbour = Harbour(cloud, web="works")
    assert harbour.ship(suspend=False)["web"].autoscaling == "restored"
    assert (cloud.suspension("web"), cloud.tags_of("web")) == (IN_ONLY, {})
