"""Clusters: Fargate, and instances that nobody reaches or logs in to."""

from __future__ import annotations

import base64
import subprocess
import typing as t

import pytest
from components.arns import Arns
from components.cluster import Cluster, ClusterArgs
from components.instances import InstancesArgs, start_script
from components.names import Names

from tests.containers import EGRESS, GROUP, INGRESS
from tests.parts import ARNS, NAMES, record
from tests.recorded_program import ACCOUNT, REGION, Program

PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ASG = "aws:autoscaling/group:Group"
NAME = "shop-test-instances"


def instances(**changes: t.Any) -> InstancesArgs:
    return InstancesArgs(**{"names": NAMES, "arns": ARNS, "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], **changes})


def cluster(given: InstancesArgs | None = None) -> Program:
    def build() -> dict[str, t.Any]:
        made = Cluster("cluster", ClusterArgs(names=NAMES, instances=given))
        found: dict[str, t.Any] = {"name": made.name, "provider": made.capacity_provider}
        if made.instances:
            found["group"] = made.instances.security_group_id
            if given and given.fixed_address:
                found["domain"] = made.instances.domain
        return found

    return record(build)


def script_of(program: Program) -> str:
    return base64.b64decode(program.one(TEMPLATE).inputs["userData"]).decode()


def test_a_cluster_is_fargate() -> None:
    program = cluster()
    inputs = program.one(PROVIDERS).inputs
    assert inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert inputs["defaultCapacityProviderStrategies"] == [{"capacityProvider": "FARGATE", "weight": 1}]
    assert program.outputs == {"name": "shop-test", "provider": "FARGATE"}
    assert program.of(ASG) == program.of(GROUP) == []


def test_a_single_instance_without_a_spare() -> None:
    program = cluster(instances())
    group = program.one(ASG).inputs
    assert (group["minSize"], group["maxSize"]) == (1, 1)
    assert group["launchTemplate"] == {"id": f"{NAME}-id", "version": "3"}
    assert group["tags"] == [
        {"key": "AmazonECSManaged", "value": "true", "propagateAtLaunch": True},
        {"key": "user", "value": "owner", "propagateAtLaunch": True},
    ]
    # The one there is goes before its successor comes.
    assert group["instanceRefresh"]["preferences"]["minHealthyPercentage"] == 0
    provider = program.one(PROVIDER).inputs["autoScalingGroupProvider"]
    assert provider["managedScaling"] == {"status": "DISABLED", "targetCapacity": 100}
    assert (provider["managedDraining"], provider["managedTerminationProtection"]) == ("ENABLED", "DISABLED")
    assert program.one(PROVIDERS).inputs["defaultCapacityProviderStrategies"] == [
        {"capacityProvider": NAME, "weight": 1}
    ]
    assert program.outputs["provider"] == NAME


def test_more_instances_come_and_go_with_the_tasks() -> None:
    program = cluster(instances(minimum=2, maximum=4))
    group = program.one(ASG).inputs
    assert (group["minSize"], group["maxSize"]) == (2, 4)
    assert "desiredCapacity" not in group
    assert group["instanceRefresh"]["preferences"]["minHealthyPercentage"] == 50
    assert program.one(PROVIDER).inputs["autoScalingGroupProvider"]["managedScaling"]["status"] == "ENABLED"


def test_instances_keep_their_credentials_and_their_disks_to_themselves() -> None:
    template = cluster(instances(disk_gib=40, tags={"user": "owner"})).one(TEMPLATE).inputs
    assert template["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    (disk,) = template["blockDeviceMappings"]
    assert disk["deviceName"] == "/dev/xvda"
    assert (disk["ebs"]["encrypted"], disk["ebs"]["volumeSize"]) == ("true", 40)
    assert "keyName" not in template
    assert template["imageId"].startswith("resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/")
    (interface,) = template["networkInterfaces"]
    assert (interface["associatePublicIpAddress"], interface["securityGroups"]) == ("false", [f"{NAME}-id"])
    assert {item["resourceType"]: item["tags"]["user"] for item in template["tagSpecifications"]} == {
        "instance": "owner",
        "volume": "owner",
        "network-interface": "owner",
    }


def test_nobody_reaches_an_instance_unless_a_service_says_so() -> None:
    program = cluster(instances())
    assert program.of(INGRESS) == []
    assert [rule.inputs["securityGroupId"] for rule in program.of(EGRESS)] == [f"{NAME}-id"]
    assert program.outputs["group"] == f"{NAME}-id"


def test_an_instance_may_join_its_own_cluster_and_nothing_else() -> None:
    program = cluster(instances())
    statements = program.policy("instances")
    assert {action for statement in statements for action in statement["Action"]} == {
        "ecs:RegisterContainerInstance",
        "ecs:DeregisterContainerInstance",
        "ecs:SubmitAttachmentStateChanges",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitTaskStateChange",
        "ecs:Poll",
        "ecs:StartTelemetrySession",
        "ecs:DiscoverPollEndpoint",
    }
    resources = {statement["Sid"]: statement["Resource"] for statement in statements}
    assert resources == {
        "JoinTheCluster": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:shop-test-cluster"],
        "HearOfTasks": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/shop-test/*"],
        "FindTheService": ["*"],
    }
    (trust,) = program.trust("instances")
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_the_successor_takes_the_address_over() -> None:
    program = cluster(instances(fixed_address=True, assign_public_ip=True))
    assert program.outputs["domain"] == f"{NAME}.compute.amazonaws.com"
    assert f"--allocation-id eipalloc-{NAME} " in script_of(program)
    allowed = [item for item in program.policy("instances") if "ec2:AssociateAddress" in item["Action"]]
    assert {item["Sid"]: (item["Resource"], item.get("Condition")) for item in allowed} == {
        "TakeTheAddress": ([f"arn:aws:ec2:{REGION}:{ACCOUNT}:elastic-ip/eipalloc-{NAME}"], None),
        "ForInstancesOfThisGroup": (
            [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*"],
            {"StringEquals": {"aws:ResourceTag/aws:autoscaling:groupName": NAME}},
        ),
        "AndTheirInterfaces": (
            [f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/*"],
            {"ArnEquals": {"ec2:Vpc": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1"}},
        ),
    }
    (interface,) = program.one(TEMPLATE).inputs["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "true"


def test_without_an_address_there_is_no_way_to_ask_for_its_name() -> None:
    with pytest.raises(ValueError, match="have no fixed address"):
        record(lambda: Cluster("c", ClusterArgs(names=NAMES, instances=instances())).instances.domain)  # type: ignore[union-attr]


@pytest.mark.parametrize("allocation", ["", "eipalloc-1"], ids=["no-address", "address"])
def test_the_start_script_is_one_that_bash_reads(allocation: str) -> None:
    script = start_script(cluster="shop", region=REGION, allocation=allocation)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    settings = script.partition("<<'SETTINGS'\n")[2].partition("\nSETTINGS\n")[0]
    assert dict(line.split("=") for line in settings.splitlines()) == {
        "ECS_CLUSTER": "shop",
        "ECS_ENABLE_TASK_IAM_ROLE": "true",
        "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST": "true",
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE": "true",
    }
    assert ("associate-address" in script) is bool(allocation)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"fixed_address": True, "maximum": 2}, "One address cannot stand for up to 2", id="two-of-one"),
        pytest.param({"fixed_address": True}, "set assign_public_ip", id="address-in-private"),
        pytest.param({"minimum": 0}, "runs nothing", id="none"),
        pytest.param({"minimum": 3, "maximum": 2}, "A group of 3 to 2", id="backwards"),
        pytest.param({"disk_gib": 8}, "a disk of 30 GiB, not 8", id="small-disk"),
        pytest.param({"image_parameter": "ami-1"}, "is not the name of an SSM parameter", id="image-id"),
    ],
)
def test_instances_that_cannot_work_are_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        instances(**changes)


@pytest.mark.parametrize("stack", ["aws-shop", "ecs", "Fargate_shop"])
def test_names_that_aws_keeps_for_itself_are_refused(stack: str) -> None:
    names = Names(stack)
    ClusterArgs(names=names)
    given = InstancesArgs(names=names, arns=Arns(region=REGION, account=ACCOUNT), vpc_id="v", subnet_ids=["s"])
    with pytest.raises(ValueError, match="give the stack another name"):
        ClusterArgs(names=names, instances=given)
