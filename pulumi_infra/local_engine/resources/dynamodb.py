"""Tables."""

from __future__ import annotations

import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties

WAIT = {"Delay": 1, "MaxAttempts": 60}
INDEX_KEYS = frozenset({"name", "projectionType", "keySchemas"})


@handles("aws:dynamodb/table:Table")
class Table(Handler):
    inputs = frozenset(
        {
            "name",
            "billingMode",
            "hashKey",
            "rangeKey",
            "attributes",
            "globalSecondaryIndexes",
            "ttl",
            "serverSideEncryption",
            "pointInTimeRecovery",
            "deletionProtectionEnabled",
            "tags",
        }
    )
    replace_on = frozenset({"name", "hashKey", "rangeKey"})
    named_by = "name"

    @property
    def dynamodb(self) -> t.Any:
        return self.cloud.client("dynamodb")

    def check(self, name: str, inputs: Properties, old: Properties | None) -> Properties:
        for index in inputs.get("globalSecondaryIndexes") or []:
            strangers = sorted(set(index) - INDEX_KEYS)
            if strangers:
                raise LocalEngineError(
                    f"{self.token} {name!r} sets {', '.join(strangers)} of an index, which the local engine does not "
                    "know. Add it to local_engine/resources/dynamodb.py."
                )
        return super().check(name, inputs, old)

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        indexes = [_index(item) for item in inputs.get("globalSecondaryIndexes") or []]
        self.dynamodb.create_table(
            **given(
                TableName=name,
                KeySchema=_key_schema(inputs),
                AttributeDefinitions=_attributes(inputs),
                GlobalSecondaryIndexes=indexes or None,
                BillingMode=inputs.get("billingMode"),
                SSESpecification=_encryption(inputs),
                DeletionProtectionEnabled=inputs.get("deletionProtectionEnabled"),
                Tags=tags.pairs(inputs) or None,
            )
        )
        self._settled(name)
        if inputs.get("ttl"):
            self._set_expiry(name, inputs["ttl"])
        if inputs.get("pointInTimeRecovery"):
            self._set_recovery(name, inputs)
        return name

    def _settled(self, name: str) -> None:
        self.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=WAIT)

    def _set_expiry(self, name: str, ttl: Properties, *, enabled: bool | None = None) -> None:
        wanted = bool(ttl.get("enabled")) if enabled is None else enabled
        specification = {"AttributeName": ttl["attributeName"], "Enabled": wanted}
        self.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)

    def _set_recovery(self, name: str, inputs: Properties) -> None:
        enabled = bool((inputs.get("pointInTimeRecovery") or {}).get("enabled"))
        self.dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
        )

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.dynamodb.describe_table(TableName=id_))
        if not answer:
            return None
        return {**tags.outputs(inputs), "arn": answer["Table"]["TableArn"], "name": id_}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self._update_settings(id_, old, new)
        self._update_indexes(id_, old, new)
        if old.get("ttl") != new.get("ttl"):
            self._change_expiry(id_, old.get("ttl"), new.get("ttl"))
        if old.get("pointInTimeRecovery") != new.get("pointInTimeRecovery"):
            self._set_recovery(id_, new)
        put, gone = tags.difference(old, new)
        if put or gone:
            arn = self.dynamodb.describe_table(TableName=id_)["Table"]["TableArn"]
            if put:
                self.dynamodb.tag_resource(ResourceArn=arn, Tags=tags.pairs({"tags": put}))
            if gone:
                self.dynamodb.untag_resource(ResourceArn=arn, TagKeys=gone)

    def _update_settings(self, name: str, old: Properties, new: Properties) -> None:
        changes: dict[str, t.Any] = {}
        if old.get("billingMode") != new.get("billingMode"):
            # What AWS takes where nothing is said.
            changes["BillingMode"] = new.get("billingMode", "PROVISIONED")
        if bool(old.get("deletionProtectionEnabled")) != bool(new.get("deletionProtectionEnabled")):
            changes["DeletionProtectionEnabled"] = bool(new.get("deletionProtectionEnabled"))
        if _encryption(old) != _encryption(new):
            changes["SSESpecification"] = _encryption(new) or {"Enabled": False}
        if changes:
            self.dynamodb.update_table(TableName=name, **changes)

    def _update_indexes(self, name: str, old: Properties, new: Properties) -> None:
        """Take away and add one index at a time, as AWS wants it; a changed one is taken away and added."""
        before, after = (
            {item["name"]: item for item in props.get("globalSecondaryIndexes") or []} for props in (old, new)
        )
        changes = [{"Delete": {"IndexName": key}} for key in sorted(before) if before[key] != after.get(key)]
        changes += [{"Create": _index(after[key])} for key in sorted(after) if before.get(key) != after[key]]
        types, new_types = ({item["name"]: item["type"] for item in props["attributes"]} for props in (old, new))
        if any(new_types.get(key, kind) != kind for key, kind in types.items()):
            raise LocalEngineError(
                f"The table {name} cannot change the type of a key in place; give the attribute another name."
            )
        for change in changes:
            # What is being added must be described, what is being taken away need not.
            described = {"AttributeDefinitions": _attributes(new)} if "Create" in change else {}
            self.dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[change], **described)
            self._settled(name)

    def _change_expiry(self, name: str, old: Properties | None, new: Properties | None) -> None:
        if old and old.get("enabled") and (not new or new["attributeName"] != old["attributeName"]):
            self._set_expiry(name, old, enabled=False)
        if new and (new.get("enabled") or (old and old["attributeName"] == new["attributeName"])):
            self._set_expiry(name, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.dynamodb.delete_table(TableName=id_))
        self.dynamodb.get_waiter("table_not_exists").wait(TableName=id_, WaiterConfig=WAIT)


def _key_schema(keys: Properties) -> list[dict[str, str]]:
    schema = [{"AttributeName": keys["hashKey"], "KeyType": "HASH"}]
    if keys.get("rangeKey"):
        schema.append({"AttributeName": keys["rangeKey"], "KeyType": "RANGE"})
    return schema


def _attributes(inputs: Properties) -> list[dict[str, str]]:
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]]


def _index(index: Properties) -> dict[str, t.Any]:
    return {
        "IndexName": index["name"],
        "KeySchema": [
            {"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in index["keySchemas"]
        ],
        "Projection": {"ProjectionType": index["projectionType"]},
    }


def _encryption(inputs: Properties) -> dict[str, t.Any] | None:
    found = inputs.get("serverSideEncryption")
    if not found:
        return None
    key = found.get("kmsKeyArn")
    return given(Enabled=bool(found.get("enabled")), SSEType="KMS" if key else None, KMSMasterKeyId=key)
