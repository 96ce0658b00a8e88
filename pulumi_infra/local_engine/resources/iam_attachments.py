"""Policies that AWS or somebody else keeps, given to a role."""

from __future__ import annotations

import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.wire import Properties


@handles("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
class RolePolicyAttachment(Handler):
    inputs = frozenset({"role", "policyArn"})
    replace_on = inputs

    @property
    def iam(self) -> t.Any:
        return self.cloud.client("iam")

    def create(self, inputs: Properties) -> str:
        self.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        return {} if unless_missing(lambda: self._attached(inputs)) else None

    def _attached(self, inputs: Properties) -> bool:
        pages = self.iam.get_paginator("list_attached_role_policies").paginate(RoleName=inputs["role"])
        return any(policy["PolicyArn"] == inputs["policyArn"] for page in pages for policy in page["AttachedPolicies"])

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        where = {"RoleName": inputs["role"], "PolicyArn": inputs["policyArn"]}
        unless_missing(lambda: self.iam.detach_role_policy(**where))
