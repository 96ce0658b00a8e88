"""Backup vaults, plans, and what a plan is about."""

from __future__ import annotations

import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties

RULE_KEYS = {
    "ruleName": "RuleName",
    "targetVaultName": "TargetBackupVaultName",
    "schedule": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "enableContinuousBackup": "EnableContinuousBackup",
    "recoveryPointTags": "RecoveryPointTags",
}
LIFECYCLE_KEYS = {
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "deleteAfter": "DeleteAfterDays",
    "optInToArchiveForSupportedResources": "OptInToArchiveForSupportedResources",
}


class _Backup(Handler):
    @property
    def backup(self) -> t.Any:
        return self.cloud.client("backup")

    def retag(self, arn: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.backup.tag_resource(ResourceArn=arn, Tags=put)
        if gone:
            self.backup.untag_resource(ResourceArn=arn, TagKeyList=gone)


@handles("aws:backup/vault:Vault")
class Vault(_Backup):
    inputs = frozenset({"name", "kmsKeyArn", "forceDestroy", "tags"})
    replace_on = frozenset({"name", "kmsKeyArn"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        self.backup.create_backup_vault(
            **given(
                BackupVaultName=name,
                EncryptionKeyArn=inputs.get("kmsKeyArn"),
                BackupVaultTags=inputs.get("tags") or None,
            )
        )
        return name

    def _describe(self, name: str) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: self.backup.describe_backup_vault(BackupVaultName=name))
        return None if answer is None else t.cast("dict[str, t.Any]", answer)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._describe(id_)
        if found is None:
            return None
        told = {"arn": found["BackupVaultArn"], "name": id_, "recoveryPoints": found.get("NumberOfRecoveryPoints", 0)}
        return {**tags.outputs(inputs), **told}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        # A change of forceDestroy alone concerns only the day of deletion.
        if old.get("tags") != new.get("tags"):
            self.retag((self._describe(id_) or {})["BackupVaultArn"], old, new)

    def delete(self, id_: str, inputs: Properties) -> None:
        if inputs.get("forceDestroy"):
            unless_missing(lambda: self._empty(id_))
        unless_missing(lambda: self.backup.delete_backup_vault(BackupVaultName=id_))

    def _empty(self, name: str) -> None:
        for page in self.backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=name):
            for point in page["RecoveryPoints"]:
                self.backup.delete_recovery_point(BackupVaultName=name, RecoveryPointArn=point["RecoveryPointArn"])


@handles("aws:backup/plan:Plan")
class Plan(_Backup):
    inputs = frozenset({"name", "rules", "tags"})
    replace_on = frozenset({"name"})

    def create(self, inputs: Properties) -> str:
        made = self.backup.create_backup_plan(
            **given(BackupPlan=_plan(inputs), BackupPlanTags=inputs.get("tags") or None)
        )
        id_: str = made["BackupPlanId"]
        return id_

    def _get(self, id_: str) -> dict[str, t.Any] | None:
        found = unless_missing(lambda: self.backup.get_backup_plan(BackupPlanId=id_))
        return None if found is None else t.cast("dict[str, t.Any]", found)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._get(id_)
        if found is None:
            return None
        return {**tags.outputs(inputs), "arn": found["BackupPlanArn"], "version": found["VersionId"]}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("rules") != new.get("rules"):
            self.backup.update_backup_plan(BackupPlanId=id_, BackupPlan=_plan(new))
        if old.get("tags") != new.get("tags"):
            self.retag((self._get(id_) or {})["BackupPlanArn"], old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.backup.delete_backup_plan(BackupPlanId=id_))


def _plan(inputs: Properties) -> dict[str, t.Any]:
    return {"BackupPlanName": inputs["name"], "Rules": [_rule(rule) for rule in inputs["rules"]]}


def _rule(rule: Properties) -> dict[str, t.Any]:
    known = {"lifecycle", "copyActions"}
    converted = _renamed({key: value for key, value in rule.items() if key not in known}, RULE_KEYS, "rule")
    if rule.get("lifecycle"):
        converted["Lifecycle"] = _renamed(rule["lifecycle"], LIFECYCLE_KEYS, "lifecycle")
    if rule.get("copyActions"):
        converted["CopyActions"] = [_copy(action) for action in rule["copyActions"]]
    return converted


def _copy(action: Properties) -> dict[str, t.Any]:
    lifecycle = action.get("lifecycle")
    return given(
        DestinationBackupVaultArn=action["destinationVaultArn"],
        Lifecycle=_renamed(lifecycle, LIFECYCLE_KEYS, "lifecycle") if lifecycle else None,
    )


def _renamed(given_: Properties, names: t.Mapping[str, str], what: str) -> dict[str, t.Any]:
    strangers = sorted(set(given_) - set(names))
    if strangers:
        raise LocalEngineError(
            f"A backup {what} sets {', '.join(strangers)}, which the local engine does not know. "
            "Add it to local_engine/resources/backup.py."
        )
    return {names[key]: value for key, value in given_.items() if value is not None}


@handles("aws:backup/selection:Selection")
class Selection(_Backup):
    OPERATORS: t.ClassVar[dict[str, str]] = {
        "stringEquals": "StringEquals",
        "stringLikes": "StringLike",
        "stringNotEquals": "StringNotEquals",
        "stringNotLikes": "StringNotLike",
    }
    inputs = frozenset({"name", "planId", "iamRoleArn", "resources", "notResources", "conditions"})
    # AWS has no call to change one.
    replace_on = inputs

    def create(self, inputs: Properties) -> str:
        conditions = {
            self.OPERATORS[operator]: [{"ConditionKey": item["key"], "ConditionValue": item["value"]} for item in items]
            for condition in inputs.get("conditions") or []
            for operator, items in condition.items()
        }
        made = self.backup.create_backup_selection(
            BackupPlanId=inputs["planId"],
            BackupSelection=given(
                SelectionName=inputs["name"],
                IamRoleArn=inputs["iamRoleArn"],
                Resources=inputs.get("resources"),
                NotResources=inputs.get("notResources"),
                Conditions=conditions or None,
            ),
        )
        id_: str = made["SelectionId"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        where = {"BackupPlanId": inputs["planId"], "SelectionId": id_}
        return {} if unless_missing(lambda: self.backup.get_backup_selection(**where)) else None

    def delete(self, id_: str, inputs: Properties) -> None:
        where = {"BackupPlanId": inputs["planId"], "SelectionId": id_}
        unless_missing(lambda: self.backup.delete_backup_selection(**where))
