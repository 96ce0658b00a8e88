"""Networks: their ranges, their ways out, and the services they reach inside AWS."""

from __future__ import annotations

import typing as t

import pytest
from components.network import Network, NetworkArgs

from tests.containers import GROUP, INGRESS, ZONES, doors
from tests.parts import NAMES, record
from tests.recorded_program import REGION, Program

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
SUBNET = "aws:ec2/subnet:Subnet"
AGENTS: dict[str, t.Any] = {
    "public_ranges": ["10.0.10.0/24", "10.0.11.0/24"],
    "private_ranges": ["10.0.20.0/24", "10.0.21.0/24"],
}
STARTING = ["ecr.api", "ecr.dkr", "logs"]


def args(**changes: t.Any) -> NetworkArgs:
    return NetworkArgs(**{"names": NAMES, "region": REGION, "zones": ZONES, **changes})


def network(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        made = Network("network", args(**changes))
        return {"public_ip": made.assign_public_ip, "task_subnets": made.task_subnet_ids}

    return record(build)


def test_subnets_are_where_the_agent_platform_wants_them() -> None:
    program = network(**AGENTS)
    found = {
        (subnet.inputs["tags"]["tier"], subnet.inputs["availabilityZone"]): subnet.inputs["cidrBlock"]
        for subnet in program.of(SUBNET)
    }
    assert found == {
        ("public", ZONES[0]): "10.0.10.0/24",
        ("public", ZONES[1]): "10.0.11.0/24",
        ("private", ZONES[0]): "10.0.20.0/24",
        ("private", ZONES[1]): "10.0.21.0/24",
    }
    assert not any(subnet.inputs["mapPublicIpOnLaunch"] for subnet in program.of(SUBNET))


@pytest.mark.parametrize(("nat", "gateways", "tables"), [("none", 0, 2), ("single", 1, 2), ("per-zone", 2, 3)])
def test_ways_out(nat: str, gateways: int, tables: int) -> None:
    program = network(nat=nat)
    assert len(program.of("aws:ec2/natGateway:NatGateway")) == gateways
    assert len(program.of("aws:ec2/eip:Eip")) == gateways
    assert len(program.of("aws:ec2/routeTable:RouteTable")) == tables
    assert program.outputs["public_ip"] is (nat == "none")


def test_each_zone_goes_out_through_its_own_gateway() -> None:
    program = network(nat="per-zone")
    routes = [item.inputs for item in program.of("aws:ec2/route:Route") if "natGatewayId" in item.inputs]
    assert len({item["natGatewayId"] for item in routes}) == len({item["routeTableId"] for item in routes}) == 2
    private = [
        item.inputs["routeTableId"]
        for item in program.of("aws:ec2/routeTableAssociation:RouteTableAssociation")
        if "private" in item.name
    ]
    assert len(set(private)) == 2


def test_without_endpoints_there_is_no_group_for_them() -> None:
    program = network()
    assert {item.inputs["vpcEndpointType"] for item in program.of(ENDPOINT)} == {"Gateway"}
    assert program.of(GROUP) == program.of(INGRESS) == []


def test_services_are_reached_inside_aws_by_https_from_the_network_only() -> None:
    program = network(interface_endpoints=["ecr.api", "secretsmanager", "sqs"], cidr="10.1.0.0/16")
    inside = [item.inputs for item in program.of(ENDPOINT) if item.inputs["vpcEndpointType"] == "Interface"]
    assert sorted(item["serviceName"] for item in inside) == [
        f"com.amazonaws.{REGION}.{service}" for service in ("ecr.api", "secretsmanager", "sqs")
    ]
    private = [f"{subnet.name}-id" for subnet in program.of(SUBNET) if subnet.inputs["tags"]["tier"] == "private"]
    for item in inside:
        assert item["privateDnsEnabled"] is True
        assert item["securityGroupIds"] == ["shop-test-endpoints-id"]
        assert item["subnetIds"] == private
    assert doors(program) == {("shop-test-endpoints-id", 443, 443, "10.1.0.0/16")}


def test_an_isolated_network_keeps_its_tasks_private() -> None:
    program = network(nat="none", isolated=True, interface_endpoints=STARTING)
    assert program.outputs["public_ip"] is False
    assert all("-private-" in subnet for subnet in program.outputs["task_subnets"])
    assert [item for item in program.of("aws:ec2/route:Route") if "private" in item.name] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"isolated": True}, "isolated or has NAT, not both", id="isolated-with-nat"),
        pytest.param(
            {"isolated": True, "nat": "none", "interface_endpoints": ["logs"]},
            "no task starts without the endpoints ecr.api, ecr.dkr",
            id="isolated-without-images",
        ),
        pytest.param({"interface_endpoints": ["sqs", "sqs"]}, "named twice: sqs, sqs", id="endpoint-twice"),
        pytest.param({"interface_endpoints": ["s3"]}, "s3 has a gateway endpoint already", id="gateway-service"),
        pytest.param({**AGENTS, "private_ranges": []}, "0 private ranges for 2 zones", id="only-public"),
        pytest.param({**AGENTS, "public_ranges": ["10.0.10.0/24"]}, "1 public ranges for 2 zones", id="too-few"),
        pytest.param(
            {**AGENTS, "public_ranges": ["10.0.10.0/24", "10.1.11.0/24"]},
            "10.1.11.0/24 is not a part of the network 10.0.0.0/16",
            id="outside",
        ),
        pytest.param(
            {**AGENTS, "public_ranges": ["10.0.10.0/24", "10.0.20.128/25"]},
            "10.0.20.128/25 and 10.0.20.0/24 overlap",
            id="overlapping",
        ),
        pytest.param({"cidr": "10.0.0.1/16"}, "'10.0.0.1/16' is not a range of IPv4 addresses", id="host-bits"),
    ],
)
def test_a_network_that_cannot_work_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        args(**changes)
