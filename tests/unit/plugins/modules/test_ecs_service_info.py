# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""M(slipway.aws.ecs_service_deployment_info) and M(slipway.aws.ecs_service_revision_info) where ECS has no records.

Neither server keeps service deployments: one does not know the API, the other always answers with an empty list.
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.modules import ecs_service_deployment_info, ecs_service_revision_info

if t.TYPE_CHECKING:
    from collections.abc import Callable

Result = dict[str, t.Any]
Ask = t.Callable[..., Result]

READS = {"ecs:ListServiceDeployments", "ecs:DescribeServices"}


@pytest.fixture(params=["moto", "ministack"])
def ask(
    request: pytest.FixtureRequest,
    moto_endpoint: str,
    ministack_endpoint: str,
    run_module: Callable[..., Result],
    connection: Callable[..., Result],
    client: Callable[..., t.Any],
) -> Ask:
    endpoint = {"moto": moto_endpoint, "ministack": ministack_endpoint}[request.param]
    ecs = client("ecs", endpoint)
    ecs.create_cluster(clusterName="dev")
    container = {"name": "app", "image": "127.0.0.1:9/chatbot:1", "memory": 128}
    ecs.register_task_definition(family="chatbot", networkMode="bridge", containerDefinitions=[container])
    ecs.create_service(cluster="dev", serviceName="backend", taskDefinition="chatbot", desiredCount=0, launchType="EC2")

    def run(module: t.Any, *, check: bool = False, **options: t.Any) -> Result:
        # A server that does not know an operation says so with status 500, which would be retried for long.
        once = {"aws_config": {"retries": {"total_max_attempts": 1}}}
        return run_module(module, {**connection(endpoint), **once, "cluster": "dev", **options}, check=check)

    return run


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_deployments_are_read_from_the_service(ask: Ask, check: bool, api_calls: list[str]) -> None:
    api_calls.clear()
    result = ask(ecs_service_deployment_info, service="backend", check=check)
    assert not result.get("failed"), result
    assert (result["changed"], result["source"], result["missing"]) == (False, "service", [])
    assert result["source_reason"] and set(api_calls) <= READS
    (deployment,) = result["deployments"]
    assert deployment["id"].startswith("ecs-svc/") and "task-definition/chatbot:1" in deployment["task_definition"]
    assert deployment["service_deployment_arn"] is None and deployment["created_at"].endswith("Z")


def test_a_service_without_revisions(ask: Ask, api_calls: list[str]) -> None:
    api_calls.clear()
    result = ask(ecs_service_revision_info, service="backend")
    assert not result.get("failed"), result
    assert (result["changed"], result["source"], result["revisions"]) == (False, "none", [])
    assert result["source_reason"] and set(api_calls) <= READS


@pytest.mark.parametrize(
    "module", [ecs_service_deployment_info, ecs_service_revision_info], ids=["deployment", "revision"]
)
def test_a_service_that_is_not_there(ask: Ask, module: t.Any) -> None:
    result = ask(module, service="nobody")
    assert result["failed"] and ("nobody" in result["msg"] or "ServiceNotFound" in result["msg"])


@pytest.mark.parametrize(
    "module", [ecs_service_deployment_info, ecs_service_revision_info], ids=["deployment", "revision"]
)
def test_a_service_must_be_named(ask: Ask, module: t.Any) -> None:
    result = ask(module)
    assert result["failed"] and "Name the cluster and the service" in result["msg"]
