"""A VPC over several zones: public subnets for load balancers, private ones for tasks."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.ingress import Ingress, admit, ipv4_range
from components.names import Names

ANYWHERE = "0.0.0.0/0"
# Reached through the route tables, for nothing; every network has them.
GATEWAY_SERVICES = ("s3", "dynamodb")
# Without these no task starts where there is no other way out: image, layers, logs.
NEEDED_TO_START = frozenset({"ecr.api", "ecr.dkr", "logs"})


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """``public_ranges`` and ``private_ranges`` name the subnets, one a zone; without them, /24 parts of ``cidr`` are.

    ``interface_endpoints`` are AWS services that the network reaches inside AWS, as their endpoints are called:
    C(ecr.api), C(secretsmanager), C(bedrock-runtime). ``isolated`` keeps tasks in the private subnets although there
    is no NAT: the endpoints are then all they reach.
    """

    names: Names
    region: str
    zones: t.Sequence[str]
    cidr: str = "10.0.0.0/16"
    public_ranges: t.Sequence[str] = ()
    private_ranges: t.Sequence[str] = ()
    nat: t.Literal["none", "single", "per-zone"] = "single"
    interface_endpoints: t.Sequence[str] = ()
    isolated: bool = False

    def __post_init__(self) -> None:
        if self.isolated and self.nat != "none":
            raise ValueError("A network is isolated or has NAT, not both: set nat to none, or leave isolated.")
        if not 2 <= len(self.zones) <= 4:
            raise ValueError(f"A network spans two to four zones, not {len(self.zones)}: a load balancer needs two.")
        if self.public_ranges or self.private_ranges:
            self._check_ranges()
        elif ipv4_range(self.cidr).prefixlen > 20:
            raise ValueError(f"{self.cidr} is too small: the subnets are /24, public and private ones in each zone.")
        self._check_endpoints()

    def _check_ranges(self) -> None:
        for kind, ranges in (("public", self.public_ranges), ("private", self.private_ranges)):
            if len(ranges) != len(self.zones):
                raise ValueError(f"{len(ranges)} {kind} ranges for {len(self.zones)} zones: give one a zone, or none.")
        whole = ipv4_range(self.cidr)
        parts = [ipv4_range(text) for text in (*self.public_ranges, *self.private_ranges)]
        for part in parts:
            if not part.subnet_of(whole):
                raise ValueError(f"The subnet {part} is not a part of the network {whole}.")
        for one, other in itertools.combinations(parts, 2):
            if one.overlaps(other):
                raise ValueError(f"The subnets {one} and {other} overlap.")

    def _check_endpoints(self) -> None:
        services = list(self.interface_endpoints)
        if len(set(services)) != len(services):
            raise ValueError(f"An interface endpoint is named twice: {', '.join(services)}.")
        if free := sorted(set(services) & set(GATEWAY_SERVICES)):
            raise ValueError(f"{' and '.join(free)} has a gateway endpoint already, which is free; leave it out.")
        if self.isolated and (missing := sorted(NEEDED_TO_START - set(services))):
            raise ValueError(f"In an isolated network no task starts without the endpoints {', '.join(missing)}.")

    def subnets(self) -> tuple[list[str], list[str]]:
        """Return the public and the private ranges, one of each for every zone."""
        if self.public_ranges:
            return list(self.public_ranges), list(self.private_ranges)
        ranges = ipv4_range(self.cidr).subnets(new_prefix=24)
        blocks = [str(next(ranges)) for _ in range(8)]
        return blocks[: len(self.zones)], blocks[4 : 4 + len(self.zones)]


class Network(pulumi.ComponentResource):
    """Without NAT the tasks live in the public subnets, with addresses of their own, unless the network is isolated."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:Network", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        names = args.names
        self.vpc = aws.ec2.Vpc(
            names("vpc"),
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": names("vpc")},
            opts=self._child,
        )
        public, private = args.subnets()
        self._gateway = aws.ec2.InternetGateway(
            names("internet"), vpc_id=self.vpc.id, tags={"Name": names("internet")}, opts=self._child
        )
        self._public_routes = self._route_table("public")
        aws.ec2.Route(
            names("public-internet"),
            route_table_id=self._public_routes.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=self._gateway.id,
            opts=self._child,
        )
        self._public = [self._subnet("public", zone, block) for zone, block in zip(args.zones, public, strict=True)]
        for index, subnet in enumerate(self._public):
            self._associate("public", index, subnet, self._public_routes)
        self._private = [self._subnet("private", zone, block) for zone, block in zip(args.zones, private, strict=True)]
        tables = [self._public_routes, *self._private_routing()]
        self._gateway_endpoints(tables)
        if args.interface_endpoints:
            self._interface_endpoints()

        self.public_subnet_ids: list[pulumi.Output[str]] = [subnet.id for subnet in self._public]
        self.private_subnet_ids: list[pulumi.Output[str]] = [subnet.id for subnet in self._private]
        self.assign_public_ip = args.nat == "none" and not args.isolated
        self.task_subnet_ids = self.public_subnet_ids if self.assign_public_ip else self.private_subnet_ids
        self.register_outputs({"vpc_id": self.vpc.id})

    def _private_routing(self) -> list[aws.ec2.RouteTable]:
        """Give the private subnets a way out through as many NAT gateways as were asked for."""
        gateways = {"none": 0, "single": 1, "per-zone": len(self._private)}[self._args.nat]
        tables = [self._private_route_table(index, gateways > 0) for index in range(max(gateways, 1))]
        for index, subnet in enumerate(self._private):
            self._associate("private", index, subnet, tables[min(index, len(tables) - 1)])
        return tables

    def _private_route_table(self, index: int, with_nat: bool) -> aws.ec2.RouteTable:
        names = self._args.names
        table = self._route_table(f"private-{index}")
        if with_nat:
            address = aws.ec2.Eip(
                names(f"nat-{index}"), domain="vpc", tags={"Name": names(f"nat-{index}")}, opts=self._child
            )
            nat = aws.ec2.NatGateway(
                names(f"nat-{index}"),
                allocation_id=address.id,
                subnet_id=self._public[index].id,
                tags={"Name": names(f"nat-{index}")},
                # AWS refuses a NAT gateway in a VPC that has no way to the internet yet.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self._gateway]),
            )
            aws.ec2.Route(
                names(f"private-{index}-internet"),
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=nat.id,
                opts=self._child,
            )
        return table

    def _gateway_endpoints(self, tables: list[aws.ec2.RouteTable]) -> None:
        # Both are free, and keep image layers and sessions off the NAT gateway's bill.
        for service in GATEWAY_SERVICES:
            aws.ec2.VpcEndpoint(
                self._args.names(f"endpoint-{service}"),
                vpc_id=self.vpc.id,
                service_name=f"com.amazonaws.{self._args.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id for table in tables],
                tags={"Name": self._args.names(f"endpoint-{service}")},
                opts=self._child,
            )

    def _interface_endpoints(self) -> None:
        """Put an address of each service into the private subnets, under the name that the SDKs use anyway."""
        names = self._args.names
        group = aws.ec2.SecurityGroup(
            names("endpoints"),
            description="AWS services inside the network: HTTPS from the network only",
            vpc_id=self.vpc.id,
            tags={"Name": names("endpoints")},
            opts=self._child,
        )
        admit(
            names("endpoints-https"),
            group.id,
            Ingress(source="the network", port=443, cidr=self._args.cidr),
            description="HTTPS from the network",
            opts=self._child,
        )
        for service in self._args.interface_endpoints:
            name = names(f"endpoint-{service.replace('.', '-')}")
            aws.ec2.VpcEndpoint(
                name,
                vpc_id=self.vpc.id,
                service_name=f"com.amazonaws.{self._args.region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=[subnet.id for subnet in self._private],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags={"Name": name},
                opts=self._child,
            )

    def _route_table(self, purpose: str) -> aws.ec2.RouteTable:
        name = self._args.names(purpose)
        return aws.ec2.RouteTable(name, vpc_id=self.vpc.id, tags={"Name": name}, opts=self._child)

    def _subnet(self, kind: str, zone: str, block: str) -> aws.ec2.Subnet:
        name = self._args.names(f"{kind}-{zone}")
        return aws.ec2.Subnet(
            name,
            vpc_id=self.vpc.id,
            availability_zone=zone,
            cidr_block=block,
            map_public_ip_on_launch=False,
            tags={"Name": name, "tier": kind},
            opts=self._child,
        )

    def _associate(self, kind: str, index: int, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable) -> None:
        aws.ec2.RouteTableAssociation(
            self._args.names(f"{kind}-{self._args.zones[index]}"),
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=self._child,
        )


__all__ = ("Network", "NetworkArgs")
