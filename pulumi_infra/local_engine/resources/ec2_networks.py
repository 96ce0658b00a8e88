"""VPCs and what makes a network of them."""

from __future__ import annotations

import time
import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties

SECONDS_FOR_A_GATEWAY = 120.0


class Ec2(Handler):
    """Everything of EC2 is tagged when made, and found again by its id."""

    #: How the API calls the resource in a tag specification.
    resource_type: t.ClassVar[str]

    @property
    def ec2(self) -> t.Any:
        return self.cloud.client("ec2")

    def tag_specifications(self, inputs: Properties) -> list[dict[str, t.Any]]:
        found = tags.pairs(inputs)
        return [{"ResourceType": self.resource_type, "Tags": found}] if found else []

    def retag(self, id_: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.ec2.create_tags(Resources=[id_], Tags=tags.pairs({"tags": put}))
        if gone:
            self.ec2.delete_tags(Resources=[id_], Tags=[{"Key": key} for key in gone])

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self.retag(id_, old, new)

    def arn(self, kind: str, id_: str, owner: str) -> str:
        return f"arn:aws:ec2:{self.cloud.region}:{owner}:{kind}/{id_}"


@handles("aws:ec2/vpc:Vpc")
class Vpc(Ec2):
    inputs = frozenset({"cidrBlock", "enableDnsSupport", "enableDnsHostnames", "tags"})
    replace_on = frozenset({"cidrBlock"})
    resource_type = "vpc"

    def create(self, inputs: Properties) -> str:
        made = self.ec2.create_vpc(CidrBlock=inputs["cidrBlock"], TagSpecifications=self.tag_specifications(inputs))
        id_: str = made["Vpc"]["VpcId"]
        self._set(id_, inputs)
        return id_

    def _set(self, id_: str, inputs: Properties) -> None:
        # AWS takes one attribute a call.
        if (support := inputs.get("enableDnsSupport")) is not None:
            self.ec2.modify_vpc_attribute(VpcId=id_, EnableDnsSupport={"Value": support})
        if (names := inputs.get("enableDnsHostnames")) is not None:
            self.ec2.modify_vpc_attribute(VpcId=id_, EnableDnsHostnames={"Value": names})

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ec2.describe_vpcs(VpcIds=[id_]))
        if not answer or not answer["Vpcs"]:
            return None
        vpc = answer["Vpcs"][0]
        return {
            **tags.outputs(inputs),
            "arn": self.arn("vpc", id_, vpc.get("OwnerId", "")),
            "cidrBlock": vpc["CidrBlock"],
            "ownerId": vpc.get("OwnerId", ""),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self.retag(id_, old, new)
        self._set(id_, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.delete_vpc(VpcId=id_))


@handles("aws:ec2/subnet:Subnet")
class Subnet(Ec2):
    inputs = frozenset({"vpcId", "availabilityZone", "cidrBlock", "mapPublicIpOnLaunch", "tags"})
    replace_on = frozenset({"vpcId", "availabilityZone", "cidrBlock"})
    resource_type = "subnet"
    # The ranges of a VPC's subnets may not overlap.
    unique_by = ("vpcId",)

    def create(self, inputs: Properties) -> str:
        made = self.ec2.create_subnet(
            **given(
                VpcId=inputs["vpcId"],
                CidrBlock=inputs["cidrBlock"],
                AvailabilityZone=inputs.get("availabilityZone"),
                TagSpecifications=self.tag_specifications(inputs),
            )
        )
        id_: str = made["Subnet"]["SubnetId"]
        self._set(id_, inputs)
        return id_

    def _set(self, id_: str, inputs: Properties) -> None:
        if (public := inputs.get("mapPublicIpOnLaunch")) is not None:
            self.ec2.modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch={"Value": public})

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ec2.describe_subnets(SubnetIds=[id_]))
        if not answer or not answer["Subnets"]:
            return None
        subnet = answer["Subnets"][0]
        return {
            **tags.outputs(inputs),
            "arn": subnet.get("SubnetArn") or self.arn("subnet", id_, subnet.get("OwnerId", "")),
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet.get("AvailabilityZoneId", ""),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self.retag(id_, old, new)
        self._set(id_, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.delete_subnet(SubnetId=id_))


@handles("aws:ec2/internetGateway:InternetGateway")
class InternetGateway(Ec2):
    inputs = frozenset({"vpcId", "tags"})
    replace_on = frozenset({"vpcId"})
    resource_type = "internet-gateway"

    def create(self, inputs: Properties) -> str:
        made = self.ec2.create_internet_gateway(TagSpecifications=self.tag_specifications(inputs))
        id_: str = made["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=inputs["vpcId"])
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ec2.describe_internet_gateways(InternetGatewayIds=[id_]))
        if not answer or not answer["InternetGateways"]:
            return None
        owner = answer["InternetGateways"][0].get("OwnerId", "")
        return {**tags.outputs(inputs), "arn": self.arn("internet-gateway", id_, owner), "ownerId": owner}

    def delete(self, id_: str, inputs: Properties) -> None:
        unless_missing(lambda: self.ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=inputs["vpcId"]))
        unless_missing(lambda: self.ec2.delete_internet_gateway(InternetGatewayId=id_))


@handles("aws:ec2/eip:Eip")
class ElasticIp(Ec2):
    inputs = frozenset({"domain", "tags"})
    replace_on = frozenset({"domain"})
    resource_type = "elastic-ip"

    def create(self, inputs: Properties) -> str:
        made = self.ec2.allocate_address(
            Domain=inputs.get("domain", "vpc"), TagSpecifications=self.tag_specifications(inputs)
        )
        id_: str = made["AllocationId"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ec2.describe_addresses(AllocationIds=[id_]))
        if not answer or not answer["Addresses"]:
            return None
        address = answer["Addresses"][0]
        public = address.get("PublicIp", "")
        return {
            **tags.outputs(inputs),
            "allocationId": id_,
            "publicIp": public,
            "publicDns": _public_name(public, self.cloud.region),
        }

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.release_address(AllocationId=id_))


def _public_name(address: str, region: str) -> str:
    """Return the name that AWS gives an address; the first region there was has a shorter one."""
    place = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{place}.amazonaws.com"


@handles("aws:ec2/natGateway:NatGateway")
class NatGateway(Ec2):
    inputs = frozenset({"allocationId", "subnetId", "connectivityType", "tags"})
    replace_on = frozenset({"allocationId", "subnetId", "connectivityType"})
    resource_type = "natgateway"
    # The address can serve one gateway at a time.
    unique_by = ("allocationId",)

    def create(self, inputs: Properties) -> str:
        made = self.ec2.create_nat_gateway(
            **given(
                SubnetId=inputs["subnetId"],
                AllocationId=inputs.get("allocationId"),
                ConnectivityType=inputs.get("connectivityType"),
                TagSpecifications=self.tag_specifications(inputs),
            )
        )
        id_: str = made["NatGateway"]["NatGatewayId"]
        self._wait(id_, "available")
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        gateway = self._describe(id_)
        if gateway is None:
            return None
        addresses = gateway.get("NatGatewayAddresses") or [{}]
        return {
            **tags.outputs(inputs),
            "publicIp": addresses[0].get("PublicIp", ""),
            "privateIp": addresses[0].get("PrivateIp", ""),
        }

    def _describe(self, id_: str) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: self.ec2.describe_nat_gateways(NatGatewayIds=[id_]))
        gateways = [item for item in (answer or {}).get("NatGateways", []) if item.get("State") != "deleted"]
        return gateways[0] if gateways else None

    def _wait(self, id_: str, wanted: str | None) -> None:
        deadline = time.monotonic() + SECONDS_FOR_A_GATEWAY
        pause = 0.1
        while True:
            gateway = self._describe(id_)
            state = gateway["State"] if gateway else None
            if state == wanted:
                return
            if state == "failed" or time.monotonic() > deadline:
                raise LocalEngineError(f"The NAT gateway {id_} is {state}, not {wanted or 'gone'}.")
            time.sleep(pause)
            pause = min(pause * 2, 5)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.delete_nat_gateway(NatGatewayId=id_))
        # Its address and its subnet cannot go before it is gone.
        self._wait(id_, None)


@handles("aws:ec2/routeTable:RouteTable")
class RouteTable(Ec2):
    inputs = frozenset({"vpcId", "tags"})
    replace_on = frozenset({"vpcId"})
    resource_type = "route-table"

    def create(self, inputs: Properties) -> str:
        made = self.ec2.create_route_table(VpcId=inputs["vpcId"], TagSpecifications=self.tag_specifications(inputs))
        id_: str = made["RouteTable"]["RouteTableId"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        table = describe_route_table(self.ec2, id_)
        if table is None:
            return None
        owner = table.get("OwnerId", "")
        return {**tags.outputs(inputs), "arn": self.arn("route-table", id_, owner), "ownerId": owner}

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.delete_route_table(RouteTableId=id_))


def describe_route_table(ec2: t.Any, id_: str) -> dict[str, t.Any] | None:
    answer = unless_missing(lambda: ec2.describe_route_tables(RouteTableIds=[id_]))
    return answer["RouteTables"][0] if answer and answer["RouteTables"] else None


@handles("aws:ec2/route:Route")
class Route(Ec2):
    inputs = frozenset({"routeTableId", "destinationCidrBlock", "gatewayId", "natGatewayId"})
    replace_on = frozenset({"routeTableId", "destinationCidrBlock"})

    def create(self, inputs: Properties) -> str:
        self.ec2.create_route(**self._where(inputs), **self._target(inputs))
        return f"r-{inputs['routeTableId']}-{inputs['destinationCidrBlock']}"

    def _where(self, inputs: Properties) -> dict[str, str]:
        return {"RouteTableId": inputs["routeTableId"], "DestinationCidrBlock": inputs["destinationCidrBlock"]}

    def _target(self, inputs: Properties) -> dict[str, str]:
        return given(GatewayId=inputs.get("gatewayId"), NatGatewayId=inputs.get("natGatewayId"))

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        table = describe_route_table(self.ec2, inputs["routeTableId"])
        for route in (table or {}).get("Routes", []):
            if route.get("DestinationCidrBlock") == inputs["destinationCidrBlock"]:
                return {"state": route.get("State", ""), "origin": route.get("Origin", "")}
        return None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self.ec2.replace_route(**self._where(new), **self._target(new))

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.delete_route(**self._where(inputs)))


@handles("aws:ec2/routeTableAssociation:RouteTableAssociation")
class RouteTableAssociation(Ec2):
    inputs = frozenset({"subnetId", "routeTableId"})
    replace_on = frozenset({"subnetId", "routeTableId"})
    # A subnet has one route table at a time.
    unique_by = ("subnetId",)

    def create(self, inputs: Properties) -> str:
        made = self.ec2.associate_route_table(SubnetId=inputs["subnetId"], RouteTableId=inputs["routeTableId"])
        id_: str = made["AssociationId"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        table = describe_route_table(self.ec2, inputs["routeTableId"])
        known = {item.get("RouteTableAssociationId") for item in (table or {}).get("Associations", [])}
        return {} if id_ in known else None

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.disassociate_route_table(AssociationId=id_))


@handles("aws:ec2/vpcEndpoint:VpcEndpoint")
class VpcEndpoint(Ec2):
    # What an endpoint is reached by, and how a call names it: each can be added and removed later.
    PARTS: t.ClassVar[dict[str, str]] = {
        "routeTableIds": "RouteTableIds",
        "subnetIds": "SubnetIds",
        "securityGroupIds": "SecurityGroupIds",
    }
    inputs = frozenset({"vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled", "tags", *PARTS})
    replace_on = frozenset({"vpcId", "serviceName", "vpcEndpointType"})
    resource_type = "vpc-endpoint"
    # A route table takes one gateway for a service.
    unique_by = ("vpcId", "serviceName")

    def create(self, inputs: Properties) -> str:
        made = self.ec2.create_vpc_endpoint(
            **given(
                VpcId=inputs["vpcId"],
                ServiceName=inputs["serviceName"],
                VpcEndpointType=inputs.get("vpcEndpointType"),
                PrivateDnsEnabled=inputs.get("privateDnsEnabled"),
                **{key: inputs.get(name) for name, key in self.PARTS.items()},
                TagSpecifications=self.tag_specifications(inputs),
            )
        )
        id_: str = made["VpcEndpoint"]["VpcEndpointId"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ec2.describe_vpc_endpoints(VpcEndpointIds=[id_]))
        found = [item for item in (answer or {}).get("VpcEndpoints", []) if item.get("State") != "deleted"]
        if not found:
            return None
        owner = found[0].get("OwnerId", "")
        return {
            **tags.outputs(inputs),
            "arn": self.arn("vpc-endpoint", id_, owner),
            "state": found[0].get("State", ""),
            "ownerId": owner,
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self.retag(id_, old, new)
        changes: dict[str, t.Any] = {}
        for name, key in self.PARTS.items():
            before, after = set(old.get(name) or []), set(new.get(name) or [])
            if before != after:
                changes |= {f"Add{key}": sorted(after - before), f"Remove{key}": sorted(before - after)}
        if old.get("privateDnsEnabled") != new.get("privateDnsEnabled"):
            changes["PrivateDnsEnabled"] = bool(new.get("privateDnsEnabled"))
        if changes:
            self.ec2.modify_vpc_endpoint(VpcEndpointId=id_, **changes)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.delete_vpc_endpoints(VpcEndpointIds=[id_]))
