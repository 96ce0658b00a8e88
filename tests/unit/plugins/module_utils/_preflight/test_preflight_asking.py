# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All problems at once, whatever cannot be asked; and few calls, however many services there are."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._preflight import inspect as looking
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.hurry import in_a_hurry
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

SECRET_VALUE = "hunter2-" + "Zq9"


def simulated_resources(asked: dict[str, str]) -> list[str]:
    return sorted(value for name, value in asked.items() if name.startswith("ResourceArns.member."))


# Every operation a look makes for a healthy service, and the checks that cannot do without it.
NEEDED = {
    "BatchGetImage": {"image_exists", "image_platform", "way_back"},
    "DescribeClusters": {"capacity_provider_exists"},
    "DescribeFileSystems": {"efs_reachable"},
    "DescribeLogGroups": {"log_group"},
    "DescribeMountTargets": {"efs_reachable"},
    "DescribeParameters": {"secrets_exist"},
    "DescribeSecret": {"secrets_exist"},
    "DescribeSubnets": {"efs_reachable", "subnets_have_addresses"},
    "DescribeTargetGroupAttributes": {"timeout_long_enough"},
    "DescribeTargetGroups": {"target_group_port", "timeout_long_enough"},
    "GetCallerIdentity": {"role_may_be_passed"},
    "GetRole": {"roles_exist", "roles_trust_ecs_tasks"},
    "SimulatePrincipalPolicy": {"role_may_be_passed", "secrets_readable_by_execution_role"},
}
# What IAM calls them, as far as they need a permission that is denied here.
LACKING = {
    "ec2:DescribeSubnets",
    "ecr:BatchGetImage",
    "ecs:DescribeClusters",
    "elasticfilesystem:DescribeFileSystems",
    "elasticloadbalancing:DescribeTargetGroups",
    "iam:GetRole",
    "iam:SimulatePrincipalPolicy",
    "logs:DescribeLogGroups",
    "secretsmanager:DescribeSecret",
    "ssm:DescribeParameters",
    "sts:GetCallerIdentity",
}


def test_the_table_names_every_call(account: t.Any) -> None:
    account.look()
    assert set(account.calls) == set(NEEDED)


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalFailure"])
@pytest.mark.parametrize("operation", sorted(NEEDED))
def test_what_cannot_be_asked_is_named_and_hides_nothing(account: t.Any, operation: str, code: str) -> None:
    account.refusals[operation] = code
    if operation == "DescribeParameters":
        account.refusals["GetParameters"] = code
    account.definition["cpu"] = "300"
    found = account.look().found
    assert {item.check for item in found} == NEEDED[operation] | {"cpu_memory_valid"}
    for item in found:
        if item.check == "cpu_memory_valid":
            assert item.severity == "error"
        else:
            assert (item.severity, item.message[:27]) == ("warn", "This could not be checked. "[:27])
            assert ("Allow " in item.hint) == (code == "AccessDeniedException")
            assert item.hint.endswith(f"set preflight.{item.check} to off.")


def test_everything_denied_is_warnings_only(account: t.Any) -> None:
    account.refusals = dict.fromkeys([*NEEDED, "GetParameters"], "AccessDenied")
    findings = account.look(account.subject("backend"), account.subject("worker"))
    assert findings.errors == ()
    assert {item.check for item in findings.warnings} == set.union(*NEEDED.values())
    assert {item.lacks for item in findings.warnings} == LACKING
    checks = ", ".join(sorted(set.union(*NEEDED.values())))
    assert findings.warning_lines() == [
        f"backend, worker ({checks}): This could not be checked for want of {', '.join(sorted(LACKING))}. "
        "Allow that to whoever releases, or set these checks to off."
    ]


def test_who_is_denied_again_and_again_is_not_asked_for_more(account: t.Any) -> None:
    account.refusals["GetRole"] = "AccessDenied"
    subjects = [
        Subject(f"s{index}", account.service, {**account.definition, "taskRoleArn": f"s{index}"}, None, 900)
        for index in range(60)
    ]
    account.look(*subjects)
    # Eight side by side may each find out for themselves.
    assert account.calls["GetRole"] <= 16


def test_who_is_denied_some_is_asked_for_all(account: t.Any) -> None:
    """One allowed role among foreign ones shows that looking at roles is not forbidden as such."""
    subjects = [account.subject()]
    for index in range(30):
        definition = {**account.definition, "taskRoleArn": account.role(f"s{index}")}
        subjects.append(Subject(f"s{index}", account.service, definition, None, 900))
    assert account.look(*subjects).found == ()
    account.denied_roles = {f"s{index}" for index in range(30)}
    found = account.look(*subjects).found
    assert account.calls["GetRole"] == 33
    assert {item.service for item in found} == account.denied_roles


def test_all_problems_at_once_in_order(account: t.Any) -> None:
    account.container["image"] = account.container["image"].replace("v1", "nope")
    account.definition["taskRoleArn"] = "nope"
    account.service["loadBalancers"][0]["containerPort"] = 9
    account.running["status"] = "INACTIVE"
    account.refusals["DescribeLogGroups"] = "AccessDeniedException"
    other = Subject("a-worker", account.service, {**account.definition, "cpu": "1"}, account.running, 900)
    found = account.look(account.subject(), other).found
    both = ["image_exists", "roles_exist", "target_group_port"]
    assert [(item.severity, item.service, item.check) for item in found] == [
        *(("error", "a-worker", check) for check in ["cpu_memory_valid", *both]),
        *(("error", "backend", check) for check in both),
        *(("warn", service, check) for service in ("a-worker", "backend") for check in ("log_group", "way_back")),
    ]


def test_a_check_that_stumbles_hides_nothing_and_tells_no_text(account: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def talk() -> t.Any:
        yield from ()
        raise ValueError(SECRET_VALUE)

    def at_once(*_given: t.Any) -> t.Any:
        raise KeyError(SECRET_VALUE)

    def good(*_given: t.Any) -> t.Any:
        yield Problem("Something is wrong.", "Mend it.")

    checks = {"image_exists": at_once, "way_back": good, "log_group": lambda *_given: iter([talk()])}
    monkeypatch.setattr(looking, "CHECKS", checks)
    found = {item.check: item.message for item in account.look().found}
    assert found == {
        "image_exists": "This could not be checked. An unexpected KeyError.",
        "log_group": "This could not be checked. An unexpected ValueError.",
        "way_back": "Something is wrong.",
    }


def test_a_signed_address_is_in_no_error(account: t.Any, blobs: t.Any) -> None:
    manifest = {"schemaVersion": 2, "config": {"digest": "sha256:" + "1" * 64}, "layers": []}
    account.push("single", json.dumps(manifest))
    account.container["image"] = account.container["image"].replace("v1", "single")
    for body, words in ((b"", "answered 403"), (b"no json", "no JSON object")):
        blobs.blob = body
        (found,) = account.look().found
        assert (found.check, found.severity, words in found.message) == ("image_platform", "warn", True)
    account.blobs = "http://127.0.0.1:9"
    (found,) = account.look().found
    assert "Signature" not in str(found) and "127.0.0.1" not in str(found)


def test_a_page_in_place_of_an_answer_is_left_out(account: t.Any) -> None:
    account.refusals["DescribeLogGroups"] = "500"
    account.refusal_text = "<!doctype html>\n<html lang=en>\n<h1>Internal Server Error</h1>"
    (found,) = account.look().found
    assert found.message == "This could not be checked. Could not list log groups: 500."


@pytest.mark.parametrize(
    ("config", "attempts", "patience"),
    [(None, 4, 15), ({"read_timeout": 5}, 4, 5), ({"retries": {"total_max_attempts": 6}}, 6, 15)],
    ids=["as-usual", "read-timeout", "attempts"],
)
def test_clients_give_up_soon_unless_told_otherwise(config: t.Any, attempts: int, patience: int) -> None:
    keys = {"region": "ap-northeast-1", "access_key": "slipway-unit-test", "secret_key": "slipway-unit-test"}
    clients = Clients({**keys, "aws_config": config})
    made = in_a_hurry(clients)("sts").meta.config
    assert (made.retries["total_max_attempts"], made.read_timeout) == (attempts, patience)
    assert clients("sts").meta.config.connect_timeout > made.connect_timeout, "the others keep their patience"


def test_a_session_is_simulated_as_its_role_with_its_path(account: t.Any) -> None:
    account.look()
    passed = [asked for asked in account.simulated if asked["ActionNames.member.1"] == "iam:PassRole"]
    assert {asked["PolicySourceArn"] for asked in passed} == {"arn:aws:iam::123456789012:role/ci/deploy"}
    assert {asked["ContextEntries.member.1.ContextKeyValues.member.1"] for asked in passed} == {
        "ecs-tasks.amazonaws.com"
    }
    assert [simulated_resources(asked) for asked in passed] == [
        [account.definition["executionRoleArn"], account.definition["taskRoleArn"]]
    ]
    read = [asked for asked in account.simulated if asked not in passed]
    secret = account.container["secrets"][0]["valueFrom"].removesuffix(":password::")
    assert {asked["ActionNames.member.1"]: simulated_resources(asked) for asked in read} == {
        "secretsmanager:GetSecretValue": [secret],
        "ssm:GetParameters": ["arn:aws:ssm:ap-northeast-1:123456789012:parameter/chatbot/key"],
    }


def test_who_simulates_the_first_resource_only_is_asked_for_each(account: t.Any) -> None:
    account.simulates_first_only = True
    account.decisions["iam:PassRole", account.definition["taskRoleArn"]] = "implicitDeny"
    (found,) = account.look().found
    assert (found.check, "may not pass the task role" in found.message) == ("role_may_be_passed", True)


@pytest.mark.parametrize("number", [5, 50])
def test_services_share_their_calls(account: t.Any, number: int) -> None:
    """As many as for one, where they have roles, subnets, secrets and repository in common."""
    subjects = [
        Subject(f"s{index}", account.service, account.definition, account.running, 900) for index in range(number)
    ]
    assert account.look(*subjects).found == ()
    assert sum(account.calls.values()) < 20, account.calls
    assert account.calls["BatchGetImage"] == account.calls["DescribeSubnets"] == 1
    assert account.calls["GetRole"] == 3, "execution, task, and our own"


def test_what_differs_is_asked_in_batches(account: t.Any) -> None:
    logs, ssm, elb = (account.client(name) for name in ("logs", "ssm", "elbv2"))
    group = elb.describe_target_groups()["TargetGroups"][0]
    subjects = []
    for index in range(50):
        definition, service = copy.deepcopy(account.definition), copy.deepcopy(account.service)
        container = definition["containerDefinitions"][0]
        logs.create_log_group(logGroupName=f"/ecs/chatbot/s{index}")
        container["logConfiguration"]["options"]["awslogs-group"] = f"/ecs/chatbot/s{index}"
        ssm.put_parameter(Name=f"/chatbot/s{index}", Value=SECRET_VALUE, Type="SecureString")
        container["secrets"][1]["valueFrom"] = f"/chatbot/s{index}"
        container["image"] = container["image"].replace("v1", f"s{index}")
        account.push(f"s{index}", '{"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]}')
        made = elb.create_target_group(
            Name=f"s{index}", Protocol="HTTP", Port=80, VpcId=group["VpcId"], TargetType="ip"
        )["TargetGroups"][0]
        service["loadBalancers"][0]["targetGroupArn"] = made["TargetGroupArn"]
        subjects.append(Subject(f"s{index}", service, definition, account.running, 900))
    assert account.look(*subjects).found == ()
    # moto has ten parameters on a page, however many are asked for.
    batches = {"BatchGetImage": 1, "DescribeTargetGroups": 3, "DescribeParameters": 6, "SimulatePrincipalPolicy": 4}
    assert {name: account.calls[name] for name in batches} == batches
    assert account.calls["DescribeLogGroups"] <= 2
    assert sum(account.calls.values()) < 80, account.calls  # 50 of them for the attributes of the target groups


def of_its_own(account: t.Any, name: str) -> Subject:
    """Return a service with everything of its own but the cluster, its subnets and its files."""
    definition, service = copy.deepcopy(account.definition), copy.deepcopy(account.service)
    container = definition["containerDefinitions"][0]
    for kind in ("executionRoleArn", "taskRoleArn"):
        definition[kind] = account.role(f"{name}-{kind[0]}")
    account.client("ecr").create_repository(repositoryName=name)
    text = '{"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}], "schemaVersion": 2}'
    account.client("ecr").put_image(
        repositoryName=name,
        imageTag="v1",
        imageManifest=text,
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
    )
    container["image"] = f"{container['image'].partition('/')[0]}/{name}:v1"
    made = account.client("secretsmanager").create_secret(Name=name, SecretString="{}")
    container["secrets"] = [{"name": "KEY", "valueFrom": made["ARN"]}]
    account.client("logs").create_log_group(logGroupName=f"/ecs/chatbot/{name}")
    container["logConfiguration"]["options"]["awslogs-group"] = f"/ecs/chatbot/{name}"
    elb = account.client("elbv2")
    vpc = elb.describe_target_groups()["TargetGroups"][0]["VpcId"]
    group = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")["TargetGroups"][0]
    service["loadBalancers"][0]["targetGroupArn"] = group["TargetGroupArn"]
    return Subject(name, service, definition, copy.deepcopy(definition), 900)


# docs/preflight.md has these: services with everything of their own, and the calls that looking at them takes.
CALLS = {1: 14, 10: 68, 100: 622}


@pytest.mark.parametrize("number", sorted(CALLS))
def test_the_documented_number_of_calls(account: t.Any, number: int) -> None:
    account.caller = "arn:aws:iam::123456789012:role/deploy"
    subjects = [of_its_own(account, f"s{index}") for index in range(number)]
    assert account.look(*subjects).found == ()
    assert sum(account.calls.values()) == CALLS[number], account.calls


def test_one_that_is_missing_does_not_spoil_a_batch(account: t.Any) -> None:
    subjects = [account.subject()]
    for index in range(9):
        service = copy.deepcopy(account.service)
        if index == 4:
            service["networkConfiguration"]["awsvpcConfiguration"]["subnets"] = ["subnet-00000000"]
            gone = service["loadBalancers"][0]["targetGroupArn"][:-4] + "0000"
            service["loadBalancers"][0]["targetGroupArn"] = gone
        subjects.append(Subject(f"s{index}", service, account.definition, account.running, 900))
    found = account.look(*subjects).found
    assert {(item.service, item.check) for item in found} == {
        ("s4", "target_group_port"), ("s4", "subnets_have_addresses")
    }  # fmt: skip


def test_an_api_that_is_not_there_is_not_asked_again_and_again(account: t.Any) -> None:
    account.refusals["GetRole"] = "InternalFailure"
    subjects = [
        Subject(f"s{index}", account.service, {**account.definition, "taskRoleArn": f"s{index}"}, None, 900)
        for index in range(60)
    ]
    found = account.look(*subjects).found
    assert {item.check for item in found} == NEEDED["GetRole"]
    # Eight side by side may each find out for themselves.
    assert account.calls["GetRole"] <= 16
