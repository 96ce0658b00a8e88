"""Networks on a local cloud: endpoints and ranges, made, changed, replaced and removed."""

from __future__ import annotations

import typing as t

from local_engine.cloud import Cloud
from local_engine.handlers import handler_for
from local_engine.planning import Step

from tests.account import contents
from tests.conftest import Workshop
from tests.containers import spoken
from tests.recorded_program import REGION

PROGRAM = """
import json
import pulumi
from components.names import Names
from components.network import Network, NetworkArgs
from components.peers import Peers, PeersArgs
from tagging import tag_everything

tag_everything({"user": "owner"})
changes = json.loads(pulumi.Config("try").get("changes") or "{}")
names = Names("shop")
network = Network("network", NetworkArgs(**{
    "names": names,
    "region": "ap-northeast-1",
    "zones": ["ap-northeast-1a", "ap-northeast-1c"],
    "public_ranges": ["10.0.10.0/24", "10.0.11.0/24"],
    "private_ranges": ["10.0.20.0/24", "10.0.21.0/24"],
    "nat": "none",
    "interface_endpoints": ["ecr.api", "logs"],
    **changes,
}))
peers = Peers("peers", PeersArgs(names=names, purpose="containers", vpc_id=network.vpc.id))
pulumi.export("vpc", network.vpc.id)
pulumi.export("peers", peers.security_group_id)
"""


def up(workshop: Workshop, changes: str = "{}") -> t.Any:
    workshop.write_program(PROGRAM, config=f"  try:changes: '{changes}'\n")
    return workshop.operations().up()


def endpoints(workshop: Workshop) -> dict[str, dict[str, t.Any]]:
    found = workshop.cloud.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    return {item["ServiceName"].rpartition("ap-northeast-1.")[2]: item for item in found if item["State"] != "deleted"}


def test_a_network_and_its_endpoints(workshop: Workshop) -> None:
    assert contents(workshop.cloud) == {}
    up(workshop)
    ec2 = workshop.cloud.client("ec2")
    vpc = workshop.operations().outputs()["vpc"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    ranges = {(subnet["CidrBlock"], subnet["AvailabilityZone"][-1]) for subnet in subnets}
    assert ranges == {("10.0.10.0/24", "a"), ("10.0.11.0/24", "c"), ("10.0.20.0/24", "a"), ("10.0.21.0/24", "c")}
    found = endpoints(workshop)
    assert set(found) == {"s3", "dynamodb", "ecr.api", "logs"}
    private = {subnet["SubnetId"] for subnet in subnets if subnet["CidrBlock"].startswith("10.0.2")}
    for service in ("ecr.api", "logs"):
        assert found[service]["VpcEndpointType"] == "Interface"
        assert set(found[service]["SubnetIds"]) == private
        assert {tag["Key"]: tag["Value"] for tag in found[service]["Tags"]}["user"] == "owner"
    (group,) = [
        item
        for item in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
        if item["GroupName"].startswith("shop-endpoints-")
    ]
    (door,) = group["IpPermissions"]
    assert (door["FromPort"], door["ToPort"]) == (443, 443)
    assert [item["CidrIp"] for item in door["IpRanges"]] == ["10.0.0.0/16"]
    assert group["IpPermissionsEgress"] == []

    again = up(workshop)
    assert again.writing_calls == {}
    assert {step for step, number in again.counts.items() if number} == {Step.SAME}

    more = up(workshop, '{"interface_endpoints": ["ecr.api", "logs", "sqs"]}')
    assert (more[Step.CREATE], more[Step.UPDATE], more[Step.REPLACE], more[Step.DELETE]) == (1, 0, 0, 0)
    less = up(workshop, '{"interface_endpoints": []}')
    # Three endpoints, their group, and its rule.
    assert less[Step.DELETE] == 5
    assert set(endpoints(workshop)) == {"s3", "dynamodb"}

    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


ENDPOINT = """
import pulumi
import pulumi_aws as aws
private = pulumi.Config("try").require_bool("private")
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", enable_dns_support=True, enable_dns_hostnames=True)
subnets = [aws.ec2.Subnet(f"s{n}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24") for n in (1, 2)]
groups = [aws.ec2.SecurityGroup(f"g{n}", vpc_id=vpc.id, description="d") for n in (1, 2)]
aws.ec2.VpcEndpoint(
    "logs",
    vpc_id=vpc.id,
    service_name="com.amazonaws.ap-northeast-1.logs",
    vpc_endpoint_type="Interface",
    subnet_ids=[subnets[0].id] if private else [subnet.id for subnet in subnets],
    security_group_ids=[groups[0].id if private else groups[1].id],
    private_dns_enabled=private,
)
pulumi.export("subnets", [subnet.id for subnet in subnets])
"""


def test_an_endpoint_is_changed_where_it_stands(workshop: Workshop) -> None:
    workshop.write_program(ENDPOINT, config="  try:private: true\n")
    workshop.operations().up()
    before = endpoints(workshop)["logs"]
    workshop.write_program(ENDPOINT, config="  try:private: false\n")
    outcome = workshop.operations().up()
    assert outcome.writing_calls == {"ModifyVpcEndpoint": 1}
    after = endpoints(workshop)["logs"]
    assert after["VpcEndpointId"] == before["VpcEndpointId"]
    outputs = workshop.operations().outputs()
    assert set(after["SubnetIds"]) == set(outputs["subnets"])
    assert workshop.operations().up().writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_groups_and_private_names_are_asked_for(workshop: Workshop) -> None:
    """The emulator takes both and does not tell them again."""
    cloud = Cloud(workshop.endpoint, REGION)
    ec2 = cloud.client("ec2")
    calls = spoken(ec2)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    handler = handler_for("aws:ec2/vpcEndpoint:VpcEndpoint", cloud)
    inputs = {"vpcId": vpc, "serviceName": "com.amazonaws.ap-northeast-1.logs", "vpcEndpointType": "Interface"}
    one = {**inputs, "securityGroupIds": ["sg-1", "sg-2"], "privateDnsEnabled": True}
    two = {**inputs, "securityGroupIds": ["sg-2", "sg-3"], "privateDnsEnabled": False}
    id_ = handler.create(one)
    operation, sent = calls[-1]
    assert (operation, sent["SecurityGroupIds"], sent["PrivateDnsEnabled"]) == (
        "CreateVpcEndpoint",
        ["sg-1", "sg-2"],
        True,
    )
    handler.update(id_, one, two)
    assert calls[-1] == (
        "ModifyVpcEndpoint",
        {
            "VpcEndpointId": id_,
            "AddSecurityGroupIds": ["sg-3"],
            "RemoveSecurityGroupIds": ["sg-1"],
            "PrivateDnsEnabled": False,
        },
    )
