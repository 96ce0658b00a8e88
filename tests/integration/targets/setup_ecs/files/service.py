# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a cluster with one service on Fargate at an endpoint, and print what it is made of."""

from __future__ import annotations

import json
import sys
import typing as t

import boto3

session = t.cast(t.Any, boto3).session.Session("AKIAIOSFODNN7EXAMPLE", "no-secret-of-the-integration-tests")


def client(service: str) -> t.Any:
    return session.client(service, endpoint_url=sys.argv[1], region_name="ap-northeast-1")


def main() -> None:
    ecs, ec2 = client("ecs"), client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    # Without names there, the server cannot make up a task's network interface.
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    ecs.create_cluster(clusterName="dev")
    definition = ecs.register_task_definition(
        family="chatbot",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": "app",
                "image": "registry.test/chatbot:1",
                "memory": 512,
                "essential": True,
                "environment": [{"name": "DB_PASSWORD", "value": "no-word-for-a-log"}],
            }
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"subnets": [subnet], "securityGroups": [group], "assignPublicIp": "DISABLED"}
    ecs.create_service(
        cluster="dev",
        serviceName="backend",
        taskDefinition=definition,
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": network},
    )
    print(json.dumps({"task_definition": definition, "subnet": subnet}))


if __name__ == "__main__":
    main()
