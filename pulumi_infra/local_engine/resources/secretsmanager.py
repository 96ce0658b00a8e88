"""Secrets, without what is in them."""

from __future__ import annotations

import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.invokes import Invokes, answers
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties

# What the provider takes where nothing is said.
RECOVERY_DAYS = 30


@handles("aws:secretsmanager/secret:Secret")
class Secret(Handler):
    inputs = frozenset({"name", "description", "kmsKeyId", "recoveryWindowInDays", "tags"})
    replace_on = frozenset({"name"})
    named_by = "name"

    @property
    def secrets(self) -> t.Any:
        return self.cloud.client("secretsmanager")

    def create(self, inputs: Properties) -> str:
        waiting = unless_missing(lambda: self.secrets.describe_secret(SecretId=inputs["name"]))
        if waiting and waiting.get("DeletedDate"):
            raise LocalEngineError(
                f"The secret {inputs['name']} waits to be deleted, and keeps its name until then; have it back with "
                "aws secretsmanager restore-secret, or delete it at once."
            )
        made = self.secrets.create_secret(
            **given(
                Name=inputs["name"],
                Description=inputs.get("description"),
                KmsKeyId=inputs.get("kmsKeyId"),
                Tags=tags.pairs(inputs) or None,
            )
        )
        arn: str = made["ARN"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.secrets.describe_secret(SecretId=id_))
        # One that waits to be deleted can be had back, but it cannot be used.
        if found is None or found.get("DeletedDate"):
            return None
        return {**tags.outputs(inputs), "arn": found["ARN"], "name": found["Name"]}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if any(old.get(key) != new.get(key) for key in ("description", "kmsKeyId")):
            self.secrets.update_secret(
                **given(SecretId=id_, Description=new.get("description", ""), KmsKeyId=new.get("kmsKeyId"))
            )
        put, gone = tags.difference(old, new)
        if put:
            self.secrets.tag_resource(SecretId=id_, Tags=tags.pairs({"tags": put}))
        if gone:
            self.secrets.untag_resource(SecretId=id_, TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:
        days = inputs.get("recoveryWindowInDays", RECOVERY_DAYS)
        how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        unless_missing(lambda: self.secrets.delete_secret(SecretId=id_, **how))


@answers("aws:secretsmanager/getSecret:getSecret")
def _secret(invokes: Invokes, arguments: Properties) -> Properties:
    """Find a secret by its name or ARN. What it holds is not asked for."""
    strangers = sorted(set(arguments) - {"name", "arn", "region"})
    if strangers:
        raise LocalEngineError(f"getSecret is called with {', '.join(strangers)}, which the local engine ignores.")
    wanted = arguments.get("arn") or arguments.get("name")
    client = invokes.client("secretsmanager", arguments)
    found = unless_missing(lambda: client.describe_secret(SecretId=wanted))
    if found is None or found.get("DeletedDate"):
        raise LocalEngineError(f"There is no secret {wanted!r}; make it first, or correct its name.")
    return {
        "id": found["ARN"],
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId", ""),
        "policy": "",
        "region": invokes.region(arguments),
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
        "createdDate": "",
        "lastChangedDate": "",
        "type": "",
    }
