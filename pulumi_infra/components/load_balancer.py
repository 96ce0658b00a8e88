"""A public Application Load Balancer. Paths that no service claimed are answered 404 here."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names
from components.network import ANYWHERE


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    names: Names
    vpc_id: pulumi.Input[str]
    subnet_ids: t.Sequence[pulumi.Input[str]]
    allowed_cidrs: t.Sequence[str] = (ANYWHERE,)
    deletion_protection: bool = False


class LoadBalancer(pulumi.ComponentResource):
    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:lb:LoadBalancer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = args.names
        group = aws.ec2.SecurityGroup(
            names("alb"),
            description="Load balancer: HTTP from outside, and only to the tasks behind it",
            vpc_id=args.vpc_id,
            tags={"Name": names("alb")},
            opts=child,
        )
        for cidr in args.allowed_cidrs:
            suffix = "" if cidr == ANYWHERE else "-" + cidr.replace("/", "-").replace(".", "-")
            aws.vpc.SecurityGroupIngressRule(
                names(f"alb-http{suffix}"),
                security_group_id=group.id,
                description="HTTP",
                ip_protocol="tcp",
                from_port=80,
                to_port=80,
                cidr_ipv4=cidr,
                opts=child,
            )
        balancer = aws.lb.LoadBalancer(
            names.short("alb"),
            load_balancer_type="application",
            internal=False,
            security_groups=[group.id],
            subnets=list(args.subnet_ids),
            drop_invalid_header_fields=True,
            enable_deletion_protection=args.deletion_protection,
            opts=child,
        )
        listener = aws.lb.Listener(
            names("http"),
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[
                {
                    "type": "fixed-response",
                    "fixed_response": {
                        "content_type": "text/plain",
                        "message_body": "Nothing is served here.",
                        "status_code": "404",
                    },
                }
            ],
            opts=child,
        )
        self.security_group_id: pulumi.Output[str] = group.id
        self.arn: pulumi.Output[str] = balancer.arn
        self.arn_suffix: pulumi.Output[str] = balancer.arn_suffix
        self.dns_name: pulumi.Output[str] = balancer.dns_name
        self.listener_arn: pulumi.Output[str] = listener.arn
        self.register_outputs({"dns_name": self.dns_name, "listener_arn": self.listener_arn})


__all__ = ("LoadBalancer", "LoadBalancerArgs")
