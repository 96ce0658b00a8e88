"""IAM policy documents, written as Python and rendered as the JSON that AWS takes."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi

VERSION = "2012-10-17"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. ``resources`` stays empty only in a trust policy, where the role itself is the resource."""

    sid: str
    actions: t.Sequence[str]
    resources: t.Sequence[pulumi.Input[str]] = ()
    principals: t.Mapping[str, t.Any] = field(default_factory=dict)
    conditions: t.Mapping[str, t.Mapping[str, t.Any]] = field(default_factory=dict)
    effect: t.Literal["Allow", "Deny"] = "Allow"

    def render(self) -> dict[str, t.Any]:
        rendered: dict[str, t.Any] = {"Sid": self.sid, "Effect": self.effect, "Action": list(self.actions)}
        if self.principals:
            rendered["Principal"] = "*" if self.principals == {"*": "*"} else dict(self.principals)
        if self.resources:
            rendered["Resource"] = list(self.resources)
        if self.conditions:
            rendered["Condition"] = {operator: dict(keys) for operator, keys in self.conditions.items()}
        return rendered


def document(statements: t.Sequence[Statement]) -> pulumi.Output[str]:
    """Return the policy as JSON, once every name in it is known."""
    return pulumi.Output.json_dumps({"Version": VERSION, "Statement": [item.render() for item in statements]})


def trust_service(service: str, *, account: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the trust policy of a role that an AWS service assumes for this account, and for no other."""
    statement = Statement(
        sid="AssumedByService",
        actions=["sts:AssumeRole"],
        principals={"Service": service},
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )
    return document([statement])


def trust_principals(principals: t.Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
    """Return the trust policy of a role that people assume."""
    return document(
        [Statement(sid="AssumedByPeople", actions=["sts:AssumeRole"], principals={"AWS": list(principals)})]
    )


__all__ = ("Statement", "document", "trust_principals", "trust_service")
