# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script: what it may say, what it is told when it says something else, and which calls its faults strike."""

from __future__ import annotations

import typing as t

import pytest
from slipway_scenarios import ScenarioError
from slipway_scenarios.behaviours import BlueGreen, CrashLoop, Rolling
from slipway_scenarios.faults import Chance, Fault
from slipway_scenarios.script import Existing, Script


def test_a_script_is_read_in_full() -> None:
    script = Script.parse({
        "existing": {"shop": ["web"], "back": {"worker": {"desired": 1, "breaker": "off"}, "cron": None}},
        "services": {
            "web": ["crash_loop", {"behaviour": "rolling", "seconds": 3}],
            "api-*": {"behaviour": "blue_green", "pause_at": "BAKE_TIME"},
        },
        "going_back": {"behaviour": "rolling", "seconds": 7},
        "faults": [{"fault": "throttled", "operation": "Update*", "first": 2}],
        "seed": 5,
        "service_deployments": False,
    })  # fmt: skip
    assert [script.behaviour("web", number) for number in range(3)] == [CrashLoop(), Rolling(3.0), Rolling(3.0)]
    assert script.behaviour("api-1", 0) == BlueGreen(pause_at=("BAKE_TIME",))
    assert script.behaviour("other", 0) == Rolling()
    assert script.existing == (
        ("shop", "web", Existing()),
        ("back", "worker", Existing(desired=1, breaker="off")),
        ("back", "cron", Existing()),
    )
    assert script.faults == (Fault("throttled", "Update*", first=2),)
    assert (script.going_back, script.seed, script.service_deployments) == (Rolling(7.0), 5, False)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"service": {}}, "The script has no key service. Did you mean services?"),
        ({"services": {"web": "crashloop"}}, "services.web: there is no behaviour crashloop. Did you mean crash_loop?"),
        (
            {"services": {"web": {"behaviour": "rolling", "second": 3}}},
            "services.web (rolling) has no key second. Did you mean seconds?",
        ),
        (
            {"services": {"web": {"behaviour": "rolling", "seconds": "3"}}},
            "services.web (rolling).seconds must be a number, 0 or more, not '3'.",
        ),
        ({"services": {"web": {"seconds": 3}}}, "services.web names no behaviour."),
        ({"services": {"web": []}}, "services.web names no behaviour."),
        (
            {"services": {"web": {"behaviour": "crash_loop", "cause": "out-of-memory"}}},
            "services.web (crash_loop).cause is 'out-of-memory'. Did you mean out_of_memory?",
        ),
        ({"faults": [{"fault": "throttle"}]}, "faults[0].fault is 'throttle'. Did you mean throttled?"),
        ({"faults": [{"operation": "X"}]}, "faults[0] does not say which fault."),
        ({"faults": [{"fault": "reset", "share": 20}]}, "faults[0].share is 20."),
        ({"faults": [{"fault": "reset", "first": -1}]}, "faults[0].first must be a whole number, 0 or more, not -1."),
        ({"existing": {"shop": {"web": {"desird": 1}}}}, "existing.shop.web has no key desird. Did you mean desired?"),
        (["web"], "The script must be a mapping with names as keys, not list."),
        ({"seed": True}, "seed must be a whole number, 0 or more, not True."),
    ],
    ids=[
        "key", "behaviour", "number", "text-for-number", "no-behaviour", "empty-list", "cause", "fault", "no-fault",
        "share", "negative", "existing", "no-mapping", "boolean-for-number",
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told(document: t.Any, told: str) -> None:
    with pytest.raises(ScenarioError) as error:
        Script.parse(document)
    assert str(error.value).startswith(told)


def struck(faults: list[Fault], calls: int, seed: int = 1, operation: str = "UpdateService") -> list[tuple[str, ...]]:
    chance = Chance(faults, seed)
    return [chance.next(operation).names for _number in range(calls)]


def test_faults_strike_the_first_calls_after_those_they_skip() -> None:
    assert struck([Fault("throttled", first=2, skip=1)], 5) == [(), ("throttled",), ("throttled",), (), ()]


def test_faults_strike_their_operation_only() -> None:
    faults = [Fault("throttled", "Describe*", first=1)]
    chance = Chance(faults, 1)
    names = [chance.next(name).names for name in ("UpdateService", "DescribeServices", "DescribeTasks")]
    assert names == [(), ("throttled",), ()]


def test_a_share_is_the_same_for_the_same_seed_and_about_what_it_says() -> None:
    faults = [Fault("server_error", share=0.3)]
    first = struck(faults, 1000)
    assert first == struck(faults, 1000)
    assert first != struck(faults, 1000, seed=2)
    assert 250 < sum(bool(names) for names in first) < 350


def test_one_call_meets_one_refusal_and_any_number_of_delays() -> None:
    faults = [Fault("slow", seconds=1), Fault("throttled"), Fault("reset"), Fault("slow", seconds=2)]
    effects = Chance(faults, 1).next("Any")
    assert (effects.names, effects.slower, effects.reset) == (("slow", "throttled", "slow"), 3.0, False)
    assert effects.refusal is not None
    assert effects.refusal.code == "ThrottlingException"
