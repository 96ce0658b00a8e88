"""An ECS cluster on Fargate."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    names: Names
    container_insights: bool = False


class Cluster(pulumi.ComponentResource):
    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecs:Cluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(
            args.names("cluster"),
            # People and scripts type this name; it says which stack it is.
            name=args.names.prefix,
            settings=[{"name": "containerInsights", "value": "enabled" if args.container_insights else "disabled"}],
            opts=child,
        )
        providers = aws.ecs.ClusterCapacityProviders(
            args.names("capacity"),
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            default_capacity_provider_strategies=[{"capacity_provider": "FARGATE", "weight": 1}],
            opts=child,
        )
        self.arn: pulumi.Output[str] = cluster.arn
        # Whoever uses the name gets a cluster that can already place tasks.
        self.name: pulumi.Output[str] = providers.cluster_name
        self.register_outputs({"name": self.name, "arn": self.arn})


__all__ = ("Cluster", "ClusterArgs")
