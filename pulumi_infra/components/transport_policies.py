"""The one statement that every resource policy of ours has: nothing without TLS."""

from __future__ import annotations

import typing as t

import pulumi

from components.policies import Statement


def only_over_tls(service: str, resources: t.Sequence[pulumi.Input[str]]) -> Statement:
    """Deny every action of a service on these resources to whoever does not come over TLS."""
    return Statement(
        sid="OnlyOverTls",
        effect="Deny",
        actions=[f"{service}:*"],
        principals={"*": "*"},
        resources=list(resources),
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


__all__ = ("only_over_tls",)
