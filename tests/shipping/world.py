# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small world to ship to: one load balancer, one cluster, and services that answer before anything is tried."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from cloud import Cloud
from ecs import wait_for
from home import Home, free_port
from images import push_all

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CLUSTER = "shipping"
FIRST = "first"
TASKS = 2
# Seconds after which a deployment that neither comes up nor fails is called one that failed.
PATIENCE = 240
# Ships whatever it is told to, without a look before the first write.
UNSEEN = {"all": "off"}
ABSENT = "sha256:" + "0" * 64
# What must never be said aloud, and is given to every service.
PASSWORD, API_KEY = "seven-geese-fly-north", "k-4815162342-never-say-this"
FOREIGN = ("ANSIBLE_", "AWS_", "DOCKER_", "PULUMI_", "SLIPWAY_", "MINISTACK_")
ALLOW_READING = {"Effect": "Allow", "Action": "s3:GetObject"}
BREAKER = {"enable": True, "rollback": True}
NO_WAY_BACK = {"enable": True, "rollback": False}


@dataclasses.dataclass(frozen=True)
class Run:
    """A playbook that ended: its exit code, what it printed, and the result it kept."""

    code: int
    output: str
    result: dict[str, t.Any]


@dataclasses.dataclass
class World:
    """A strict local cloud with a shop in it."""

    folder: Path
    home: Home = dataclasses.field(init=False)
    names: dict[str, str] = dataclasses.field(default_factory=dict)
    domain: str = ""
    _network: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    _listener: str = ""
    _runs: int = 0

    def __post_init__(self) -> None:
        program = (str(HERE / "strict_cloud.py"),)
        self.home = Home(self.folder / "local cloud", free_port(), program=program)

    # -- the cloud, and what everybody shares --

    def open(self) -> None:
        self.home.present()
        account, region = self.home.endpoints["account"], self.home.endpoints["region"]
        repository = self.client("ecr").create_repository(repositoryName="shop/app")["repository"]["repositoryUri"]
        self.names |= push_all(self.home, self.folder / "context", repository)
        secret = self.client("secretsmanager").create_secret(
            Name="shop/keys", SecretString=json.dumps({"api_key": API_KEY})
        )["ARN"]
        self.names |= {
            "secret": secret,
            "absent_secret": f"arn:aws:secretsmanager:{region}:{account}:secret:shop/payment-AbCdEf",
            "shop_secrets": f"arn:aws:secretsmanager:{region}:{account}:secret:shop/*",
            "absent_image": f"{repository}@{ABSENT}",
            "absent_tag": f"{repository}:never-pushed",
            "source_bucket": "shop-source",
            "role": f"arn:aws:iam::{account}:role",
        }
        self._make_roles()
        self.client("s3").create_bucket(Bucket="shop-source", CreateBucketConfiguration={"LocationConstraint": region})
        self.client("s3").put_object(Bucket="shop-source", Key="app/source.zip", Body=b"the source")
        self.client("ecs").create_cluster(clusterName=CLUSTER)
        self._make_network()
        self._make_load_balancer()

    def close(self) -> None:
        self.home.absent()

    def client(self, service: str) -> t.Any:
        return self.home.client(service)

    def _make_roles(self) -> None:
        iam = self.client("iam")
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        for role in ("execution", "task", "source-reader"):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
        reading = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": self.names["shop_secrets"]}
        self.allow("execution", reading)
        # The mistake that system 5 was shipped with: the bucket, and not the objects in it.
        self.allow(
            "source-reader", {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-source"}
        )

    def allow(self, role: str, statement: t.Mapping[str, t.Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("iam").put_role_policy(RoleName=role, PolicyName="source", PolicyDocument=document)

    def _make_network(self) -> None:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)
        ]
        self._network = {"vpc": vpc, "subnets": subnets}

    def _make_load_balancer(self) -> None:
        elb = self.client("elbv2")
        balancer = elb.create_load_balancer(Name=CLUSTER, Subnets=self._network["subnets"])["LoadBalancers"][0]
        self.domain = balancer["DNSName"]
        nowhere = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no such service"}
        self._listener = elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": nowhere}],
        )["Listeners"][0]["ListenerArn"]

    # -- services --

    def start(
        self, name: str, *, role: str = "task", grace: int = 0, breaker: t.Mapping[str, bool] | None = None
    ) -> None:
        """Create a service that runs the first release, with a way to it through the load balancer."""
        elb = self.client("elbv2")
        group = elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=8000,
            VpcId=self._network["vpc"],
            TargetType="ip",
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.modify_target_group_attributes(
            TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}]
        )
        elb.create_rule(
            ListenerArn=self._listener,
            Priority=len(elb.describe_rules(ListenerArn=self._listener)["Rules"]) + 1,
            Conditions=[{"Field": "path-pattern", "Values": [f"/{name}/*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        self.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
        self.client("ecs").create_service(
            cluster=CLUSTER,
            serviceName=name,
            taskDefinition=self._register(name, role),
            desiredCount=TASKS,
            launchType="FARGATE",
            loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 8000}],
            networkConfiguration={"awsvpcConfiguration": {"subnets": self._network["subnets"]}},
            healthCheckGracePeriodSeconds=grace,
            deploymentConfiguration={
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
                "deploymentCircuitBreaker": dict(breaker or BREAKER),
            },
        )

    def _register(self, name: str, role: str) -> str:
        values = {
            "RELEASE_ID": FIRST,
            "IMAGE_DIGEST": self.names["good"].partition("@")[2],
            "DB_PASSWORD": PASSWORD,
        }
        container = {
            "name": "app",
            "image": self.names["good"],
            "essential": True,
            "stopTimeout": 5,
            "portMappings": [{"containerPort": 8000}],
            "environment": [{"name": key, "value": value} for key, value in values.items()],
            "secrets": [{"name": "API_KEY", "valueFrom": f"{self.names['secret']}:api_key::"}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": f"/ecs/{name}",
                    "awslogs-region": self.home.endpoints["region"],
                    "awslogs-stream-prefix": "app",
                },
            },
        }
        reply = self.client("ecs").register_task_definition(
            family=name,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            taskRoleArn=f"{self.names['role']}/{role}",
            executionRoleArn=f"{self.names['role']}/execution",
            containerDefinitions=[container],
        )
        return str(reply["taskDefinition"]["taskDefinitionArn"])

    def service(self, name: str) -> dict[str, t.Any]:
        found: dict[str, t.Any] = self.client("ecs").describe_services(cluster=CLUSTER, services=[name])["services"][0]
        return found

    def is_up(self, name: str) -> bool:
        """Tell whether a service has nothing under way and all that it should run."""
        found = self.service(name)
        states = {one["status"]: one["rolloutState"] for one in found["deployments"]}
        # A deployment that failed stays in the list of this cloud.
        return (
            states["PRIMARY"] == "COMPLETED"
            and "IN_PROGRESS" not in states.values()
            and found["runningCount"] == found["desiredCount"] == TASKS
        )

    def wait_until_up(self, names: t.Iterable[str], seconds: float = 120.0) -> None:
        for name in names:
            wait_for(f"that {name} is up", functools.partial(self.is_up, name), seconds)

    def retire(self, names: t.Iterable[str]) -> None:
        for name in names:
            self.client("ecs").delete_service(cluster=CLUSTER, service=name, force=True)

    def answers(self, name: str) -> str:
        """Return the release that answers for a service through the load balancer."""
        answer = self.front_door.ask(self.domain, f"/{name}/")
        return str(answer.json()["release_id"]) if answer.status == 200 else f"HTTP {answer.status}"

    @property
    def front_door(self) -> Cloud:
        return Cloud(self.home.endpoints["endpoint_url"], Path(self.home.endpoints["call_log"]))

    # -- the public road --

    def target(self, name: str, **wishes: t.Any) -> dict[str, t.Any]:
        """Return what the role is told of a service: where it is, and what it should run."""
        wanted = {"image": self.names["good"], **wishes}
        return {"cluster": CLUSTER, "service": name, "container": "app", **wanted}

    def ship(self, services: t.Mapping[str, t.Any], release: str, **options: t.Any) -> Run:
        variables = {f"ecs_deploy_{key}": value for key, value in {"wait_timeout": PATIENCE, **options}.items()}
        return self.play("ship.yml", ecs_deploy_services=dict(services), ecs_deploy_release_id=release, **variables)

    def play(self, playbook: str, **variables: t.Any) -> Run:
        command, environment, kept = self.command(playbook, **variables)
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=400,
            check=False,
        )
        print(done.stdout)
        if not kept.exists():
            raise AssertionError(f"{playbook} kept no result; it said:\n{done.stdout[-4000:]}")
        return Run(done.returncode, done.stdout, json.loads(kept.read_text(encoding="utf-8")))

    def command(self, playbook: str, **variables: t.Any) -> tuple[list[str], dict[str, str], Path]:
        """Return how a playbook is run: its words, its environment, and where it keeps its result."""
        self._runs += 1
        kept = self.folder / f"result-{self._runs}.json"
        given = self.folder / f"variables-{self._runs}.json"
        endpoints = self.home.endpoints
        connection = {key: endpoints[key] for key in ("endpoint_url", "region", "access_key", "secret_key")}
        given.write_text(json.dumps({"cloud": connection, "result_file": str(kept), **variables}), encoding="utf-8")
        program = str(Path(sys.executable).parent / "ansible-playbook")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "LC_ALL": "C.UTF-8",
        }
        words = [program, "-v", "--inventory", "localhost,", str(HERE / playbook), "-e", f"@{given}"]
        return words, environment, kept

    def now(self) -> int:
        """Return this moment, as the number of calls so far."""
        return len(self.home.calls())

    def writes(self, since: int) -> list[str]:
        """Return what was changed in the account since a moment, which is a number of calls."""
        calls = self.home.calls()[since:]
        return [f"{call['service']} {call['action']} {call['resource']}" for call in calls if call["access"] == "write"]


__all__ = ("API_KEY", "CLUSTER", "FIRST", "NO_WAY_BACK", "PASSWORD", "PATIENCE", "TASKS", "UNSEEN", "Run", "World")
