"""A security group without rules: who carries it may be let in elsewhere, whichever was made first."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names


@dataclass(frozen=True, kw_only=True)
class PeersArgs:
    names: Names
    purpose: str
    vpc_id: pulumi.Input[str]


class Peers(pulumi.ComponentResource):
    """What all containers of a system carry, so that a store can admit them before they exist."""

    def __init__(self, name: str, args: PeersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:Peers", name, None, opts)
        group = aws.ec2.SecurityGroup(
            args.names(args.purpose),
            description=f"Carried by {args.purpose}: opens nothing itself, others admit it",
            vpc_id=args.vpc_id,
            tags={"Name": args.names(args.purpose)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.security_group_id: pulumi.Output[str] = group.id
        self.register_outputs({"security_group_id": self.security_group_id})


__all__ = ("Peers", "PeersArgs")
