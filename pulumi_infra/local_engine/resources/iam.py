"""Roles, their policies, and the provider that lets GitHub's tokens in."""

from __future__ import annotations

import json
import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties


class _Iam(Handler):
    @property
    def iam(self) -> t.Any:
        return self.cloud.client("iam")


@handles("aws:iam/role:Role")
class Role(_Iam):
    inputs = frozenset({"name", "path", "description", "assumeRolePolicy", "maxSessionDuration", "tags"})
    replace_on = frozenset({"name", "path"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        self.iam.create_role(
            **given(
                RoleName=name,
                Path=inputs.get("path"),
                Description=inputs.get("description"),
                AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
                MaxSessionDuration=inputs.get("maxSessionDuration"),
                Tags=tags.pairs(inputs) or None,
            )
        )
        return name

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.iam.get_role(RoleName=id_))
        if not answer:
            return None
        role = answer["Role"]
        return {**tags.outputs(inputs), "arn": role["Arn"], "name": role["RoleName"], "uniqueId": role["RoleId"]}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old["assumeRolePolicy"] != new["assumeRolePolicy"]:
            self.iam.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
        if any(old.get(key) != new.get(key) for key in ("description", "maxSessionDuration")):
            self.iam.update_role(
                **given(
                    RoleName=id_,
                    Description=new.get("description", ""),
                    MaxSessionDuration=new.get("maxSessionDuration"),
                )
            )
        put, gone = tags.difference(old, new)
        if put:
            self.iam.tag_role(RoleName=id_, Tags=tags.pairs({"tags": put}))
        if gone:
            self.iam.untag_role(RoleName=id_, TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.iam.delete_role(RoleName=id_))


@handles("aws:iam/rolePolicy:RolePolicy")
class RolePolicy(_Iam):
    inputs = frozenset({"name", "role", "policy"})
    replace_on = frozenset({"name", "role"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def _put(self, inputs: Properties) -> None:
        self.iam.put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        answer = unless_missing(lambda: self.iam.get_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"]))
        return {"name": inputs["name"]} if answer else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        # Only another order of the same JSON is no change.
        if json.loads(old["policy"]) != json.loads(new["policy"]):
            self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.iam.delete_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"]))


@handles("aws:iam/policy:Policy")
class Policy(_Iam):
    inputs = frozenset({"name", "path", "description", "policy", "tags"})
    # AWS changes no description.
    replace_on = frozenset({"name", "path", "description"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        made = self.iam.create_policy(
            **given(
                PolicyName=inputs["name"],
                Path=inputs.get("path"),
                Description=inputs.get("description"),
                PolicyDocument=inputs["policy"],
                Tags=tags.pairs(inputs) or None,
            )
        )
        arn: str = made["Policy"]["Arn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.iam.get_policy(PolicyArn=id_))
        if not answer:
            return None
        policy = answer["Policy"]
        return {**tags.outputs(inputs), "arn": id_, "name": policy["PolicyName"], "policyId": policy["PolicyId"]}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        # Only another order of the same JSON is no change.
        if json.loads(old["policy"]) != json.loads(new["policy"]):
            self._forget_versions(id_)
            self.iam.create_policy_version(PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True)
        put, gone = tags.difference(old, new)
        if put:
            self.iam.tag_policy(PolicyArn=id_, Tags=tags.pairs({"tags": put}))
        if gone:
            self.iam.untag_policy(PolicyArn=id_, TagKeys=gone)

    def _forget_versions(self, arn: str) -> None:
        """Remove what is not in effect: AWS keeps five versions at most, and a policy goes only without them."""
        for version in self.iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                self.iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])

    def delete(self, id_: str, inputs: Properties) -> None:
        if self.read(id_, inputs):
            self._forget_versions(id_)
            unless_missing(lambda: self.iam.delete_policy(PolicyArn=id_))


@handles("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
class OpenIdConnectProvider(_Iam):
    inputs = frozenset({"url", "clientIdLists", "thumbprintLists", "tags"})
    # The emulator has no call to change one; nothing is lost by making it anew.
    replace_on = frozenset({"url", "clientIdLists", "thumbprintLists", "tags"})
    # An account has one provider for a URL.
    unique_by = ("url",)

    def create(self, inputs: Properties) -> str:
        made = self.iam.create_open_id_connect_provider(
            **given(
                Url=inputs["url"],
                ClientIDList=inputs.get("clientIdLists"),
                ThumbprintList=inputs.get("thumbprintLists"),
                Tags=tags.pairs(inputs) or None,
            )
        )
        arn: str = made["OpenIDConnectProviderArn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=id_))
        if not found:
            return None
        return {**tags.outputs(inputs), "arn": id_, "thumbprintLists": found.get("ThumbprintList", [])}

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=id_))
