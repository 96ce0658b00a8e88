"""Where releases keep their receipts and locks: one bucket, one prefix for each stack."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.names import Names
from components.private_bucket import PrivateBucket, PrivateBucketArgs


@dataclass(frozen=True, kw_only=True)
class LedgerArgs:
    names: Names
    force_destroy: bool = False
    require_tls: bool = True


class Ledger(pulumi.ComponentResource):
    def __init__(self, name: str, args: LedgerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ledger:Ledger", name, None, opts)
        bucket = PrivateBucket(
            args.names("ledger"),
            # No lifecycle: a receipt is the record of what was live, and is never too old to be asked for.
            PrivateBucketArgs(force_destroy=args.force_destroy, require_tls=args.require_tls),
            opts=pulumi.ResourceOptions(parent=self),
        )
        bucket.protect()
        self.bucket_name = bucket.bucket_name
        self.arn = bucket.arn
        self.prefix = f"{args.names.stack}/"
        self.register_outputs({"bucket_name": self.bucket_name, "prefix": self.prefix})


__all__ = ("Ledger", "LedgerArgs")
