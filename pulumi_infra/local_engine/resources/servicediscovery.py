"""Cloud Map: a private namespace, and the services in it."""

from __future__ import annotations

import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given, pascal
from local_engine.wire import Properties


class _CloudMap(Handler):
    @property
    def cloudmap(self) -> t.Any:
        return self.cloud.client("servicediscovery")

    def finish(self, operation: str) -> dict[str, str]:
        """Return what an operation was about. A local cloud has done it by the time it answers."""
        found = self.cloudmap.get_operation(OperationId=operation)["Operation"]
        if found["Status"] != "SUCCESS":
            told = f"{found.get('ErrorCode', 'no code')}: {found.get('ErrorMessage', 'no words')}"
            raise LocalEngineError(f"Cloud Map's operation {operation} is {found['Status']} ({told}).")
        return t.cast("dict[str, str]", found.get("Targets", {}))

    def retag(self, arn: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.cloudmap.tag_resource(ResourceARN=arn, Tags=tags.pairs({"tags": put}))
        if gone:
            self.cloudmap.untag_resource(ResourceARN=arn, TagKeys=gone)


@handles("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
class PrivateDnsNamespace(_CloudMap):
    inputs = frozenset({"name", "description", "vpc", "tags"})
    replace_on = frozenset({"name", "vpc"})
    # A VPC has one namespace of a name.
    unique_by = ("name",)

    def create(self, inputs: Properties) -> str:
        made = self.cloudmap.create_private_dns_namespace(
            **given(
                Name=inputs["name"],
                Description=inputs.get("description"),
                Vpc=inputs["vpc"],
                Tags=tags.pairs(inputs) or None,
            )
        )
        return self.finish(made["OperationId"])["NAMESPACE"]

    def _get(self, id_: str) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: self.cloudmap.get_namespace(Id=id_))
        return None if answer is None else t.cast("dict[str, t.Any]", answer["Namespace"])

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._get(id_)
        if found is None:
            return None
        zone = found.get("Properties", {}).get("DnsProperties", {}).get("HostedZoneId", "")
        return {**tags.outputs(inputs), "arn": found["Arn"], "hostedZone": zone}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("description") != new.get("description"):
            changed = self.cloudmap.update_private_dns_namespace(
                Id=id_, Namespace={"Description": new.get("description", "")}
            )
            self.finish(changed["OperationId"])
        if old.get("tags") != new.get("tags"):
            self.retag((self._get(id_) or {})["Arn"], old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        answer = unless_missing(lambda: self.cloudmap.delete_namespace(Id=id_))
        if answer:
            self.finish(answer["OperationId"])


@handles("aws:servicediscovery/service:Service")
class Service(_CloudMap):
    inputs = frozenset({"name", "description", "dnsConfig", "healthCheckCustomConfig", "forceDestroy", "tags"})
    # AWS changes a record's time to live in place. The namespace stands beside it, and that one cannot change, so
    # here all of it makes a new service.
    replace_on = frozenset({"name", "dnsConfig", "healthCheckCustomConfig"})
    unique_by = ("name",)

    def create(self, inputs: Properties) -> str:
        dns = inputs["dnsConfig"]
        made = self.cloudmap.create_service(
            **given(
                Name=inputs["name"],
                NamespaceId=dns["namespaceId"],
                Description=inputs.get("description"),
                DnsConfig={**given(RoutingPolicy=dns.get("routingPolicy")), "DnsRecords": _records(dns)},
                HealthCheckCustomConfig=pascal(inputs.get("healthCheckCustomConfig")),
                Tags=tags.pairs(inputs) or None,
            )
        )
        id_: str = made["Service"]["Id"]
        return id_

    def _get(self, id_: str) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: self.cloudmap.get_service(Id=id_))
        return None if answer is None else t.cast("dict[str, t.Any]", answer["Service"])

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._get(id_)
        if found is None:
            return None
        return {**tags.outputs(inputs), "arn": found["Arn"], "namespaceId": found.get("NamespaceId", "")}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("description") != new.get("description"):
            changed = self.cloudmap.update_service(
                Id=id_,
                Service={
                    "Description": new.get("description", ""),
                    "DnsConfig": {"DnsRecords": _records(new["dnsConfig"])},
                },
            )
            self.finish(changed["OperationId"])
        if old.get("tags") != new.get("tags"):
            self.retag((self._get(id_) or {})["Arn"], old, new)

    def delete(self, id_: str, inputs: Properties) -> None:
        if inputs.get("forceDestroy"):
            unless_missing(lambda: self._deregister(id_))
        unless_missing(lambda: self.cloudmap.delete_service(Id=id_))

    def _deregister(self, id_: str) -> None:
        for page in self.cloudmap.get_paginator("list_instances").paginate(ServiceId=id_):
            for instance in page["Instances"]:
                gone = self.cloudmap.deregister_instance(ServiceId=id_, InstanceId=instance["Id"])
                self.finish(gone["OperationId"])


def _records(dns: Properties) -> list[dict[str, t.Any]]:
    return [{"Type": record["type"], "TTL": record["ttl"]} for record in dns["dnsRecords"]]
