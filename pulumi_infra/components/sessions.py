"""The DynamoDB table that remembers conversations until they expire."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.names import Names
from components.tables import Table, encrypted_table


@dataclass(frozen=True, kw_only=True)
class SessionsArgs:
    names: Names
    key: str = "session_id"
    expiry: str = "expires_at"
    deletion_protection: bool = False


class Sessions(pulumi.ComponentResource):
    def __init__(self, name: str, args: SessionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dynamodb:Sessions", name, None, opts)
        table = encrypted_table(
            args.names("sessions"),
            Table(hash_key=args.key, expiry=args.expiry),
            deletion_protection=args.deletion_protection,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.table_name: pulumi.Output[str] = table.name
        self.arn: pulumi.Output[str] = table.arn
        self.register_outputs({"table_name": self.table_name, "arn": self.arn})


__all__ = ("Sessions", "SessionsArgs")
