"""The provider's functions, the C(get…) ones, answered by the local cloud."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable

from local_engine.cloud import Clouds
from local_engine.errors import LocalEngineError
from local_engine.handlers import registry
from local_engine.wire import Properties

Function = Callable[["Invokes", Properties], Properties]
_FUNCTIONS: dict[str, Function] = {}


def answers(token: str) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        _FUNCTIONS[token] = function
        return function

    return register


class Invokes:
    """Answers the functions that a program calls."""

    def __init__(self, clouds: Clouds) -> None:
        self._clouds = clouds

    def call(self, token: str, arguments: Properties) -> Properties:
        # Some functions stand beside the resource they look for.
        registry()
        function = _FUNCTIONS.get(token)
        if function is None:
            raise LocalEngineError(
                f"The local engine does not know the function {token}. Add it to local_engine/invokes.py."
            )
        return function(self, {key: value for key, value in arguments.items() if value is not None})

    def client(self, service: str, arguments: Properties) -> t.Any:
        return self._clouds.region(arguments.get("region")).client(service)

    def region(self, arguments: Properties) -> str:
        return str(arguments.get("region") or self._clouds.home.region)


@answers("aws:index/getCallerIdentity:getCallerIdentity")
def _caller_identity(invokes: Invokes, arguments: Properties) -> Properties:
    answer = invokes.client("sts", arguments).get_caller_identity()
    account = answer["Account"]
    return {"accountId": account, "arn": answer["Arn"], "userId": answer["UserId"], "id": account}


@answers("aws:index/getAvailabilityZones:getAvailabilityZones")
def _availability_zones(invokes: Invokes, arguments: Properties) -> Properties:
    _only(arguments, "state", "region")
    wanted = [{"Name": "state", "Values": [arguments["state"]]}] if "state" in arguments else []
    zones = invokes.client("ec2", arguments).describe_availability_zones(Filters=wanted)["AvailabilityZones"]
    found = sorted((zone["ZoneName"], zone["ZoneId"], zone.get("GroupName", "")) for zone in zones)
    return {
        "id": invokes.region(arguments),
        "region": invokes.region(arguments),
        "state": arguments.get("state"),
        "names": [name for name, _id, _group in found],
        "zoneIds": [id_ for _name, id_, _group in found],
        "groupNames": sorted({group for _name, _id, group in found}),
    }


@answers("aws:index/getRegion:getRegion")
def _region(invokes: Invokes, arguments: Properties) -> Properties:
    _only(arguments, "region")
    region = invokes.region(arguments)
    return {
        "id": region,
        "name": region,
        "region": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
        "description": "",
    }


@answers("aws:index/getPartition:getPartition")
def _partition(invokes: Invokes, arguments: Properties) -> Properties:  # noqa: ARG001
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


@answers("aws:iam/getPolicyDocument:getPolicyDocument")
def _policy_document(invokes: Invokes, arguments: Properties) -> Properties:  # noqa: ARG001
    """Render statements as JSON, as the provider does without asking AWS."""
    _only(arguments, "version", "statements", "policyId")
    document: Properties = {"Version": arguments.get("version", "2012-10-17")}
    if "policyId" in arguments:
        document["Id"] = arguments["policyId"]
    document["Statement"] = [_statement(statement) for statement in arguments.get("statements", [])]
    text = json.dumps(document, indent=2)
    return {"id": str(len(text)), "json": text, "minifiedJson": json.dumps(document, separators=(",", ":"))}


def _statement(given: Properties) -> Properties:
    statement: Properties = {"Effect": given.get("effect", "Allow")}
    if given.get("sid"):
        statement["Sid"] = given["sid"]
    for theirs, ours in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if given.get(theirs):
            statement[ours] = _single(given[theirs])
    for theirs, ours in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        principals = given.get(theirs) or []
        if [(item["type"], item["identifiers"]) for item in principals] == [("*", ["*"])]:
            statement[ours] = "*"
        elif principals:
            statement[ours] = {item["type"]: _single(item["identifiers"]) for item in principals}
    conditions: Properties = {}
    for item in given.get("conditions") or []:
        conditions.setdefault(item["test"], {})[item["variable"]] = _single(item["values"])
    if conditions:
        statement["Condition"] = conditions
    return statement


def _single(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


@answers("aws:route53/getZone:getZone")
def _zone(invokes: Invokes, arguments: Properties) -> Properties:
    """Find the one zone of a domain."""
    _only(arguments, "name", "privateZone")
    name, private = arguments["name"].rstrip("."), bool(arguments.get("privateZone"))
    client = invokes.client("route53", arguments)
    pages = client.get_paginator("list_hosted_zones").paginate()
    found = [
        zone
        for page in pages
        for zone in page["HostedZones"]
        if zone["Name"].rstrip(".") == name and zone.get("Config", {}).get("PrivateZone", False) is private
    ]
    if len(found) != 1:
        kind = "private" if private else "public"
        raise LocalEngineError(f"There are {len(found)} {kind} zones of {name}; exactly one can be looked up.")
    id_ = found[0]["Id"].removeprefix("/hostedzone/")
    servers = client.get_hosted_zone(Id=id_).get("DelegationSet", {}).get("NameServers", [])
    return {
        "id": id_,
        "arn": f"arn:aws:route53:::hostedzone/{id_}",
        "zoneId": id_,
        "name": name,
        "privateZone": private,
        "comment": found[0].get("Config", {}).get("Comment", ""),
        "callerReference": found[0].get("CallerReference", ""),
        "resourceRecordSetCount": found[0].get("ResourceRecordSetCount", 0),
        "nameServers": sorted(servers),
        "primaryNameServer": sorted(servers)[0] if servers else "",
    }


@answers("aws:ec2/getManagedPrefixList:getManagedPrefixList")
def _managed_prefix_list(invokes: Invokes, arguments: Properties) -> Properties:
    _only(arguments, "name", "region")
    name = arguments["name"]
    ec2 = invokes.client("ec2", arguments)
    answer = ec2.describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])
    found = [item for item in answer["PrefixLists"] if item["PrefixListName"] == name]
    if len(found) != 1:
        raise LocalEngineError(f"There are {len(found)} prefix lists called {name}; exactly one can be looked up.")
    id_ = found[0]["PrefixListId"]
    pages = ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=id_)
    entries = [entry for page in pages for entry in page["Entries"]]
    return {
        "id": id_,
        "arn": found[0].get("PrefixListArn", ""),
        "name": name,
        "region": invokes.region(arguments),
        "ownerId": found[0].get("OwnerId", ""),
        "addressFamily": found[0].get("AddressFamily", ""),
        "maxEntries": found[0].get("MaxEntries", 0),
        "version": found[0].get("Version", 0),
        "entries": [{"cidr": item["Cidr"], "description": item.get("Description", "")} for item in entries],
    }


def _only(arguments: Properties, *known: str) -> None:
    strangers = sorted(set(arguments) - set(known))
    if strangers:
        raise LocalEngineError(f"A function is called with {', '.join(strangers)}, which the local engine ignores.")


__all__ = ("Invokes",)
