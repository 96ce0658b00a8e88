"""Names for services that no load balancer stands before: C(redis.<namespace>:6379), known inside the VPC only."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names

LABEL = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"


@dataclass(frozen=True, kw_only=True)
class ServiceDiscoveryArgs:
    names: Names
    vpc_id: pulumi.Input[str]
    # The port that each service listens on, by its name.
    services: t.Mapping[str, int]
    # Without one, the stack's name and .local.
    namespace: str | None = None
    # A task that moved is found again after so many seconds.
    ttl: int = 10
    # Take away what is still registered when the service goes.
    force_destroy: bool = False

    def __post_init__(self) -> None:
        if not self.services:
            raise ValueError("There is no service to find; leave the component out.")
        for service, port in self.services.items():
            if not re.fullmatch(LABEL, service):
                raise ValueError(f"{service!r} is no name for DNS; use a-z, 0-9 and hyphens.")
            if not 0 < port < 2**16:
                raise ValueError(f"{service} listens on {port}; a port is from 1 to 65535.")
        if not re.fullmatch(rf"{LABEL}(\.{LABEL})+", self.namespace_name):
            raise ValueError(f"{self.namespace_name!r} is no name for a namespace; give one such as shop.local.")
        if not 0 <= self.ttl <= 3600:
            raise ValueError(f"ttl is {self.ttl}; a name that is true for more than an hour outlives its task.")

    @property
    def namespace_name(self) -> str:
        return self.namespace if self.namespace is not None else f"{self.names.prefix}.local"


class ServiceDiscovery(pulumi.ComponentResource):
    def __init__(self, name: str, args: ServiceDiscoveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:servicediscovery:ServiceDiscovery", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = aws.servicediscovery.PrivateDnsNamespace(
            args.names("namespace"),
            name=args.namespace_name,
            description=f"The services of {args.names.stack}",
            vpc=args.vpc_id,
            opts=child,
        )
        #: What an ECS service registers its tasks with.
        self.service_arns: dict[str, pulumi.Output[str]] = {}
        self.hosts: dict[str, str] = {}
        #: Host and port, known before anything is made.
        self.endpoints: dict[str, str] = {}
        for service, port in args.services.items():
            made = aws.servicediscovery.Service(
                args.names(f"{service}-name"),
                name=service,
                dns_config={
                    "namespace_id": namespace.id,
                    "dns_records": [{"type": "A", "ttl": args.ttl}],
                    "routing_policy": "MULTIVALUE",
                },
                # ECS says which task is well. The provider calls the number old, and without it makes no such check.
                health_check_custom_config={"failure_threshold": 1},
                force_destroy=args.force_destroy,
                opts=child,
            )
            self.service_arns[service] = made.arn
            self.hosts[service] = f"{service}.{args.namespace_name}"
            self.endpoints[service] = f"{self.hosts[service]}:{port}"
        self.namespace_id: pulumi.Output[str] = namespace.id
        self.namespace_arn: pulumi.Output[str] = namespace.arn
        self.namespace_name = args.namespace_name
        self.register_outputs({"namespace_id": self.namespace_id, "endpoints": self.endpoints})


__all__ = ("ServiceDiscovery", "ServiceDiscoveryArgs")
