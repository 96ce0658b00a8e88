# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that ECS refuses for a moment, and calls that it batches."""

from __future__ import annotations

import typing as t

import botocore.exceptions
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import (
    CROWDED_ATTEMPTS,
    describe_services,
    register_task_definition,
)

CROWDED = "Too many concurrent attempts to create a new revision of the specified family."


class Ecs:
    """Refuses to register so many times, with these words."""

    def __init__(self, refusals: int, words: str = CROWDED) -> None:
        self.refusals, self.words = refusals, words
        self.asked: list[t.Any] = []

    def register_task_definition(self, **request: t.Any) -> t.Any:
        self.asked.append(request)
        if len(self.asked) <= self.refusals:
            answer = {"Error": {"Code": "ClientException", "Message": self.words}}
            raise botocore.exceptions.ClientError(answer, "RegisterTaskDefinition")
        return {"taskDefinition": {"taskDefinitionArn": "arn:1"}}

    def describe_services(self, *, cluster: str, services: list[str]) -> t.Any:
        self.asked.append((cluster, len(services)))
        known = [name.removeprefix("arn:") for name in services if name != "gone"]
        return {
            "services": [{"serviceName": name, "serviceArn": f"arn:{name}"} for name in known],
            "failures": [{"arn": "arn:gone", "reason": "MISSING"}],
        }


def test_a_crowded_family_is_tried_again_after_a_pause_that_is_never_the_same() -> None:
    pauses: list[float] = []
    ecs = Ecs(refusals=3)
    assert register_task_definition(ecs, {"family": "f"}, {"k": "v"}, sleep=pauses.append) == "arn:1"
    assert len(ecs.asked) == 4
    assert [pause <= limit for pause, limit in zip(pauses, (1, 2, 4), strict=True)] == [True] * 3
    assert ecs.asked[-1] == {"family": "f", "tags": [{"key": "k", "value": "v"}]}


def test_but_not_for_ever() -> None:
    ecs = Ecs(refusals=99)
    with pytest.raises(AwsError, match="Too many concurrent attempts"):
        register_task_definition(ecs, {"family": "f"}, {}, sleep=lambda dummy: None)
    assert len(ecs.asked) == CROWDED_ATTEMPTS


def test_another_refusal_is_one() -> None:
    ecs = Ecs(refusals=1, words="Container.image must not be blank.")
    with pytest.raises(AwsError, match="must not be blank"):
        register_task_definition(ecs, {"family": "f"}, {}, sleep=lambda dummy: None)
    assert len(ecs.asked) == 1


def test_services_are_described_by_tens_and_those_that_are_missing_are_left_out() -> None:
    ecs = Ecs(refusals=0)
    names = [*(f"s{number}" for number in range(24)), "gone"]
    found = describe_services(ecs, "c", names)
    assert ecs.asked == [("c", 10), ("c", 10), ("c", 5)]
    assert sorted(found) == sorted(names[:-1])


def test_a_service_is_found_by_the_name_or_the_arn_it_was_asked_for() -> None:
    assert set(describe_services(Ecs(0), "c", ["arn:web", "api"])) == {"arn:web", "api"}
