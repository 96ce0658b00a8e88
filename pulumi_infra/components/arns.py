"""The ARNs of one stack's resources, for policies that must name what does not exist yet."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

Text = pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Arns:
    """Spells ARNs in the stack's own account and region."""

    region: str
    account: str

    def of(self, service: str, resource: Text) -> pulumi.Output[str]:
        return pulumi.Output.concat(f"arn:aws:{service}:{self.region}:{self.account}:", resource)

    def everywhere(self, service: str, resource: Text) -> pulumi.Output[str]:
        """Return the ARN of something that belongs to the account, but to no region: roles, distributions."""
        return pulumi.Output.concat(f"arn:aws:{service}::{self.account}:", resource)

    def log_group(self, name: str) -> list[pulumi.Output[str]]:
        """Return a log group and its streams: some calls are judged on the one, some on the other."""
        return [self.of("logs", f"log-group:{name}"), self.of("logs", f"log-group:{name}:*")]


__all__ = ("Arns",)
