# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way from a task's options: it looks unless told otherwise, says so in the result, and writes nothing."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.options import ARGUMENTS, deploy
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

REGION = "ap-northeast-1"
REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
DEFAULTS = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
KEYS = {"region": REGION, "access_key": "slipway-unit-test", "secret_key": "slipway-unit-test"}
# Clients of the task itself are moto's, where nobody simulates policies.
NO_SIMULATION = {"role_may_be_passed": "off", "secrets_readable_by_execution_role": "off"}


def plan(image: str, **options: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    """Return what a release of one service would do, in check mode, and what was told meanwhile."""
    lines: list[str] = []
    services = {
        "backend": {
            "cluster": "chatbot",
            "service": "backend",
            "container": "app",
            "image": image,
            "environment": {"STAGE": "test"},
        }
    }
    params = {**DEFAULTS, **KEYS, "services": services, "release_id": "r-1", **options}
    result = deploy(params, check_mode=True, diff=True, report=lambda name, line: lines.append(f"{name}: {line}"))
    return result, lines


@pytest.fixture(autouse=True)
def served(account: t.Any) -> None:
    """Let the account's service run in moto."""
    ecs = account.client("ecs")
    definition = copy.deepcopy(account.definition)
    ecs.register_task_definition(**definition)
    subnets = account.service["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    group = account.client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    network = {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group]}}
    ecs.create_service(
        cluster="chatbot",
        serviceName="backend",
        taskDefinition="chatbot",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=network,
        loadBalancers=account.service["loadBalancers"],
    )


def test_a_release_looks_unless_told_otherwise() -> None:
    with pytest.raises(SlipwayError) as refused:
        plan(f"{REGISTRY}/nope@sha256:{'a' * 64}", preflight=DEFAULTS["preflight"])
    (error,) = [item for item in refused.value.details["preflight"] if item["severity"] == "error"]
    assert (error["check"], error["service"]) == ("image_exists", "backend")
    assert error["message"].endswith("is in a repository that does not exist.")


@pytest.mark.parametrize("off", ["off", False], ids=["quoted", "bare"])
def test_one_word_turns_the_look_off(off: t.Any) -> None:
    result, lines = plan(f"{REGISTRY}/nope@sha256:{'a' * 64}", preflight={"all": off})
    assert (result["changed"], result["preflight"]) == (True, [])
    assert not [line for line in lines if line.startswith("preflight: ")]


def test_what_was_found_stands_in_the_result() -> None:
    result, lines = plan(f"{REGISTRY}/chatbot:v1", preflight=NO_SIMULATION, wait_timeout=60)
    (found,) = result["preflight"]
    assert (found["check"], found["severity"], found["unchecked"], found["lacks"]) == (
        *("timeout_long_enough", "warn", False, ""),
    )
    assert [line for line in lines if line.startswith("preflight: ")] == [
        f"preflight: backend: {found['message']} {found['hint']} [timeout_long_enough]"
    ]
    assert "preflight" not in result["services"]["backend"] and "findings" not in result["services"]["backend"]


def test_a_service_that_is_all_right_has_an_empty_list() -> None:
    result, lines = plan(f"{REGISTRY}/chatbot:v1", preflight=NO_SIMULATION)
    assert (result["changed"], result["preflight"], lines) == (True, [], [])


def test_what_nobody_can_simulate_is_told_in_one_line() -> None:
    result, lines = plan(f"{REGISTRY}/chatbot:v1")
    assert {item["check"] for item in result["preflight"]} == set(NO_SIMULATION)
    assert all(item["unchecked"] and item["severity"] == "warn" for item in result["preflight"])
    assert len(lines) == len({item["message"] for item in result["preflight"]})
