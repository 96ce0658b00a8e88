"""What every system stands on: its names and ARNs, where it is, and the ledger its releases write."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from components.arns import Arns
from components.ledger import Ledger, LedgerArgs
from components.names import Names
from components.network import Network, NetworkArgs
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.repositories import Repositories, RepositoriesArgs
from settings import Settings


@dataclass(frozen=True, kw_only=True)
class Ground:
    settings: Settings
    arns: Arns
    ledger: Ledger

    @classmethod
    def lay(cls, settings: Settings) -> Ground:
        arns = Arns(region=settings.region, account=aws.get_caller_identity().account_id)
        names = settings.names
        args = LedgerArgs(names=names, force_destroy=settings.disposable, require_tls=settings.require_tls)
        return cls(settings=settings, arns=arns, ledger=Ledger(names("ledger"), args))

    @property
    def names(self) -> Names:
        return self.settings.names

    def network(self, *, public_ranges: tuple[str, ...] = (), private_ranges: tuple[str, ...] = ()) -> Network:
        """Make the system's network, over the first two zones of its region."""
        zones = aws.get_availability_zones(state="available").names[:2]
        args = NetworkArgs(
            names=self.names,
            region=self.settings.region,
            zones=zones,
            nat=self.settings.nat,
            public_ranges=public_ranges,
            private_ranges=private_ranges,
        )
        return Network(self.names("network"), args)

    def repositories(
        self,
        *images: str,
        namespace: str | None = None,
        immutable_tags: bool = True,
        functions: tuple[str, ...] = (),
    ) -> Repositories:
        args = RepositoriesArgs(
            names=self.names,
            images=images,
            namespace=namespace,
            immutable_tags=immutable_tags,
            functions=functions,
            arns=self.arns,
            force_delete=self.settings.disposable,
        )
        return Repositories(self.names("images"), args)

    def bucket(self, purpose: str) -> PrivateBucket:
        """Make a bucket that only the stack's own roles use."""
        args = PrivateBucketArgs(force_destroy=self.settings.disposable, require_tls=self.settings.require_tls)
        bucket = PrivateBucket(self.names(purpose), args)
        bucket.protect()
        return bucket


__all__ = ("Ground",)
