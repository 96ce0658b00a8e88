# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role C(release) under Ansible itself: redis, then the tables, then what needs both; and what a failure leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from slipway_scenarios import ScenarioCloud

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
ACCOUNT = "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop"
QUICK: dict[str, t.Any] = {"behaviour": "rolling", "seconds": 0.2}
SCRIPT: dict[str, t.Any] = {"services": {"*": QUICK}, "going_back": QUICK}
SHIPPING = ("UpdateService", "RunTask")

PLAY = """
- name: Release
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Plan
      ansible.builtin.include_role:
        name: slipway.aws.release
        tasks_from: plan
    - name: Ship the release, or bring back what was there
      block:
        - name: Services and migrations, in one order
          ansible.builtin.include_role:
            name: slipway.aws.release
            tasks_from: ship
      rescue:
        - name: Way back
          ansible.builtin.include_role:
            name: slipway.aws.release
            tasks_from: undo
      always:
        - name: Receipt
          ansible.builtin.include_role:
            name: slipway.aws.release
            tasks_from: record
"""


class Stack:
    """A cluster with three services on Fargate, and a release of them."""

    def __init__(self, cloud: ScenarioCloud, folder: Path) -> None:
        self.cloud, self._folder = cloud, folder
        self.output = ""
        ec2, self.ecs = cloud.client("ec2"), cloud.client("ecs")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="shop", Description="shop", VpcId=vpc)["GroupId"]
        network = {"subnets": [subnet], "securityGroups": [group], "assignPublicIp": "DISABLED"}
        cloud.client("s3").create_bucket(Bucket="ledger")
        self.ecs.create_cluster(clusterName="shop")
        self.base = {name: self._serve(name, network) for name in ("api", "redis", "worker")}
        (folder / "play.yml").write_text(PLAY)

    def _serve(self, name: str, network: dict[str, t.Any]) -> str:
        made = self.ecs.register_task_definition(
            family=name,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "app", "image": f"{IMAGE}:0", "memory": 512, "essential": True}],
        )["taskDefinition"]["taskDefinitionArn"]
        self.ecs.create_service(
            cluster="shop",
            serviceName=name,
            taskDefinition=made,
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": network},
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        )
        return str(made)

    @property
    def delivery(self) -> dict[str, t.Any]:
        after = {"redis": [], "api": ["tables"], "worker": ["api"]}
        return {
            "schema": 1,
            "system": "shop",
            "environment": "test",
            "region": REGION,
            "account": ACCOUNT,
            "repositories": {"shop": IMAGE},
            "services": {
                name: {
                    "cluster": "shop",
                    "service": name,
                    "container": "app",
                    "image": "shop",
                    "task_definition": self.base[name],
                    "after": after[name],
                }
                for name in self.base
            },
            # There are functions, and no station for them: they count as there already.
            "functions": {"chat": {"name": "chat", "image": "shop", "after": ["redis"]}},
            "migrations": {
                "tables": {"service": "api", "command": ["migrate"], "after": ["chat"]},
                "texts": {"service": "api", "command": ["migrate"], "after": ["redis"]},
            },
            "endpoints": {"public": "https://shop.test"},
            "alarms": {"required": []},
            "ledger": {"bucket": "ledger", "prefix": ""},
        }

    def release(self, name: str, *words: str) -> int:
        """Run the play, and return Ansible's exit code."""
        self.cloud.forget_calls()
        digest = f"sha256:{name[-1] * 64}"
        pushed = {"uri": f"{IMAGE}@{digest}", "digest": digest}
        variables = {
            "delivery": self.delivery,
            "ecr_push_result": {"changed": False, "images": {"shop": pushed}},
            "release_id": name,
            "release_project_dir": str(self._folder),
            "release_actor": "a test",
            "ecs_deploy_preflight": {"all": "off"},
            "ansible_python_interpreter": sys.executable,
        }
        play = yaml.safe_load(PLAY)
        play[0]["module_defaults"] = {"group/slipway.aws.all": {**self.cloud.connection, "region": REGION}}
        (self._folder / "play.yml").write_text(yaml.safe_dump(play))
        (self._folder / "variables.json").write_text(json.dumps(variables))
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "ansible",
                "playbook",
                "play.yml",
                "-i",
                "localhost,",
                "-e",
                "@variables.json",
                *words,
            ],
            cwd=self._folder,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.output = done.stdout + done.stderr
        return done.returncode

    def order(self) -> list[str]:
        """Return what was shipped, in the order in which it began."""
        return [call.operation for call in self.cloud.calls() if call.operation in SHIPPING]

    def revisions(self) -> dict[str, int]:
        services = self.ecs.describe_services(cluster="shop", services=["api", "redis", "worker"])["services"]
        return {item["serviceName"]: int(item["taskDefinition"].rpartition(":")[2]) for item in services}

    def receipt(self, release: str) -> dict[str, t.Any]:
        (path,) = (self._folder / ".slipway" / "releases").glob(f"*-{release}.json")
        receipt: dict[str, t.Any] = json.loads(path.read_text())
        return receipt


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "AWS_", "BOTO"))}
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with ScenarioCloud(SCRIPT, region=REGION) as cloud:
        yield Stack(cloud, tmp_path)


def test_everything_ships_in_order_and_once(stack: Stack) -> None:
    assert stack.release("r1", "--check") == 0, stack.output
    assert stack.order() == [] and stack.cloud.writes() == []
    assert "services redis, then migrations tables, texts, then services api, worker" in stack.output
    assert "Functions are not released yet, and stay as they are: chat." in stack.output

    assert stack.release("r1") == 0, stack.output
    assert stack.order() == ["UpdateService", "RunTask", "RunTask", "UpdateService", "UpdateService"]
    before = stack.revisions()
    assert 1 not in before.values()
    receipt = stack.receipt("r1")
    assert receipt["outcome"] == "succeeded"
    assert {name: unit["outcome"] for name, unit in receipt["units"]["services"].items()} == dict.fromkeys(
        ("api", "redis", "worker"), "succeeded"
    )
    migrations = receipt["units"]["migrations"]
    assert {name: unit["outcome"] for name, unit in migrations.items()} == {"tables": "succeeded", "texts": "succeeded"}
    # The same command for the same service: only their names tell them apart.
    assert len({unit["task_arn"] for unit in migrations.values()}) == 2

    assert stack.release("r1") == 0, stack.output
    assert stack.order() == [] and stack.cloud.writes() == [] and stack.revisions() == before
    assert "no op" in stack.output


def test_a_failed_migration_stops_what_is_behind_it_and_brings_back_what_was_before(stack: Stack) -> None:
    stack.cloud.play({**SCRIPT, "faults": [{"fault": "error", "operation": "RunTask", "skip": 1}]})
    assert stack.release("r1") == 2, stack.output
    # Redis forth, the first migration, the refused one, redis back.
    assert stack.order() == ["UpdateService", "RunTask", "RunTask", "UpdateService"]
    assert stack.revisions() == {"api": 1, "redis": 1, "worker": 1}
    receipt = stack.receipt("r1")
    assert receipt["outcome"] == "rolled_back"
    assert {name: unit["outcome"] for name, unit in receipt["units"]["migrations"].items()} == {
        "tables": "succeeded",
        "texts": "failed",
    }
    assert set(receipt["units"]["services"]) == {"redis"}
    assert receipt["failure"]["untouched"] == {"services": ["api", "worker"]}
    assert "of texts in cluster shop did not start" in receipt["failure"]["message"]
    assert "Not touched: api, worker." in stack.output, stack.output
    assert "What these migrations did stays: tables." in stack.output, stack.output


def test_a_failed_last_voyage_brings_back_the_first(stack: Stack) -> None:
    stack.cloud.play({**SCRIPT, "services": {"api": "crash_loop", "*": QUICK}})
    assert stack.release("r1", "-e", "ecs_deploy_fail_fast=false") == 2, stack.output
    assert stack.revisions() == {"api": 1, "redis": 1, "worker": 1}
    receipt = stack.receipt("r1")
    services = receipt["units"]["services"]
    assert receipt["outcome"] == "rolled_back" and receipt["failure"]["untouched"] == {}
    assert (services["redis"]["outcome"], services["api"]["outcome"]) == ("succeeded", "rolled_back")
    assert (services["worker"]["outcome"], services["worker"]["changed"]) == ("stopped", False)
