"""Who may reach a port: one rule of a security group, with exactly one source."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# What CloudFront's own servers come from, in the list that AWS keeps of them.
CLOUDFRONT_ORIGIN_FACING = "com.amazonaws.global.cloudfront.origin-facing"


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """``source`` is a word for whoever comes in, and part of the rule's name."""

    source: str
    port: int
    last_port: int | None = None
    security_group_id: pulumi.Input[str] | None = None
    prefix_list_id: pulumi.Input[str] | None = None
    cidr: str | None = None

    def __post_init__(self) -> None:
        given = [item for item in (self.security_group_id, self.prefix_list_id, self.cidr) if item is not None]
        if len(given) != 1:
            raise ValueError(
                f"The rule for {self.source} names {len(given)} sources; give one of security_group_id, "
                "prefix_list_id and cidr, and another rule for another source."
            )
        if self.cidr is not None and ipv4_range(self.cidr).prefixlen == 0:
            raise ValueError(
                f"The rule for {self.source} lets everybody in, which only a load balancer may; name who comes."
            )
        if not 1 <= self.port <= self.to_port <= 65535:
            raise ValueError(f"The rule for {self.source} opens the ports {self.port} to {self.to_port}: not a range.")

    @property
    def to_port(self) -> int:
        return self.port if self.last_port is None else self.last_port


def ipv4_range(text: str) -> ipaddress.IPv4Network:
    """Return a range of IPv4 addresses, or say what is wrong with its text."""
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a range of IPv4 addresses, such as 203.0.113.7/32: {error}.") from None


def admit(
    name: str, group_id: pulumi.Input[str], rule: Ingress, *, description: str, opts: pulumi.ResourceOptions
) -> aws.vpc.SecurityGroupIngressRule:
    """Let a source in through a security group."""
    return aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group_id,
        description=description,
        ip_protocol="tcp",
        from_port=rule.port,
        to_port=rule.to_port,
        referenced_security_group_id=rule.security_group_id,
        prefix_list_id=rule.prefix_list_id,
        cidr_ipv4=rule.cidr,
        opts=opts,
    )


def cloudfront_prefix_list_id() -> pulumi.Output[str]:
    """Return the list of CloudFront's servers. It counts as 55 of the 60 rules a group has: use it once in each."""
    return aws.ec2.get_managed_prefix_list_output(name=CLOUDFRONT_ORIGIN_FACING).apply(lambda found: str(found.id))


__all__ = ("Ingress", "admit", "cloudfront_prefix_list_id", "ipv4_range")
