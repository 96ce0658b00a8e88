# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every release that cannot work, on real containers, all side by side, with a visitor at each service."""

from __future__ import annotations

import re

import pytest
from proof import SUCCESS, Proof
from scenarios import SCENARIOS, Scenario, filled
from world import API_KEY, FIRST, PASSWORD, TASKS, World

EVERYBODY = (SUCCESS, *(scenario.name for scenario in SCENARIOS))
per_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
per_service = pytest.mark.parametrize("name", EVERYBODY)


@per_scenario
def test_it_fails_and_is_set_back(proof: Proof, scenario: Scenario) -> None:
    result = proof.of(scenario.name)
    assert (result["outcome"], result["changed"]) == ("rolled_back", True), result["cause"]
    before = proof.before[scenario.name]
    assert (result["before"], result["after"], result["release_id"]) == (before, before, FIRST)
    assert proof.after[scenario.name]["taskDefinition"] == before
    assert proof.after[scenario.name]["runningCount"] == TASKS


@per_scenario
def test_it_has_the_right_diagnosis(proof: Proof, world: World, scenario: Scenario) -> None:
    result = proof.of(scenario.name)
    best = result["diagnoses"][0]
    assert (best["code"], best["confidence"]) == (scenario.code, scenario.confidence), result["diagnoses"]
    said = f"{best['explanation']} {best['fix']}"
    assert result["cause"].startswith(f"{scenario.name}: {best['explanation']} [{scenario.code}, ")
    for words in scenario.cause:
        assert filled(words, world.names) in said
    assert scenario.evidence in " ".join(quote["text"] for quote in best["evidence"])
    assert best["tasks"]
    # Nothing of the second release's own tasks may be taken for what ECS merely replaced.
    assert {task["stop_code"] for task in result["evidence"]["tasks"] if task["task"] in best["tasks"]} <= {
        "EssentialContainerExited",
        "ServiceSchedulerInitiated",
        "TaskFailedToStart",
    }


@per_scenario
def test_no_other_cause_is_held_as_likely(proof: Proof, scenario: Scenario) -> None:
    others = [item for item in proof.of(scenario.name)["diagnoses"][1:] if item["confidence"] != "possible"]
    assert others == []


@per_service
def test_the_service_goes_on_answering(proof: Proof, name: str) -> None:
    assert proof.answers[name] == ("second" if name == SUCCESS else FIRST)


@per_service
def test_no_visitor_lost_a_request(proof: Proof, name: str) -> None:
    visitor = proof.visitors[name]
    events = [f"{event['createdAt']} {event['message']}" for event in proof.after[name]["events"]]
    assert visitor.failures == [], "\n".join(events)
    assert visitor.releases[FIRST] > 0
    # The check inside a container is nothing the load balancer knows of: its visitors see the second release come.
    assert set(visitor.releases) <= {FIRST, *(("second",) if name in (SUCCESS, "container-health") else ())}


def test_a_good_release_arrives_beside_the_bad_ones(proof: Proof) -> None:
    result = proof.of(SUCCESS)
    assert (result["outcome"], result["changed"], result["release_id"]) == ("succeeded", True, "second")
    assert (result["diagnoses"], result["cause"]) == ([], None)
    assert result["after"] != result["before"] == proof.before[SUCCESS]
    assert proof.after[SUCCESS]["taskDefinition"] == result["after"]
    assert proof.visitors[SUCCESS].releases["second"] > 0


def test_the_run_fails_with_every_name_and_cause(proof: Proof) -> None:
    assert proof.shipped.code == 2
    assert proof.shipped.result["failed_services"] == sorted(scenario.name for scenario in SCENARIOS)
    assert proof.shipped.result["changed"] is True
    for scenario in SCENARIOS:
        assert f"{scenario.name} rolled back: " in proof.shipped.result["msg"]


def test_every_service_told_how_it_went_while_it_went(proof: Proof) -> None:
    for name in EVERYBODY:
        told = re.findall(rf"\d+\.\ds  localhost \| ecs_deploy \| {name}: (.*)", proof.shipped.output)
        # Where it goes, how far it is, and how it ended.
        assert re.match(rf"{name}:1 -> {name}:\d+$", told[0]), told
        assert any("running" in line for line in told[1:]), told
        ended = "succeeded after" if name == SUCCESS else "rolled back"
        assert any(line.startswith(ended) for line in told[2:]), told


@pytest.mark.parametrize("secret", [PASSWORD, API_KEY], ids=["in the environment", "in Secrets Manager"])
def test_no_secret_is_said_aloud(proof: Proof, secret: str) -> None:
    assert secret not in proof.shipped.output
    assert secret not in str(proof.shipped.result)
    assert secret not in proof.again.output


def test_what_can_be_known_before_is_found_before_anything_is_written(proof: Proof) -> None:
    assert proof.refused.code == 2
    assert proof.writes_refused == []
    found = {(one["service"], one["check"]) for one in proof.refused.result["preflight"] if one["severity"] == "error"}
    assert found == {
        ("missing-image", "image_exists"),
        ("missing-secret", "secrets_exist"),
        ("missing-json-key", "secret_json_keys"),
    }
    assert API_KEY not in proof.refused.output


def test_the_good_releases_once_more_change_nothing(proof: Proof) -> None:
    assert proof.again.code == 0, proof.again.output[-2000:]
    outcomes = {name: result["outcome"] for name, result in proof.again.result["services"].items()}
    assert outcomes == dict.fromkeys(EVERYBODY, "no_op")
    assert proof.again.result["changed"] is False
    assert proof.writes_again == []
