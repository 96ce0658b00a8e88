"""Tables."""

from __future__ import annotations

import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given, pascal
from local_engine.wire import Properties


@handles("aws:dynamodb/table:Table")
class Table(Handler):
    inputs = frozenset(
        {
            "name",
            "billingMode",
            "hashKey",
            "rangeKey",
            "attributes",
            "ttl",
            "serverSideEncryption",
            "pointInTimeRecovery",
            "deletionProtectionEnabled",
            "tags",
        }
    )
    replace_on = frozenset({"name", "hashKey", "rangeKey", "attributes"})
    named_by = "name"

    @property
    def dynamodb(self) -> t.Any:
        return self.cloud.client("dynamodb")

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        keys = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}]
        if inputs.get("rangeKey"):
            keys.append({"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"})
        self.dynamodb.create_table(
            **given(
                TableName=name,
                KeySchema=keys,
                AttributeDefinitions=[
                    {"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]
                ],
                BillingMode=inputs.get("billingMode"),
                SSESpecification=_encryption(inputs),
                DeletionProtectionEnabled=inputs.get("deletionProtectionEnabled"),
                Tags=tags.pairs(inputs) or None,
            )
        )
        self.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        self._set_expiry(name, inputs)
        self._set_recovery(name, inputs)
        return name

    def _set_expiry(self, name: str, inputs: Properties) -> None:
        if ttl := inputs.get("ttl"):
            specification = {"AttributeName": ttl["attributeName"], "Enabled": bool(ttl.get("enabled"))}
            self.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)

    def _set_recovery(self, name: str, inputs: Properties) -> None:
        if recovery := inputs.get("pointInTimeRecovery"):
            self.dynamodb.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": bool(recovery.get("enabled"))},
            )

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.dynamodb.describe_table(TableName=id_))
        if not answer:
            return None
        return {**tags.outputs(inputs), "arn": answer["Table"]["TableArn"], "name": id_}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        changes = given(
            BillingMode=_if_changed(old, new, "billingMode"),
            DeletionProtectionEnabled=_if_changed(old, new, "deletionProtectionEnabled"),
            SSESpecification=_encryption(new) if _encryption(old) != _encryption(new) else None,
        )
        if changes:
            self.dynamodb.update_table(TableName=id_, **changes)
        if old.get("ttl") != new.get("ttl"):
            self._set_expiry(id_, new)
        if old.get("pointInTimeRecovery") != new.get("pointInTimeRecovery"):
            self._set_recovery(id_, new)
        put, gone = tags.difference(old, new)
        if put or gone:
            arn = self.dynamodb.describe_table(TableName=id_)["Table"]["TableArn"]
            if put:
                self.dynamodb.tag_resource(ResourceArn=arn, Tags=tags.pairs({"tags": put}))
            if gone:
                self.dynamodb.untag_resource(ResourceArn=arn, TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.dynamodb.delete_table(TableName=id_))
        self.dynamodb.get_waiter("table_not_exists").wait(TableName=id_, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def _encryption(inputs: Properties) -> dict[str, t.Any] | None:
    found = inputs.get("serverSideEncryption")
    if not found:
        return None
    converted: dict[str, t.Any] = pascal({"enabled": bool(found.get("enabled"))})
    if found.get("kmsKeyArn"):
        converted |= {"SSEType": "KMS", "KMSMasterKeyId": found["kmsKeyArn"]}
    return converted


def _if_changed(old: Properties, new: Properties, name: str) -> t.Any:
    return new.get(name) if old.get(name) != new.get(name) else None
