# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""M(slipway.aws.ecs_prune) against a server that keeps task definitions, services and tasks."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.modules import ecs_prune

if t.TYPE_CHECKING:
    from collections.abc import Callable

Result = dict[str, t.Any]
BACKEND = {"cluster": "dev", "service": "backend", "container": "app", "after": []}
WRITE = "ecs:DeregisterTaskDefinition"


class Cloud:
    """A cluster with a service, twelve revisions of its family, and the module under test connected to it."""

    def __init__(self, ecs: t.Any, ec2: t.Any, run: Callable[..., Result], calls: list[str]) -> None:
        self.ecs, self._ec2, self._run, self.calls = ecs, ec2, run, calls
        ecs.create_cluster(clusterName="dev")
        self.arns = [self.register(ours=number > 1) for number in range(1, 13)]
        ecs.create_service(
            cluster="dev", serviceName="backend", taskDefinition=self.arns[4], desiredCount=0, launchType="EC2"
        )

    def register(self, *, ours: bool) -> str:
        answer = self.ecs.register_task_definition(
            family="chatbot",
            networkMode="bridge",
            containerDefinitions=[{"name": "app", "image": "127.0.0.1:9/chatbot:1", "memory": 128}],
            tags=[{"key": "slipway:fingerprint", "value": "f"}] if ours else [{"key": "team", "value": "chat"}],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def run_once(self, revision: str) -> None:
        vpc = self._ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self._ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.ecs.run_task(
            cluster="dev",
            taskDefinition=revision,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "DISABLED"}},
        )

    def prune(self, *, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        self.calls.clear()
        result = self._run({"services": {"backend": BACKEND}, "keep": 4, **options}, check=check, diff=diff)
        return {key: value for key, value in result.items() if key != "invocation"}

    def active(self) -> list[int]:
        arns = self.ecs.list_task_definitions(familyPrefix="chatbot", status="ACTIVE")["taskDefinitionArns"]
        return sorted(int(arn.rpartition(":")[2]) for arn in arns)


@pytest.fixture
def cloud(
    moto_endpoint: str,
    run_module: Callable[..., Result],
    connection: Callable[..., Result],
    client: Callable[..., t.Any],
    api_calls: list[str],
) -> Cloud:
    # A server that does not know an operation says so with status 500, which would be retried for long.
    once = {"aws_config": {"retries": {"total_max_attempts": 1}}}

    def run(params: Result, *, check: bool, diff: bool) -> Result:
        return run_module(ecs_prune, {**connection(moto_endpoint), **once, **params}, check=check, diff=diff)

    return Cloud(client("ecs", moto_endpoint), client("ec2", moto_endpoint), run, api_calls)


def numbers(result: Result) -> list[int]:
    return [int(arn.rpartition(":")[2]) for arn in result["deregistered"]]


def test_what_is_old_and_not_needed_goes_once(cloud: Cloud) -> None:
    receipts = [{"release_id": "r3", "units": {"services": {"backend": {"before": cloud.arns[2]}}}}]
    planned = cloud.prune(receipts=receipts, check=True, diff=True)
    assert not planned.get("failed"), planned
    assert numbers(planned) == [2, 4, 6, 7, 8] and WRITE not in cloud.calls
    assert cloud.active() == list(range(1, 13))
    done = cloud.prune(receipts=receipts, diff=True)
    assert done == planned and cloud.calls.count(WRITE) == 5
    assert cloud.active() == [1, 3, 5, 9, 10, 11, 12]
    assert done["diff"][0]["after"].splitlines() == [f"chatbot:{number}" for number in cloud.active()]
    reasons = {item["revision"]: item["reasons"] for item in done["families"]["chatbot"]["kept"]}
    assert reasons[cloud.arns[0]] == ["no release of this collection made it"]
    assert reasons[cloud.arns[4]][0] == "service backend in cluster dev is set to it"
    assert done["not_asked"] and "no service deployments" in done["not_asked"][0]
    again = cloud.prune(receipts=receipts)
    assert (again["changed"], again["deregistered"]) == (False, []) and WRITE not in cloud.calls


def test_a_one_off_task_keeps_what_it_runs(cloud: Cloud) -> None:
    cloud.run_once(cloud.arns[6])
    result = cloud.prune(only_ours=False)
    assert numbers(result) == [1, 2, 3, 4, 6, 8]
    kept = {item["revision"]: item["reasons"] for item in result["families"]["chatbot"]["kept"]}
    assert "in cluster dev runs it" in kept[cloud.arns[6]][0]


def test_a_named_cluster_that_does_not_exist_stops_it(cloud: Cloud) -> None:
    result = cloud.prune(clusters=["prod"])
    assert result["failed"] and "Could not list the ECS services: ClusterNotFoundException" in result["msg"]
    assert cloud.active() == list(range(1, 13))


def test_options_that_make_no_sense_touch_nothing(cloud: Cloud) -> None:
    result = cloud.prune(keep=0)
    assert result["failed"] and result["msg"] == "keep is 0. The newest revision of a family always stays."
    assert cloud.calls == []
