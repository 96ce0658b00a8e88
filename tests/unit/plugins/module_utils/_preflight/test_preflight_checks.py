# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each check: silent about a service that is all right, and a sentence about what is not."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._preflight.inspect import inspect
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import Policy
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT, REGION = "123456789012", "ap-northeast-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
SECRET_VALUE = "hunter2-" + "Zq9"
TASKS = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
OTHER = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:other-AbCdEf"
SINGLE = json.dumps({"schemaVersion": 2, "config": {"digest": "sha256:" + "1" * 64}, "layers": []})
ARM = json.dumps({"schemaVersion": 2, "manifests": [{"platform": {"os": "linux", "architecture": "arm64"}}]})
BARE = json.dumps({"schemaVersion": 2, "manifests": [{"platform": {"os": "unknown", "architecture": "unknown"}}]})


def test_a_service_that_is_all_right_has_no_findings(account: t.Any) -> None:
    assert account.look().as_result() == []


def test_nothing_to_ship_is_nothing_to_ask() -> None:
    assert inspect(None, [], Policy()).as_result() == []  # type: ignore[arg-type]


# --- one thing wrong, one finding -------------------------------------------------------------------------------


def image(text: str) -> Callable[[t.Any], None]:
    return lambda a: a.container.update(image=text)


def secret(value: str) -> Callable[[t.Any], None]:
    return lambda a: a.container["secrets"][0].update(valueFrom=value)


def of_secret(suffix: str) -> Callable[[t.Any], None]:
    """Keep the secret, and ask for another key or version of it."""

    def change(a: t.Any) -> None:
        item = a.container["secrets"][0]
        item["valueFrom"] = ":".join(item["valueFrom"].split(":")[:7]) + suffix

    return change


def rollout(least: int, most: int, desired: int = 2) -> Callable[[t.Any], None]:
    def change(a: t.Any) -> None:
        a.service["deploymentConfiguration"] = {"minimumHealthyPercent": least, "maximumPercent": most}
        a.service["desiredCount"] = a.service["runningCount"] = desired

    return change


def trust(*statements: dict[str, t.Any]) -> Callable[[t.Any], None]:
    return lambda a: a.definition.update(taskRoleArn=a.role("other", *statements))


def service(**changes: t.Any) -> Callable[[t.Any], None]:
    return lambda a: a.service.update(changes)


def definition(**changes: t.Any) -> Callable[[t.Any], None]:
    return lambda a: a.definition.update(changes)


def container(**changes: t.Any) -> Callable[[t.Any], None]:
    return lambda a: a.container.update(changes)


def decision(action: str, verdict: str = "implicitDeny") -> Callable[[t.Any], None]:
    return lambda a: a.decisions.update({(action, "*"): verdict})


def log(**options: str) -> Callable[[t.Any], None]:
    named = {f"awslogs-{key.replace('_', '-')}": value for key, value in options.items()}
    return lambda a: a.container["logConfiguration"]["options"].update(named)


def together(*changes: Callable[[t.Any], None]) -> Callable[[t.Any], None]:
    def change(a: t.Any) -> None:
        for each in changes:
            each(a)

    return change


def pushed(text: str) -> Callable[[t.Any], None]:
    def change(a: t.Any) -> None:
        a.push("other", text)
        a.container["image"] = f"{REGISTRY}/chatbot:other"

    return change


def deleted_secret(a: t.Any) -> None:
    a.client("secretsmanager").delete_secret(SecretId="chatbot/db", RecoveryWindowInDays=7)


def empty_secret(a: t.Any) -> None:
    a.container["secrets"][0]["valueFrom"] = a.client("secretsmanager").create_secret(Name="empty")["ARN"]


def plain_secret(a: t.Any) -> None:
    made = a.client("secretsmanager").create_secret(Name="plain", SecretString=SECRET_VALUE)
    a.container["secrets"][0]["valueFrom"] = f"{made['ARN']}:password::"


def few_addresses(a: t.Any) -> None:
    subnets = a.service["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    described = [{"SubnetId": name, "AvailableIpAddressCount": 0, "AvailabilityZone": "z"} for name in subnets]
    described[0]["AvailableIpAddressCount"] = 1
    a.answers["DescribeSubnets"] = {"Subnets": described}
    a.definition["volumes"] = []


def other_targets(a: t.Any) -> None:
    vpc = a.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = a.client("elbv2").create_target_group(
        Name="instances", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="instance"
    )["TargetGroups"][0]
    a.service["loadBalancers"][0]["targetGroupArn"] = made["TargetGroupArn"]


def blue_green_targets(a: t.Any) -> None:
    gone = a.service["loadBalancers"][0]["targetGroupArn"][:-4] + "0000"
    a.service["loadBalancers"][0]["advancedConfiguration"] = {"alternateTargetGroupArn": gone}


def one_mount_target_less(a: t.Any) -> None:
    efs = a.client("efs")
    identifier = a.definition["volumes"][0]["efsVolumeConfiguration"]["fileSystemId"]
    targets = efs.describe_mount_targets(FileSystemId=identifier)["MountTargets"]
    first = a.service["networkConfiguration"]["awsvpcConfiguration"]["subnets"][0]
    for target in targets:
        if target["SubnetId"] == first:
            efs.delete_mount_target(MountTargetId=target["MountTargetId"])


def no_mount_target(a: t.Any) -> None:
    made = a.client("efs").create_file_system(CreationToken="other")["FileSystemId"]
    a.definition["volumes"][0]["efsVolumeConfiguration"]["fileSystemId"] = made


def on_instances(a: t.Any) -> None:
    """Two tasks that hold a port of their instance each, on a cluster of two."""
    a.service.pop("capacityProviderStrategy")
    a.service |= {"launchType": "EC2", "networkConfiguration": {}, "loadBalancers": []}
    a.definition |= {"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}
    a.container["portMappings"] = [{"containerPort": 8000, "hostPort": 80}]
    cluster = {"clusterArn": a.service["clusterArn"], "registeredContainerInstancesCount": 2}
    a.answers["DescribeClusters"] = {"clusters": [cluster]}


def known_provider(a: t.Any, status: str = "ACTIVE") -> None:
    name = "instances"
    a.service["capacityProviderStrategy"] = [{"capacityProvider": name}]
    a.answers["DescribeCapacityProviders"] = {"capacityProviders": [{"name": name, "status": status}]}
    cluster = {"clusterArn": a.service["clusterArn"], "capacityProviders": [name]}
    a.answers["DescribeClusters"] = {"clusters": [cluster]}


def leaving_provider(a: t.Any) -> None:
    known_provider(a, "INACTIVE")


def unknown_provider(a: t.Any) -> None:
    known_provider(a)
    a.answers["DescribeCapacityProviders"] = {"capacityProviders": [], "failures": []}


def from_before(**changes: t.Any) -> Callable[[t.Any], None]:
    return lambda a: a.running.update(changes)


def image_before(text: str) -> Callable[[t.Any], None]:
    return lambda a: a.running["containerDefinitions"][0].update(image=text)


DIGEST = "sha256:" + "a" * 64
WRONG: list[t.Any] = [
    ("image_exists", "error", "app, .*chatbot:nope, is not in ECR", image(f"{REGISTRY}/chatbot:nope")),
    ("image_exists", "error", f"chatbot@{DIGEST}, is not in ECR", image(f"{REGISTRY}/chatbot@{DIGEST}")),
    ("image_exists", "error", f"chatbot:v1@{DIGEST}, is not in ECR", image(f"{REGISTRY}/chatbot:v1@{DIGEST}")),
    ("image_exists", "error", "repository that does not exist", image(f"{REGISTRY}/nope:v1")),
    ("image_exists", "error", "chatbot, is not in ECR", image(f"{REGISTRY}/chatbot")),
    ("image_platform", "error", "is for linux/arm64, but its tasks run on linux/amd64", pushed(ARM)),
    ("image_platform", "error", "is for linux/arm64, but its tasks run on linux/amd64", pushed(SINGLE)),
    ("image_platform", "error", "tasks run on windows/amd64",
     definition(runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"})),
    ("image_platform", "warn", "does not say for which platform", pushed(BARE)),
    ("image_platform", "warn", "of a kind we do not know", pushed("{}")),
    ("roles_exist", "error", "execution role .*role/app/nope does not exist",
     definition(executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/app/nope")),
    ("roles_exist", "error", "task role nope does not exist", definition(taskRoleArn="nope")),
    ("roles_exist", "error", "no execution role, but its containers want secrets", definition(executionRoleArn=None)),
    ("roles_exist", "error", "no execution role, but Fargate needs one to pull images from ECR",
     together(definition(executionRoleArn=None), container(secrets=[]))),
    ("roles_exist", "error", "no execution role, but Fargate needs one to write logs",
     together(definition(executionRoleArn=None), container(secrets=[], image="docker.io/library/nginx:1"))),
    ("roles_trust_ecs_tasks", "error", "task role .*role/other does not trust ECS tasks", trust(LAMBDA)),
    ("role_may_be_passed", "error", "role/ci/deploy may not pass the (execution|task) role",
     decision("iam:PassRole")),
    ("role_may_be_passed", "error", "a policy denies it", decision("iam:PassRole", "explicitDeny")),
    ("role_may_be_passed", "warn", "depends on aws:CalledVia",
     together(decision("iam:PassRole"), lambda a: a.missing_context.append("aws:CalledVia"))),
    ("secrets_exist", "error", r"secret other-AbCdEf \(container app, PASSWORD\) does not exist", secret(OTHER)),
    ("secrets_exist", "error", "is marked for deletion", deleted_secret),
    ("secrets_exist", "error", "no version with the stage NEXT", of_secret(":password:NEXT:")),
    ("secrets_exist", "error", "no version 0000", of_secret(":password::0000")),
    ("secrets_exist", "error", "no version with the stage AWSCURRENT", empty_secret),
    ("secrets_exist", "error", "parameter /nope .* does not exist", secret("/nope")),
    ("secrets_exist", "error", "parameter chatbot/db .* does not exist", secret("chatbot/db")),
    ("secrets_exist", "error", "secret nope .* does not exist", secret("/aws/reference/secretsmanager/nope")),
    ("secrets_exist", "error", "app, log option token",
     lambda a: a.container["logConfiguration"].update(secretOptions=[{"name": "token", "valueFrom": OTHER}])),
    ("secrets_exist", "error", "app, repository credentials",
     container(repositoryCredentials={"credentialsParameter": OTHER})),
    ("secrets_exist", "error", "does not exist in eu-west-1",
     secret(f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/chatbot/key")),
    ("secrets_readable_by_execution_role", "error", r"may not read chatbot/db-\w{6} .*no policy allows it",
     decision("secretsmanager:GetSecretValue")),
    ("secrets_readable_by_execution_role", "error", "may not read /chatbot/key .*a policy denies it",
     decision("ssm:GetParameters", "explicitDeny")),
    ("secrets_readable_by_execution_role", "warn", "has a policy of its own",
     together(decision("secretsmanager:GetSecretValue"),
              lambda a: a.answers.update(GetResourcePolicy={"ResourcePolicy": "{}"}))),
    ("log_group", "error", "log group /ecs/nope of container app does not exist", log(group="/ecs/nope")),
    ("log_group", "error", "/ecs/chatbot/back of container app does not exist", log(group="/ecs/chatbot/back")),
    ("log_group", "error", "in eu-west-1", log(region="eu-west-1")),
    ("log_group", "error", "is to be made by the first task, but the execution role",
     together(log(group="/ecs/nope", create_group="true"), decision("logs:CreateLogGroup"))),
    ("target_group_port", "error", "sends to container app, but the task definition has web", container(name="web")),
    ("target_group_port", "error", "sends to port 8000 of container app, whose port mappings are: 80, 90-99",
     container(portMappings=[{"containerPort": 80}, {"containerPortRange": "90-99"}])),
    ("target_group_port", "error", "service registry sends to port 9",
     service(serviceRegistries=[{"containerName": "app", "containerPort": 9}])),
    ("target_group_port", "error", "of the type instance, but tasks in the network mode awsvpc", other_targets),
    ("target_group_port", "error", "target group .* does not exist", blue_green_targets),
    ("subnets_have_addresses", "warn", "have 1 free addresses, but the rollout needs 2", few_addresses),
    ("percents_cannot_stall", "error", "rollout of 1 task would never begin", rollout(100, 100, 1)),
    ("percents_cannot_stall", "error", r"rounded up: 3.*rounded down: 3", rollout(100, 125, 3)),
    ("percents_cannot_stall", "error", "leaves room for 1 only", rollout(0, 99)),
    ("percents_cannot_stall", "error", "holds port 80 of its instance, .* has 2 instances", on_instances),
    ("timeout_long_enough", "warn", "longer than the timeout of 300 s", lambda a: setattr(a, "timeout", 300.0)),
    ("way_back", "warn", "no way back to c:41: it is deregistered", from_before(status="INACTIVE")),
    ("way_back", "warn", "chatbot:gone, is gone from ECR", image_before(f"{REGISTRY}/chatbot:gone")),
    ("way_back", "error", "no way back to c:41",
     together(lambda a: setattr(a, "rollback", True), from_before(status="INACTIVE"))),
    ("revision_active", "error", "revision chatbot:7 is INACTIVE",
     definition(status="INACTIVE", taskDefinitionArn=f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/chatbot:7")),
    ("cpu_memory_valid", "error", "takes 512 to 2048 MiB in fixed steps, not 4096", definition(memory="4096")),
    ("cpu_memory_valid", "error", "Fargate has no tasks of 300 CPU units", definition(cpu="300")),
    ("cpu_memory_valid", "error", "Fargate needs cpu and memory", definition(memory=None)),
    ("cpu_memory_valid", "error", "ask for 512 CPU units, but the task has 256", container(cpu=512)),
    ("cpu_memory_valid", "error", "app asks for 1024 MiB of memory, but the task has 512", container(memory=1024)),
    ("capacity_provider_exists", "error", "FARGATE_SPOT does not belong to the cluster chatbot .which has: FARGATE",
     service(capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}])),
    ("capacity_provider_exists", "error", "provider instances is INACTIVE", leaving_provider),
    ("capacity_provider_exists", "error", "provider instances does not exist", unknown_provider),
    ("efs_reachable", "warn", "file system fs-00000000 of volume data does not exist",
     definition(volumes=[{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-00000000"}}])),
    ("efs_reachable", "warn", "no mount target in ap-northeast-1a", one_mount_target_less),
    ("efs_reachable", "warn", "no mount target that is available", no_mount_target),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "severity", "words", "change"), WRONG, ids=[f"{i}-{w[0]}" for i, w in enumerate(WRONG)]
)
def test_what_is_wrong_is_found(account: t.Any, check: str, severity: str, words: str, change: t.Any) -> None:
    change(account)
    found = account.look().found
    ours = [item for item in found if item.check == check]
    assert ours, found
    for item in ours:
        assert item.severity == severity
        assert item.service == "backend"
        assert item.message.endswith(".") and item.hint.endswith(".")
    assert any(re.search(words, item.message) for item in ours), ours
    assert SECRET_VALUE not in str(found)
    # Breaking one thing may show in its neighbours, but nothing else could not be asked.
    assert not [item for item in found if "could not be checked" in item.message and item.check != check]


RIGHT: list[t.Any] = [
    ("image_exists", image("docker.io/library/nginx:1.29")),
    ("image_exists", image("127.0.0.1:5000/chatbot:v9")),
    ("image_platform", definition(runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"})),
    ("image_platform", together(pushed(SINGLE), definition(runtimePlatform={"cpuArchitecture": "ARM64"}))),
    ("image_platform", together(on_instances, pushed(ARM))),
    ("roles_exist", together(definition(executionRoleArn=None), on_instances, container(secrets=[]))),
    ("roles_exist", definition(taskRoleArn="task")),
    ("roles_trust_ecs_tasks", trust({**TASKS, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}})),
    ("roles_trust_ecs_tasks", trust(LAMBDA, TASKS)),
    ("role_may_be_passed",
     together(decision("iam:PassRole"), lambda a: setattr(a, "caller", f"arn:aws:iam::{ACCOUNT}:root"))),
    ("secrets_exist", secret("/aws/reference/secretsmanager/chatbot/db")),
    ("secrets_exist", of_secret(":password:AWSCURRENT:")),
    ("secrets_exist", secret(f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/chatbot/key")),
    ("secrets_exist", secret("/chatbot/key:1")),
    ("log_group", log(group="/ecs/nope", create_group="true")),
    ("log_group", container(logConfiguration={"logDriver": "awsfirelens"})),
    ("target_group_port", container(portMappings=[{"containerPortRange": "7999-8001"}])),
    ("subnets_have_addresses", together(few_addresses, rollout(0, 100))),
    ("subnets_have_addresses", together(few_addresses, rollout(50, 150))),
    ("percents_cannot_stall", rollout(0, 100, 1)),
    ("percents_cannot_stall", rollout(100, 134, 3)),
    ("percents_cannot_stall", rollout(100, 100, 0)),
    ("percents_cannot_stall", together(on_instances, rollout(50, 200))),
    ("percents_cannot_stall", together(rollout(100, 100), lambda a: a.service["deploymentConfiguration"].update(
        strategy="BLUE_GREEN"))),
    ("timeout_long_enough", together(lambda a: setattr(a, "timeout", 1.0), rollout(100, 200, 0))),
    ("way_back", together(from_before(status="INACTIVE"), rollout(0, 100, 0))),
    ("way_back", lambda a: a.running.clear() or setattr(a, "running", None)),
    ("revision_active", definition(status="ACTIVE")),
    ("cpu_memory_valid", definition(cpu=".25 vCPU", memory="1 GB")),
    ("cpu_memory_valid", definition(cpu="32768", memory="999424")),
    ("cpu_memory_valid", together(on_instances, definition(cpu=None, memory=None), container(memoryReservation=64))),
    ("capacity_provider_exists", known_provider),
    ("efs_reachable", together(one_mount_target_less, on_instances)),
    ("efs_reachable", definition(volumes=[{"name": "scratch"}])),
]  # fmt: skip


@pytest.mark.parametrize(("check", "change"), RIGHT, ids=[f"{i}-{r[0]}" for i, r in enumerate(RIGHT)])
def test_what_is_right_is_left_in_peace(account: t.Any, check: str, change: t.Any) -> None:
    change(account)
    found = account.look().found
    assert [item for item in found if item.check == check] == []


# --- what secrets hold -------------------------------------------------------------------------------------------


def test_secrets_are_not_read_unless_asked(account: t.Any) -> None:
    of_secret(":nope::")(account)
    assert account.look().found == ()
    assert "GetSecretValue" not in account.calls


@pytest.mark.parametrize(
    ("change", "words"),
    [(of_secret(":nope::"), "has no JSON key nope"), (plain_secret, "is not JSON, so it has no key password")],
    ids=["no-key", "no-json"],
)
def test_json_keys_are_looked_for_when_asked(account: t.Any, change: t.Any, words: str) -> None:
    account.options["read_secrets"] = True
    assert account.look().found == ()
    change(account)
    (found,) = account.look().found
    assert (found.check, found.severity) == ("secret_json_keys", "error")
    assert words in found.message
    assert SECRET_VALUE not in str(found)


def test_who_may_not_read_secrets_is_warned_at_most(account: t.Any) -> None:
    account.options["read_secrets"] = True
    account.refusals["GetSecretValue"] = "AccessDeniedException"
    (found,) = account.look().found
    assert (found.check, found.severity) == ("secret_json_keys", "warn")
    assert "secretsmanager:GetSecretValue" in found.hint


def test_parameters_are_listed_and_only_read_where_that_is_the_only_way(account: t.Any) -> None:
    by_arn = {"name": "BY_ARN", "valueFrom": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/chatbot/key"}
    account.container["secrets"] += [by_arn, {"name": "NOPE", "valueFrom": "/nope"}]
    for refused, asked in (("GetParameters", {"DescribeParameters"}), ("DescribeParameters", None)):
        account.refusals = {refused: "AccessDeniedException"}
        (found,) = account.look().found
        assert found.message.startswith("The parameter /nope ")
        assert {name for name in account.calls if name.endswith("Parameters")} == (
            asked or {*account.refusals, "GetParameters"}
        )
    account.refusals = {"GetParameters": "AccessDeniedException"}
    account.container["secrets"] = [
        {"name": "THEIRS", "valueFrom": f"arn:aws:ssm:{REGION}:111122223333:parameter/chatbot/key"}
    ]
    (found,) = account.look().found
    assert (found.severity, "GetParameters is refused" in found.message) == ("warn", True)


def test_a_policy_of_a_secret_that_nobody_may_see_stops_nothing(account: t.Any) -> None:
    decision("secretsmanager:GetSecretValue")(account)
    account.refusals["GetResourcePolicy"] = "AccessDeniedException"
    (found,) = account.look().found
    assert (found.check, found.severity) == ("secrets_readable_by_execution_role", "warn")
    assert found.lacks == "secretsmanager:GetResourcePolicy"


def test_in_check_mode_a_tag_may_still_be_pushed(account: t.Any) -> None:
    account.container["image"] = f"{REGISTRY}/chatbot:next"
    rehearsed = dataclasses.replace(account.subject(), rehearsed=True)
    assert account.look(rehearsed).found == ()
    (found,) = account.look().found
    assert found.check == "image_exists"
    account.container["image"] = f"{REGISTRY}/chatbot@{DIGEST}"
    assert [item.check for item in account.look(rehearsed).found] == ["image_exists"]


def test_services_in_the_same_subnets_count_together(account: t.Any) -> None:
    few_addresses(account)
    account.answers["DescribeSubnets"]["Subnets"][0]["AvailableIpAddressCount"] = 3
    assert account.look().found == ()
    elsewhere = {"awsvpcConfiguration": {"subnets": ["subnet-00000000"]}}
    other = Subject("other", {**account.service, "networkConfiguration": elsewhere}, account.definition, None, 900)
    account.answers["DescribeSubnets"]["Subnets"].append({"SubnetId": "subnet-00000000", "AvailableIpAddressCount": 9})
    assert account.look(account.subject(), other).found == ()
    found = account.look(account.subject("a"), account.subject("b"), other).found
    assert [item.service for item in found] == ["a", "b"]
    assert "needs 2, and all services of this release in these subnets 4." in found[0].message
