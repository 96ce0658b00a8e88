# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that the pipeline must be refused: on others' resources, on the stack's own, and on the account."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t

import boto3
from world import Stack

NEIGHBOUR = "neighbour-local"
ANYBODY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}],
}


@dataclasses.dataclass(frozen=True)
class Targets:
    """What there is to harm: the stack's own things by name, and a neighbour's, made for this purpose."""

    stack: Stack

    @property
    def delivery(self) -> dict[str, t.Any]:
        return self.stack.delivery

    @property
    def service(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", next(iter(self.delivery["services"].values())))

    @property
    def cluster(self) -> str:
        return str(self.service["cluster"])

    @property
    def site(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", next(iter(self.delivery["sites"].values())))

    @property
    def repository(self) -> str:
        return str(next(iter(self.delivery["repositories"].values()))).partition("/")[2]

    @property
    def ledger(self) -> dict[str, str]:
        return t.cast("dict[str, str]", self.delivery["ledger"])

    @property
    def task_role(self) -> str:
        return str(next(iter(self.delivery["roles"]["task"].values())))

    @property
    def alarm(self) -> str:
        return str(self.delivery["alarms"]["required"][0])

    @functools.cached_property
    def table(self) -> str:
        tables = self.root("dynamodb").list_tables()["TableNames"]
        return str(next(name for name in tables if name.startswith(self.stack.system.stack)))

    @functools.cached_property
    def task(self) -> str:
        ecs = self.root("ecs")
        return str(ecs.list_tasks(cluster=self.cluster, serviceName=self.service["service"])["taskArns"][0])

    @functools.cached_property
    def receipt(self) -> str:
        listed = self.root("s3").list_objects_v2(Bucket=self.ledger["bucket"], Prefix=self.ledger["prefix"])
        return str(listed["Contents"][0]["Key"])

    @functools.cached_property
    def image(self) -> str:
        return str(self.root("ecr").describe_images(repositoryName=self.repository)["imageDetails"][0]["imageDigest"])

    @functools.cached_property
    def balancer(self) -> str:
        return str(self.root("elbv2").describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"])

    @functools.cached_property
    def listener(self) -> str:
        return str(self.root("elbv2").describe_listeners(LoadBalancerArn=self.balancer)["Listeners"][0]["ListenerArn"])

    @functools.cached_property
    def group(self) -> str:
        return str(self.root("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"])

    @functools.cached_property
    def secret(self) -> str:
        return str(self.root("secretsmanager").create_secret(Name=NEIGHBOUR, SecretString="nobody")["ARN"])

    def role(self, name: str) -> str:
        return f"arn:aws:iam::{self.stack.world.place.account}:role/{name}"

    def root(self, service: str) -> t.Any:
        return self.stack.world.client(service, self.stack.world.root)

    def make(self) -> None:
        """Make the neighbour."""
        self.root("ecs").create_cluster(clusterName=NEIGHBOUR)
        self.root("ecs").register_task_definition(
            family=NEIGHBOUR, containerDefinitions=[{"name": "app", "image": "none", "memory": 128}]
        )
        self.root("ecs").create_service(
            cluster=NEIGHBOUR, serviceName=NEIGHBOUR, taskDefinition=NEIGHBOUR, desiredCount=0
        )
        self.root("ecr").create_repository(repositoryName=NEIGHBOUR)
        s3 = self.root("s3")
        region = {"LocationConstraint": self.stack.world.place.region}
        s3.create_bucket(Bucket=NEIGHBOUR, CreateBucketConfiguration=region)
        s3.put_object(Bucket=NEIGHBOUR, Key="object", Body=b"mine")
        self.root("ssm").put_parameter(Name=f"/{NEIGHBOUR}/key", Value="nobody", Type="String")
        self.root("logs").create_log_group(logGroupName=f"/ecs/{NEIGHBOUR}")
        self.root("logs").create_log_stream(logGroupName=f"/ecs/{NEIGHBOUR}", logStreamName="one")
        self.root("iam").create_role(RoleName=NEIGHBOUR, AssumeRolePolicyDocument=json.dumps(TRUST))
        self.root("sqs").create_queue(QueueName=NEIGHBOUR)


Arguments = t.Callable[[Targets], dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class Forbidden:
    """One call, as boto3 spells it, and the permission that its denial names where it is not the call's own."""

    id: str
    service: str
    method: str
    arguments: Arguments
    denies: str = ""

    def call(self, client: t.Any, targets: Targets) -> t.Any:
        return getattr(client, self.method)(**self.arguments(targets))

    @property
    def action(self) -> str:
        if self.denies:
            return self.denies
        names = {"elbv2": "elasticloadbalancing", "bedrock-runtime": "bedrock", "lambda": "lambda"}
        operation = t.cast(t.Any, boto3).client(self.service, region_name="us-east-1").meta.method_to_api_mapping
        return f"{names.get(self.service, self.service)}:{operation[self.method]}"


def _messages(text: str) -> list[dict[str, t.Any]]:
    return [{"role": "user", "content": [{"text": text}]}]


def _assume(role: str) -> Arguments:
    return lambda on: {"RoleArn": on.delivery["roles"][role], "RoleSessionName": "me"}


def _definition(family: str, **more: t.Any) -> dict[str, t.Any]:
    return {"family": family, "containerDefinitions": [{"name": "app", "image": "none", "memory": 128}], **more}


ALARM = {
    "Namespace": "AWS/ECS",
    "MetricName": "CPUUtilization",
    "Period": 60,
    "Statistic": "Average",
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
KEY = {"session_id": {"S": "somebody"}}

FORBIDDEN = (
    # Models.
    Forbidden(
        "converse-on-the-profile",
        "bedrock-runtime",
        "converse",
        lambda on: {"modelId": on.stack.system.profile, "messages": _messages("hello")},
        "bedrock:InvokeModel",
    ),
    Forbidden(
        "invoke-a-model",
        "bedrock-runtime",
        "invoke_model",
        lambda _on: {"modelId": "amazon.nova-lite-v1:0", "body": json.dumps({"messages": _messages("hello")})},
    ),
    # IAM, in every direction.
    Forbidden("user", "iam", "create_user", lambda _on: {"UserName": "me"}),
    Forbidden("access-key", "iam", "create_access_key", lambda _on: {"UserName": "me"}),
    Forbidden(
        "role", "iam", "create_role", lambda _on: {"RoleName": "mine", "AssumeRolePolicyDocument": json.dumps(TRUST)}
    ),
    Forbidden(
        "own-policy",
        "iam",
        "put_role_policy",
        lambda on: {
            "RoleName": on.stack.deploy_role.rpartition("/")[2],
            "PolicyName": "more",
            "PolicyDocument": json.dumps(ANYBODY),
        },
    ),
    Forbidden(
        "administrator",
        "iam",
        "attach_role_policy",
        lambda on: {
            "RoleName": on.stack.deploy_role.rpartition("/")[2],
            "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        },
    ),
    Forbidden(
        "tasks-trust",
        "iam",
        "update_assume_role_policy",
        lambda on: {"RoleName": on.task_role.rpartition("/")[2], "PolicyDocument": json.dumps(TRUST)},
    ),
    Forbidden("delete-role", "iam", "delete_role", lambda _on: {"RoleName": NEIGHBOUR}),
    Forbidden(
        "look-at-another-role",
        "iam",
        "get_role",
        lambda on: {"RoleName": on.delivery["roles"]["infra_admin"].rpartition("/")[2]},
    ),
    Forbidden("look-at-a-foreign-role", "iam", "get_role", lambda _on: {"RoleName": NEIGHBOUR}),
    Forbidden(
        "simulate-another-role",
        "iam",
        "simulate_principal_policy",
        lambda on: {"PolicySourceArn": on.delivery["roles"]["infra_admin"], "ActionNames": ["iam:PassRole"]},
    ),
    *(
        Forbidden(
            f"assume-{name.replace('_', '-')}",
            "sts",
            "assume_role",
            _assume(name),
        )
        for name in ("infra_admin", "observer")
    ),
    Forbidden(
        "assume-the-tasks",
        "sts",
        "assume_role",
        lambda on: {"RoleArn": on.task_role, "RoleSessionName": "me"},
    ),
    Forbidden(
        "pass-a-foreign-role",
        "ecs",
        "register_task_definition",
        lambda on: _definition(f"{on.stack.system.stack}-backend", taskRoleArn=on.role(NEIGHBOUR)),
        "iam:PassRole",
    ),
    Forbidden(
        "pass-the-own-role",
        "ecs",
        "register_task_definition",
        lambda on: _definition(f"{on.stack.system.stack}-backend", taskRoleArn=on.stack.deploy_role),
        "iam:PassRole",
    ),
    # ECS: other families, other clusters, and what a release never does to its own.
    Forbidden("foreign-family", "ecs", "register_task_definition", lambda _on: _definition(NEIGHBOUR)),
    Forbidden(
        "foreign-service",
        "ecs",
        "update_service",
        lambda _on: {"cluster": NEIGHBOUR, "service": NEIGHBOUR, "desiredCount": 0},
    ),
    Forbidden(
        "look-at-a-foreign-service",
        "ecs",
        "describe_services",
        lambda _on: {"cluster": NEIGHBOUR, "services": [NEIGHBOUR]},
    ),
    Forbidden("list-a-foreign-cluster", "ecs", "list_tasks", lambda _on: {"cluster": NEIGHBOUR}),
    Forbidden(
        "look-at-foreign-tasks",
        "ecs",
        "describe_tasks",
        lambda on: {"cluster": NEIGHBOUR, "tasks": [on.task.rpartition("/")[2]]},
    ),
    Forbidden(
        "stop-foreign-task",
        "ecs",
        "stop_task",
        lambda on: {"cluster": NEIGHBOUR, "task": on.task.rpartition("/")[2]},
    ),
    # Revisions that are not there, or the account itself would run them.
    Forbidden(
        "run-foreign-task",
        "ecs",
        "run_task",
        lambda on: {"cluster": on.cluster, "taskDefinition": f"{NEIGHBOUR}:99"},
    ),
    Forbidden(
        "run-task-in-foreign-cluster",
        "ecs",
        "run_task",
        lambda on: {"cluster": NEIGHBOUR, "taskDefinition": f"{on.stack.system.stack}-backend:99"},
    ),
    Forbidden(
        "enter-a-task",
        "ecs",
        "execute_command",
        lambda on: {"cluster": on.cluster, "task": on.task, "command": "sh", "interactive": True},
    ),
    Forbidden(
        "create-service",
        "ecs",
        "create_service",
        lambda on: {"cluster": on.cluster, "serviceName": "more", "taskDefinition": f"{on.stack.system.stack}-nothing"},
    ),
    Forbidden(
        "tag-service",
        "ecs",
        "tag_resource",
        lambda on: {
            "resourceArn": on.stack.world.place.in_cluster("service", on.cluster, on.service["service"]),
            "tags": [{"key": "owner", "value": "me"}],
        },
    ),
    Forbidden(
        "deregister",
        "ecs",
        "deregister_task_definition",
        lambda on: {"taskDefinition": on.service["task_definition"]},
    ),
    Forbidden(
        "delete-service",
        "ecs",
        "delete_service",
        lambda on: {"cluster": on.cluster, "service": on.service["service"], "force": True},
    ),
    Forbidden("delete-cluster", "ecs", "delete_cluster", lambda on: {"cluster": on.cluster}),
    # Images.
    Forbidden("foreign-images", "ecr", "describe_images", lambda _on: {"repositoryName": NEIGHBOUR}),
    Forbidden(
        "foreign-image",
        "ecr",
        "put_image",
        lambda _on: {"repositoryName": NEIGHBOUR, "imageManifest": "{}", "imageTag": "mine"},
    ),
    Forbidden(
        "foreign-layer",
        "ecr",
        "get_download_url_for_layer",
        lambda on: {"repositoryName": NEIGHBOUR, "layerDigest": on.image},
    ),
    Forbidden("all-repositories", "ecr", "describe_repositories", lambda _on: {}),
    Forbidden("create-repository", "ecr", "create_repository", lambda _on: {"repositoryName": "mine"}),
    Forbidden(
        "share-repository",
        "ecr",
        "set_repository_policy",
        lambda on: {"repositoryName": on.repository, "policyText": json.dumps(ANYBODY)},
    ),
    Forbidden(
        "mutable-tags",
        "ecr",
        "put_image_tag_mutability",
        lambda on: {"repositoryName": on.repository, "imageTagMutability": "MUTABLE"},
    ),
    Forbidden(
        "delete-image",
        "ecr",
        "batch_delete_image",
        lambda on: {"repositoryName": on.repository, "imageIds": [{"imageDigest": on.image}]},
    ),
    Forbidden(
        "delete-repository", "ecr", "delete_repository", lambda on: {"repositoryName": on.repository, "force": True}
    ),
    # Objects and buckets.
    Forbidden("all-buckets", "s3", "list_buckets", lambda _on: {}, "s3:ListAllMyBuckets"),
    Forbidden("list-foreign-bucket", "s3", "list_objects_v2", lambda _on: {"Bucket": NEIGHBOUR}, "s3:ListBucket"),
    Forbidden("read-foreign-bucket", "s3", "get_object", lambda _on: {"Bucket": NEIGHBOUR, "Key": "object"}),
    Forbidden(
        "write-foreign-bucket", "s3", "put_object", lambda _on: {"Bucket": NEIGHBOUR, "Key": "other", "Body": b"mine"}
    ),
    Forbidden("delete-foreign-object", "s3", "delete_object", lambda _on: {"Bucket": NEIGHBOUR, "Key": "object"}),
    Forbidden(
        "write-beside-the-ledgers-prefix",
        "s3",
        "put_object",
        lambda on: {"Bucket": on.ledger["bucket"], "Key": f"{NEIGHBOUR}/receipts/forged.json", "Body": b"{}"},
    ),
    Forbidden(
        "read-beside-the-ledgers-prefix",
        "s3",
        "get_object",
        lambda on: {"Bucket": on.ledger["bucket"], "Key": f"{NEIGHBOUR}/receipts/theirs.json"},
    ),
    Forbidden("delete-receipt", "s3", "delete_object", lambda on: {"Bucket": on.ledger["bucket"], "Key": on.receipt}),
    Forbidden(
        "delete-old-version",
        "s3",
        "delete_object",
        lambda on: {"Bucket": on.site["bucket"], "Key": "index.html", "VersionId": "any"},
        "s3:DeleteObjectVersion",
    ),
    Forbidden(
        "open-bucket",
        "s3",
        "put_bucket_policy",
        lambda on: {"Bucket": on.site["bucket"], "Policy": json.dumps(ANYBODY)},
    ),
    Forbidden(
        "stop-versions",
        "s3",
        "put_bucket_versioning",
        lambda on: {"Bucket": on.site["bucket"], "VersioningConfiguration": {"Status": "Suspended"}},
    ),
    Forbidden("delete-bucket", "s3", "delete_bucket", lambda on: {"Bucket": on.site["bucket"]}),
    # Secrets and data.
    Forbidden("secret", "secretsmanager", "get_secret_value", lambda on: {"SecretId": on.secret}),
    Forbidden("look-at-a-secret", "secretsmanager", "describe_secret", lambda on: {"SecretId": on.secret}),
    Forbidden("all-secrets", "secretsmanager", "list_secrets", lambda _on: {}),
    Forbidden("parameter", "ssm", "get_parameter", lambda _on: {"Name": f"/{NEIGHBOUR}/key"}),
    Forbidden("session", "dynamodb", "get_item", lambda on: {"TableName": on.table, "Key": KEY}),
    Forbidden("all-sessions", "dynamodb", "scan", lambda on: {"TableName": on.table}),
    Forbidden("delete-table", "dynamodb", "delete_table", lambda on: {"TableName": on.table}),
    Forbidden("messages", "sqs", "list_queues", lambda _on: {}),
    # The edge, the balancer and the network.
    Forbidden(
        "foreign-distribution",
        "cloudfront",
        "create_invalidation",
        lambda _on: {
            "DistributionId": "E0NEIGHBOUR00",
            "InvalidationBatch": {"CallerReference": "mine", "Paths": {"Quantity": 1, "Items": ["/*"]}},
        },
    ),
    Forbidden("look-at-distribution", "cloudfront", "get_distribution", lambda on: {"Id": on.site["distribution"]}),
    Forbidden(
        "delete-distribution",
        "cloudfront",
        "delete_distribution",
        lambda on: {"Id": on.site["distribution"], "IfMatch": "any"},
    ),
    Forbidden(
        "redirect-listener",
        "elbv2",
        "modify_listener",
        lambda on: {
            "ListenerArn": on.listener,
            "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
        },
    ),
    Forbidden("delete-balancer", "elbv2", "delete_load_balancer", lambda on: {"LoadBalancerArn": on.balancer}),
    Forbidden(
        "open-the-network",
        "ec2",
        "authorize_security_group_ingress",
        lambda on: {"GroupId": on.group, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"},
    ),
    Forbidden("start-machines", "ec2", "run_instances", lambda _on: {"MinCount": 1, "MaxCount": 1, "ImageId": "ami-1"}),
    # Functions of somebody.
    Forbidden("functions", "lambda", "list_functions", lambda _on: {}),
    Forbidden(
        "foreign-function",
        "lambda",
        "update_function_code",
        lambda _on: {"FunctionName": NEIGHBOUR, "ImageUri": "none:latest"},
    ),
    # Alarms and logs.
    Forbidden(
        "quiet-alarm",
        "cloudwatch",
        "set_alarm_state",
        lambda on: {"AlarmName": on.alarm, "StateValue": "OK", "StateReason": "because"},
    ),
    Forbidden("weaker-alarm", "cloudwatch", "put_metric_alarm", lambda on: {"AlarmName": on.alarm, **ALARM}),
    Forbidden("delete-alarm", "cloudwatch", "delete_alarms", lambda on: {"AlarmNames": [on.alarm]}),
    Forbidden(
        "foreign-log",
        "logs",
        "get_log_events",
        lambda _on: {"logGroupName": f"/ecs/{NEIGHBOUR}", "logStreamName": "one"},
    ),
    Forbidden(
        "forge-log",
        "logs",
        "create_log_stream",
        lambda on: {"logGroupName": on.service["log_group"], "logStreamName": "forged"},
    ),
    Forbidden("delete-log", "logs", "delete_log_group", lambda on: {"logGroupName": on.service["log_group"]}),
)

__all__ = ("FORBIDDEN", "NEIGHBOUR", "Forbidden", "Targets")
