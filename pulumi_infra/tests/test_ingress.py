"""Rules of security groups: one source each, and never everybody."""

from __future__ import annotations

import typing as t

import pulumi
import pytest
from components.ingress import CLOUDFRONT_ORIGIN_FACING, Ingress, admit, cloudfront_prefix_list_id
from components.peers import Peers, PeersArgs

from tests.containers import EGRESS, GROUP, INGRESS
from tests.invented import PREFIX_LIST
from tests.parts import NAMES, record


@pytest.mark.parametrize(
    ("source", "key"),
    [
        pytest.param({"cidr": "203.0.113.7/32"}, "cidrIpv4", id="range"),
        pytest.param({"prefix_list_id": "pl-1"}, "prefixListId", id="prefix-list"),
        pytest.param({"security_group_id": "sg-1"}, "referencedSecurityGroupId", id="group"),
    ],
)
def test_a_rule_lets_its_source_in_and_nobody_else(source: dict[str, t.Any], key: str) -> None:
    rule = Ingress(source="somebody", port=6379, last_port=6380, **source)
    program = record(lambda: admit("r", "sg-0", rule, description="d", opts=pulumi.ResourceOptions()) and {})
    inputs = program.one(INGRESS).inputs
    assert (inputs["securityGroupId"], inputs["fromPort"], inputs["toPort"], inputs["ipProtocol"]) == (
        "sg-0",
        6379,
        6380,
        "tcp",
    )
    assert {"cidrIpv4", "prefixListId", "referencedSecurityGroupId"} & set(inputs) == {key}
    assert inputs[key] == next(iter(source.values()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "for workers names 0 sources", id="no-source"),
        pytest.param({"cidr": "10.0.0.0/8", "security_group_id": "sg"}, "names 2 sources", id="two-sources"),
        pytest.param({"cidr": "0.0.0.0/0"}, "lets everybody in, which only a load balancer may", id="everybody"),
        pytest.param({"cidr": "::/0"}, "is not a range of IPv4 addresses", id="ipv6"),
        pytest.param({"cidr": "10.0.0.0/8", "port": 0}, "opens the ports 0 to 0", id="no-port"),
        pytest.param({"cidr": "10.0.0.0/8", "last_port": 79}, "opens the ports 80 to 79", id="backwards"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Ingress(**{"source": "workers", "port": 80, **changes})


def test_the_servers_of_cloudfront_are_looked_up_by_name() -> None:
    program = record(lambda: {"found": cloudfront_prefix_list_id()})
    assert program.outputs == {"found": PREFIX_LIST}
    assert CLOUDFRONT_ORIGIN_FACING == "com.amazonaws.global.cloudfront.origin-facing"


def test_peers_carry_a_group_that_opens_nothing() -> None:
    program = record(
        lambda: {"id": Peers("p", PeersArgs(names=NAMES, purpose="containers", vpc_id="vpc-1")).security_group_id}
    )
    assert program.one(GROUP).inputs["vpcId"] == "vpc-1"
    assert program.of(INGRESS) == program.of(EGRESS) == []
    assert program.outputs == {"id": "shop-test-containers-id"}
