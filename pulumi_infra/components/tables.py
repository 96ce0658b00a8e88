"""DynamoDB tables: paid by request, encrypted, recoverable to any second of the last weeks."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.names import Names

AttributeType = t.Literal["S", "N", "B"]


@dataclass(frozen=True, kw_only=True)
class Index:
    """A way to ask a table. One besides the table's own keys carries whole items."""

    hash_key: str
    range_key: str | None = None

    def __post_init__(self) -> None:
        if self.hash_key == self.range_key:
            raise ValueError(
                f"{self.hash_key} is named as hash key and as range key; name two attributes, or only one."
            )


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table. A key is a string unless ``types`` says that it is a number (N) or bytes (B)."""

    hash_key: str
    range_key: str | None = None
    types: t.Mapping[str, AttributeType] = field(default_factory=dict)
    # The attribute with the second, since 1970, after which DynamoDB removes an item.
    expiry: str | None = None
    indexes: t.Mapping[str, Index] = field(default_factory=dict)

    def __post_init__(self) -> None:
        strangers = sorted(set(self.types) - set(self.keys))
        if strangers:
            # DynamoDB refuses the type of an attribute that is no key.
            raise ValueError(f"types names {', '.join(strangers)}, which no key is; leave out what is no key.")
        if self.expiry in self.keys and self.types.get(self.expiry or "", "S") != "N":
            raise ValueError(f"Items expire by a number, but the key {self.expiry} is none; give it the type N.")

    @property
    def keys(self) -> list[str]:
        """Every attribute that is a key, of the table or of an index."""
        own = Index(hash_key=self.hash_key, range_key=self.range_key)
        found = {key for keys in (own, *self.indexes.values()) for key in (keys.hash_key, keys.range_key)}
        return sorted(key for key in found if key is not None)


@dataclass(frozen=True, kw_only=True)
class TablesArgs:
    names: Names
    tables: t.Mapping[str, Table]
    deletion_protection: bool = False
    point_in_time_recovery: bool = True
    # Without one, the key that AWS manages for DynamoDB in this account.
    kms_key_arn: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        if not self.tables:
            raise ValueError("There is no table to make; leave the component out.")


class Tables(pulumi.ComponentResource):
    def __init__(self, name: str, args: TablesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dynamodb:Tables", name, None, opts)
        self.table_names: dict[str, pulumi.Output[str]] = {}
        self.arns: dict[str, pulumi.Output[str]] = {}
        #: What a policy names for someone who may use a table: itself, and the indexes it has.
        self.policy_resources: dict[str, list[pulumi.Output[str]]] = {}
        for purpose, table in args.tables.items():
            made = encrypted_table(
                args.names(purpose),
                table,
                deletion_protection=args.deletion_protection,
                point_in_time_recovery=args.point_in_time_recovery,
                kms_key_arn=args.kms_key_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.table_names[purpose] = made.name
            self.arns[purpose] = made.arn
            indexes = [pulumi.Output.concat(made.arn, f"/index/{index}") for index in table.indexes]
            self.policy_resources[purpose] = [made.arn, *indexes]
        self.register_outputs({"table_names": self.table_names, "arns": self.arns})


def encrypted_table(
    name: str,
    table: Table,
    *,
    deletion_protection: bool,
    point_in_time_recovery: bool = True,
    kms_key_arn: pulumi.Input[str] | None = None,
    opts: pulumi.ResourceOptions,
) -> aws.dynamodb.Table:
    """Make one table the way all of ours are made."""
    expiry = None
    if table.expiry is not None:
        expiry = aws.dynamodb.TableTtlArgs(attribute_name=table.expiry, enabled=True)
    return aws.dynamodb.Table(
        name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=table.hash_key,
        range_key=table.range_key,
        attributes=[{"name": key, "type": table.types.get(key, "S")} for key in table.keys],
        global_secondary_indexes=[_index(name, table.indexes[name]) for name in sorted(table.indexes)] or None,
        ttl=expiry,
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=kms_key_arn),
        point_in_time_recovery={"enabled": point_in_time_recovery},
        deletion_protection_enabled=deletion_protection,
        opts=opts,
    )


def _index(name: str, index: Index) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
    kinds = {"HASH": index.hash_key, "RANGE": index.range_key}
    schema = [
        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=key, key_type=kind)
        for kind, key in kinds.items()
        if key is not None
    ]
    return aws.dynamodb.TableGlobalSecondaryIndexArgs(name=name, projection_type="ALL", key_schemas=schema)


__all__ = ("Index", "Table", "Tables", "TablesArgs", "encrypted_table")
