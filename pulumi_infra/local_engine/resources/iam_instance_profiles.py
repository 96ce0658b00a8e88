"""Instance profiles: the role that an instance acts as."""

from __future__ import annotations

import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties


@handles("aws:iam/instanceProfile:InstanceProfile")
class InstanceProfile(Handler):
    inputs = frozenset({"name", "path", "role", "tags"})
    replace_on = frozenset({"name", "path"})
    named_by = "name"

    @property
    def iam(self) -> t.Any:
        return self.cloud.client("iam")

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        self.iam.create_instance_profile(
            **given(InstanceProfileName=name, Path=inputs.get("path"), Tags=tags.pairs(inputs) or None)
        )
        self._put_role(name, inputs)
        return name

    def _put_role(self, name: str, inputs: Properties) -> None:
        if role := inputs.get("role"):
            self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)

    def _take_role(self, name: str, inputs: Properties) -> None:
        if role := inputs.get("role"):
            unless_missing(lambda: self.iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role))

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.iam.get_instance_profile(InstanceProfileName=id_))
        if not answer:
            return None
        profile = answer["InstanceProfile"]
        return {
            **tags.outputs(inputs),
            "arn": profile["Arn"],
            "name": profile["InstanceProfileName"],
            "uniqueId": profile["InstanceProfileId"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("role") != new.get("role"):
            # A profile holds one role.
            self._take_role(id_, old)
            self._put_role(id_, new)
        put, gone = tags.difference(old, new)
        if put:
            self.iam.tag_instance_profile(InstanceProfileName=id_, Tags=tags.pairs({"tags": put}))
        if gone:
            self.iam.untag_instance_profile(InstanceProfileName=id_, TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:
        self._take_role(id_, inputs)
        unless_missing(lambda: self.iam.delete_instance_profile(InstanceProfileName=id_))
