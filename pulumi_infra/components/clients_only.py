"""A security group for what keeps data: its clients reach one port, and it speaks to nobody by itself."""

from __future__ import annotations

import typing as t

import pulumi
import pulumi_aws as aws

from components.names import Names


def clients_only(
    names: Names,
    vpc_id: pulumi.Input[str],
    clients: t.Mapping[str, pulumi.Input[str]],
    *,
    group: str,
    rule: str,
    description: str,
    protocol: str,
    port: int,
    opts: pulumi.ResourceOptions,
) -> aws.ec2.SecurityGroup:
    """Make the group C(group), with a rule C(rule)-from-<client> for each client's security group."""
    made = aws.ec2.SecurityGroup(
        names(group), description=description, vpc_id=vpc_id, tags={"Name": names(group)}, opts=opts
    )
    for client, client_group in clients.items():
        aws.vpc.SecurityGroupIngressRule(
            names(f"{rule}-from-{client}"),
            security_group_id=made.id,
            description=f"{protocol} from {client}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=client_group,
            opts=opts,
        )
    return made


__all__ = ("clients_only",)
