"""Zones and their records."""

from __future__ import annotations

import typing as t
import uuid

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.wire import Properties

# Every zone has these of its own, for its own name.
OWN = ("NS", "SOA")


class _Route53(Handler):
    @property
    def route53(self) -> t.Any:
        return self.cloud.client("route53")

    def change(self, zone: str, action: str, record: dict[str, t.Any]) -> None:
        self.route53.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        )

    def records(self, zone: str) -> list[dict[str, t.Any]]:
        pages = self.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        return [record for page in pages for record in page["ResourceRecordSets"]]


@handles("aws:route53/zone:Zone")
class Zone(_Route53):
    inputs = frozenset({"name", "comment", "forceDestroy", "tags"})
    replace_on = frozenset({"name"})

    def create(self, inputs: Properties) -> str:
        made = self.route53.create_hosted_zone(
            Name=inputs["name"],
            CallerReference=str(uuid.uuid4()),
            HostedZoneConfig={"Comment": inputs.get("comment", ""), "PrivateZone": False},
        )
        id_: str = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
        self._retag(id_, {}, inputs)
        return id_

    def _retag(self, id_: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put or gone:
            changes: dict[str, t.Any] = {}
            if put:
                changes["AddTags"] = tags.pairs({"tags": put})
            if gone:
                changes["RemoveTagKeys"] = gone
            self.route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=id_, **changes)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.route53.get_hosted_zone(Id=id_))
        if not answer:
            return None
        return {
            **tags.outputs(inputs),
            "arn": f"arn:aws:route53:::hostedzone/{id_}",
            "zoneId": id_,
            "name": inputs["name"],
            "nameServers": sorted(answer.get("DelegationSet", {}).get("NameServers", [])),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("comment") != new.get("comment"):
            self.route53.update_hosted_zone_comment(Id=id_, Comment=new.get("comment", ""))
        self._retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:
        if inputs.get("forceDestroy"):
            self._empty(id_, inputs["name"])
        unless_missing(lambda: self.route53.delete_hosted_zone(Id=id_))

    def _empty(self, id_: str, name: str) -> None:
        for record in unless_missing(lambda: self.records(id_)) or []:
            if record["Type"] not in OWN or _plain(record["Name"]) != _plain(name):
                self.change(id_, "DELETE", record)


@handles("aws:route53/record:Record")
class Record(_Route53):
    inputs = frozenset({"zoneId", "name", "type", "ttl", "records", "aliases"})
    replace_on = frozenset({"zoneId", "name", "type"})
    unique_by = ("zoneId", "name", "type")

    def create(self, inputs: Properties) -> str:
        # CREATE, so that a record which somebody else made is an error and not lost.
        self.change(inputs["zoneId"], "CREATE", self._record(inputs))
        return f"{inputs['zoneId']}_{self._name(inputs)}_{inputs['type']}"

    def _name(self, inputs: Properties) -> str:
        """Return the whole name. The provider takes it with or without the zone's."""
        zone = _plain(self.route53.get_hosted_zone(Id=inputs["zoneId"])["HostedZone"]["Name"])
        name = _plain(inputs["name"])
        return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"

    def _record(self, inputs: Properties) -> dict[str, t.Any]:
        record: dict[str, t.Any] = {"Name": self._name(inputs), "Type": inputs["type"]}
        aliases = inputs.get("aliases")
        if bool(aliases) == bool(inputs.get("records")):
            raise LocalEngineError(f"The record {inputs['name']} has records or aliases, one of the two.")
        if aliases:
            (alias,) = aliases
            target = {
                "DNSName": alias["name"],
                "HostedZoneId": alias["zoneId"],
                "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"]),
            }
            return {**record, "AliasTarget": target}
        return {**record, "TTL": inputs["ttl"], "ResourceRecords": [{"Value": text} for text in inputs["records"]]}

    def _find(self, inputs: Properties) -> dict[str, t.Any] | None:
        name = unless_missing(lambda: self._name(inputs))
        if name is None:
            return None
        for record in self.records(inputs["zoneId"]):
            if (_plain(record["Name"]), record["Type"]) == (name, inputs["type"]):
                return record
        return None

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = self._find(inputs)
        return {"fqdn": _plain(found["Name"])} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self.change(new["zoneId"], "UPSERT", self._record(new))

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        # A record is removed by its whole content, as it is now.
        if found := self._find(inputs):
            self.change(inputs["zoneId"], "DELETE", found)


def _plain(name: str) -> str:
    """Return a name as people write it: AWS adds a dot, and writes a star as a number."""
    return name.lower().rstrip(".").replace("\\052", "*")
