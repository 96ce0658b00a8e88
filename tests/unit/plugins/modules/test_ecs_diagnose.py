# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""M(slipway.aws.ecs_diagnose) against servers that keep clusters, services and logs."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.modules import ecs_diagnose

if t.TYPE_CHECKING:
    from collections.abc import Callable

Result = dict[str, t.Any]

WRITES = ("Create", "Update", "Put", "Register", "Delete", "Run", "Stop", "Start")


class Cloud:
    """A cluster on one server, and the module under test connected to it."""

    def __init__(self, ecs: t.Any, run: Callable[..., Result]) -> None:
        self.ecs = ecs
        self.run = run
        ecs.create_cluster(clusterName="dev")

    def serve(self, desired: int) -> None:
        definition = self.ecs.register_task_definition(
            family="chatbot",
            networkMode="bridge",
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": "app",
                    "image": "127.0.0.1:9/chatbot:1",
                    "essential": True,
                    "environment": [{"name": "DB_PASSWORD", "value": "hunter22"}],
                    "command": ["run", "--login", "hunter22"],
                }
            ],
        )["taskDefinition"]["taskDefinitionArn"]
        self.ecs.create_service(
            cluster="dev",
            serviceName="chatbot",
            taskDefinition=definition,
            desiredCount=desired,
            launchType="EC2",
        )

    def ask(self, check: bool = False, **options: t.Any) -> Result:
        return self.run({"cluster": "dev", "service": "chatbot", **options}, check=check)


@pytest.fixture(params=["moto", "ministack"])
def cloud(
    request: pytest.FixtureRequest,
    moto_endpoint: str,
    ministack_endpoint: str,
    run_module: Callable[..., Result],
    connection: Callable[..., Result],
    client: Callable[..., t.Any],
) -> Cloud:
    endpoint = {"moto": moto_endpoint, "ministack": ministack_endpoint}[request.param]

    def run(params: Result, *, check: bool) -> Result:
        return run_module(ecs_diagnose, {**connection(endpoint), **params}, check=check)

    return Cloud(client("ecs", endpoint), run)


def test_a_service_that_is_not_there_is_an_error(cloud: Cloud) -> None:
    result = cloud.ask()
    assert result["failed"] and "no service chatbot in cluster dev" in result["msg"] and "region" in result["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_a_service_that_is_asked_to_run_nothing(cloud: Cloud, check: bool, api_calls: list[str]) -> None:
    cloud.serve(0)
    api_calls.clear()
    result = cloud.ask(check)
    assert not result["changed"] and not result["healthy"]
    assert [item["code"] for item in result["diagnoses"]] == ["desired_zero"]
    assert "Fix: Set its desired count" in result["summary"]
    assert api_calls and not [call for call in api_calls if call.split(":")[1].startswith(WRITES)]
    assert "hunter22" not in str(result)


def test_negative_log_lines_are_refused(cloud: Cloud) -> None:
    result = cloud.ask(log_lines=-1)
    assert result["failed"] and "log_lines" in result["msg"]
