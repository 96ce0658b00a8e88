# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""M(slipway.aws.ecs_task) against a server that runs tasks: each look moves them on, and all exit with 0."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs import one_off_watch
from ansible_collections.slipway.aws.plugins.modules import ecs_task

if t.TYPE_CHECKING:
    from collections.abc import Callable

Result = dict[str, t.Any]

WRITES = {"ecs:RunTask", "ecs:RegisterTaskDefinition", "ecs:StopTask"}
SECRET = "hunter22-is-no-word"


class Cloud:
    """A cluster with a service on Fargate, and the module under test connected to it."""

    def __init__(self, ecs: t.Any, ec2: t.Any, run: Callable[..., Result], calls: list[str]) -> None:
        self.ecs = ecs
        self._ec2 = ec2
        self._run = run
        self._calls = calls
        ecs.create_cluster(clusterName="dev")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        self.subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)["GroupId"]
        self.definition = self.register("chatbot:base")
        network = {"subnets": [self.subnet], "securityGroups": [self.group], "assignPublicIp": "DISABLED"}
        ecs.create_service(
            cluster="dev",
            serviceName="backend",
            taskDefinition=self.definition,
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": network},
        )

    def register(self, image: str, family: str = "chatbot", memory: int = 512) -> str:
        answer = self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            cpu="256",
            memory=str(memory),
            containerDefinitions=[{"name": "app", "image": image, "memory": memory, "essential": True}],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def run(self, *, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        self._calls.clear()
        params = {"cluster": "dev", "service": "backend", "release_id": "r1", **options}
        return self._run(params, check=check, diff=diff)

    def add_instance(self) -> None:
        image = self._ec2.describe_images()["Images"][0]["ImageId"]
        started = self._ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        document = json.dumps({"instanceId": started, "accountId": "123456789012", "region": "ap-northeast-1"})
        self.ecs.register_container_instance(cluster="dev", instanceIdentityDocument=document)

    @property
    def writes(self) -> list[str]:
        return [call for call in self._calls if call in WRITES]

    def tasks(self) -> list[Result]:
        arns = self.ecs.list_tasks(cluster="dev")["taskArns"]
        return list(self.ecs.describe_tasks(cluster="dev", tasks=arns)["tasks"]) if arns else []


@pytest.fixture
def cloud(
    moto_endpoint: str,
    run_module: Callable[..., Result],
    connection: Callable[..., Result],
    client: Callable[..., t.Any],
    api_calls: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Cloud:
    monkeypatch.setattr(one_off_watch, "SHORTEST", 0.01)

    def run(params: Result, *, check: bool, diff: bool) -> Result:
        return run_module(ecs_task, {**connection(moto_endpoint), **params}, check=check, diff=diff)

    return Cloud(client("ecs", moto_endpoint), client("ec2", moto_endpoint), run, api_calls)


def test_it_runs_once_for_each_release(cloud: Cloud) -> None:
    first = cloud.run(command=["migrate"], environment={"WORKERS": "1"})
    assert not first.get("failed"), first
    assert (first["outcome"], first["changed"], first["exit_code"]) == ("succeeded", True, 0)
    assert cloud.writes == ["ecs:RunTask"]
    again = cloud.run(command=["migrate"], environment={"WORKERS": "1"})
    assert (again["outcome"], again["changed"], again["reattached"]) == ("succeeded", False, True)
    assert again["task_arn"] == first["task_arn"] and cloud.writes == []
    (task,) = cloud.tasks()
    assert task["startedBy"] == first["started_by"] and task["launchType"] == "FARGATE"
    assert task["taskDefinitionArn"] == cloud.definition
    details = {item["name"]: item["value"] for item in task["attachments"][0]["details"]}
    assert details["subnetId"] == cloud.subnet
    assert task["overrides"]["containerOverrides"] == [
        {"name": "app", "command": ["migrate"], "environment": [{"name": "WORKERS", "value": "1"}]}
    ]


def test_check_mode_writes_nothing_and_tells_the_same_change(cloud: Cloud) -> None:
    planned = cloud.run(check=True, diff=True, image="chatbot@sha256:" + "a" * 64)
    assert (planned["outcome"], planned["changed"], cloud.writes) == ("planned", True, [])
    assert planned["diff"][1]["before"] == "" and "clientToken" in planned["diff"][1]["after"]
    assert cloud.tasks() == []
    done = cloud.run(image="chatbot@sha256:" + "a" * 64)
    assert done["changed"] is True and cloud.writes == ["ecs:RegisterTaskDefinition", "ecs:RunTask"]
    after = cloud.run(check=True, image="chatbot@sha256:" + "a" * 64)
    assert (after["outcome"], after["changed"], cloud.writes) == ("succeeded", False, [])


def test_the_environment_is_masked_and_nothing_else(cloud: Cloud) -> None:
    result = cloud.run(environment={"PLAIN": SECRET, "STAGE": "dev", "NUMBER": 0, "DEBUG": "True"}, diff=True)
    assert SECRET not in json.dumps(result)
    assert result["invocation"]["module_args"]["environment"] == dict.fromkeys(
        ["PLAIN", "STAGE", "NUMBER", "DEBUG"], "********"
    )
    # Values that are words of everyday life are not blotted out where they mean something else.
    assert (result["cluster"], result["exit_code"], result["changed"]) == ("dev", 0, True)
    assert result["invocation"]["module_args"]["secret_key"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_a_network_of_its_own(cloud: Cloud) -> None:
    network = {"subnets": [cloud.subnet], "security_groups": [cloud.group]}
    result = cloud.run(service=None, task_definition="chatbot", network=network, launch_type="FARGATE")
    assert not result.get("failed"), result
    assert result["task_definition"] == cloud.definition


def test_a_task_that_fits_no_instance_is_a_failure(cloud: Cloud) -> None:
    """The server answers with neither tasks nor failures then."""
    cloud.add_instance()
    cloud.register("chatbot:base", family="greedy", memory=100_000)
    result = cloud.run(task_definition="greedy", launch_type="EC2", environment={"PLAIN": SECRET})
    assert result["failed"] and (result["outcome"], result["changed"]) == ("not_started", False)
    assert result["msg"].startswith("The one-off task of backend in cluster dev did not start: ECS started nothing")
    assert SECRET not in json.dumps(result) and cloud.tasks() == []


def test_it_needs_something_to_run(cloud: Cloud) -> None:
    result = cloud.run(service=None)
    assert result["failed"] and "needs a service" in result["msg"] and cloud.writes == []
