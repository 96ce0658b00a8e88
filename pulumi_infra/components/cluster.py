"""An ECS cluster on Fargate, and on EC2 instances of its own where it is given some."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.instances import Instances, InstancesArgs
from components.names import Names

FARGATE = ("FARGATE", "FARGATE_SPOT")
# AWS keeps capacity providers that start so for itself.
RESERVED = ("aws", "ecs", "fargate")


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    names: Names
    container_insights: bool = False
    instances: InstancesArgs | None = None

    def __post_init__(self) -> None:
        if self.instances and self.names.prefix.startswith(RESERVED):
            raise ValueError(
                f"AWS lets no capacity provider's name start with {', '.join(RESERVED)}, and the stack's name "
                f"{self.names.prefix} does; give the stack another name."
            )


class Cluster(pulumi.ComponentResource):
    """``capacity_provider`` is that of the cluster's own ``instances``, where it has some, and Fargate otherwise."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecs:Cluster", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(
            args.names("cluster"),
            # People and scripts type this name; it says which stack it is.
            name=args.names.prefix,
            settings=[{"name": "containerInsights", "value": "enabled" if args.container_insights else "disabled"}],
            opts=self._child,
        )
        self.instances: Instances | None = None
        offered: list[pulumi.Input[str]] = [*FARGATE]
        default: pulumi.Input[str] = "FARGATE"
        if args.instances is not None:
            self.instances = Instances(args.names("instances"), args.instances, cluster, opts=self._child)
            default = self._offer(self.instances).name
            offered.append(default)
        providers = aws.ecs.ClusterCapacityProviders(
            args.names("capacity"),
            cluster_name=cluster.name,
            capacity_providers=offered,
            default_capacity_provider_strategies=[{"capacity_provider": default, "weight": 1}],
            opts=self._child,
        )
        self.arn: pulumi.Output[str] = cluster.arn
        # Whoever uses the name gets a cluster that can already place tasks.
        self.name: pulumi.Output[str] = providers.cluster_name
        self.capacity_provider: pulumi.Output[str] = pulumi.Output.all(default, providers.id).apply(
            lambda known: str(known[0])
        )
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _offer(self, instances: Instances) -> aws.ecs.CapacityProvider:
        given = t.cast("InstancesArgs", self._args.instances)
        return aws.ecs.CapacityProvider(
            self._args.names("instances"),
            name=self._args.names("instances"),
            auto_scaling_group_provider={
                "auto_scaling_group_arn": instances.group_arn,
                # Tasks leave an instance before it goes.
                "managed_draining": "ENABLED",
                # It would also keep the whole group from going, with the stack.
                "managed_termination_protection": "DISABLED",
                "managed_scaling": {
                    "status": "ENABLED" if given.scales else "DISABLED",
                    # No spare instance: one is added when a task finds no place.
                    "target_capacity": 100,
                },
            },
            opts=self._child,
        )


__all__ = ("Cluster", "ClusterArgs")
