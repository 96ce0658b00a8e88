"""Backups on the local cloud: made, left alone, changed, made anew, gone."""

from __future__ import annotations

import typing as t

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

BODY = """
from components.backups import Backups, BackupsArgs, Rule, daily
from components.tables import Table, Tables, TablesArgs

tables = Tables("tables", TablesArgs(names=names, tables={{"agents": Table(hash_key="agent_id")}}))
made = Backups("backups", BackupsArgs(**{{**dict(names=names, resources=list(tables.arns.values())), **dict({args})}}))
pulumi.export("plan", made.plan_id)
pulumi.export("vault", made.vault_name)
pulumi.export("table", tables.arns["agents"])
"""


def program(args: str = "", **more: t.Any) -> str:
    return source(BODY.format(args=args), **more)


def up(workshop: Workshop, text: str) -> t.Any:
    workshop.write_program(text)
    return workshop.operations().up()


def rules(workshop: Workshop) -> list[dict[str, t.Any]]:
    plan = workshop.operations().outputs()["plan"]
    found = workshop.cloud.client("backup").get_backup_plan(BackupPlanId=plan)["BackupPlan"]
    return t.cast("list[dict[str, t.Any]]", found["Rules"])


def selection(workshop: Workshop) -> dict[str, t.Any]:
    backup, plan = workshop.cloud.client("backup"), workshop.operations().outputs()["plan"]
    (one,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    found = backup.get_backup_selection(BackupPlanId=plan, SelectionId=one["SelectionId"])["BackupSelection"]
    return t.cast("dict[str, t.Any]", found)


def test_backups_from_nothing_to_nothing(workshop: Workshop) -> None:
    assert steps(up(workshop, program())) == {"create": 9}
    outputs, backup = workshop.operations().outputs(), workshop.cloud.client("backup")
    vault = backup.describe_backup_vault(BackupVaultName=outputs["vault"])
    assert backup.list_tags(ResourceArn=vault["BackupVaultArn"])["Tags"] == {"user": "owner"}
    (rule,) = rules(workshop)
    assert rule["TargetBackupVaultName"] == outputs["vault"]
    assert (rule["ScheduleExpression"], rule["Lifecycle"]) == ("cron(0 17 * * ? *)", {"DeleteAfterDays": 35})
    chosen = selection(workshop)
    assert chosen["Resources"] == [outputs["table"]]
    role = chosen["IamRoleArn"].rpartition("/")[2]
    (attached,) = workshop.cloud.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert attached["PolicyName"] == "AWSBackupServiceRolePolicyForBackup"
    assert up(workshop, program()).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_a_plan_changes_in_place(workshop: Workshop) -> None:
    up(workshop, program())
    before = workshop.operations().outputs()
    vault = "arn:aws:backup:us-east-1:000000000000:backup-vault:far"
    monthly = f'Rule(schedule="cron(0 18 1 * ? *)", keep_days=400, cold_after_days=30, copy_to_vault_arn="{vault}")'
    minutes = 'Rule(schedule="cron(0 18 * * ? *)", keep_days=7, continuous=True)'
    changed = program(f'rules={{"monthly": {monthly}, "minutes": {minutes}}}', tags={"heir": "me"})
    outcome = up(workshop, changed)
    assert outcome.writing_calls["UpdateBackupPlan"] == 1
    assert workshop.operations().outputs() == before
    often, seldom = rules(workshop)
    assert often["EnableContinuousBackup"] is True
    kept_for = {"DeleteAfterDays": 400, "MoveToColdStorageAfterDays": 30}
    assert seldom["Lifecycle"] == kept_for
    assert seldom["CopyActions"] == [{"DestinationBackupVaultArn": vault, "Lifecycle": kept_for}]
    backup = workshop.cloud.client("backup")
    arns = [
        backup.get_backup_plan(BackupPlanId=before["plan"])["BackupPlanArn"],
        backup.describe_backup_vault(BackupVaultName=before["vault"])["BackupVaultArn"],
    ]
    assert [backup.list_tags(ResourceArn=arn)["Tags"] for arn in arns] == [{"heir": "me"}] * 2
    assert up(workshop, changed).writing_calls == {}


def test_another_selection_replaces_the_old_one(workshop: Workshop) -> None:
    up(workshop, program())
    assert steps(up(workshop, program('resources=(), tags={"user": "owner"}')))["replace"] == 1
    chosen = selection(workshop)
    assert chosen["Resources"] == ["*"]
    assert chosen["Conditions"] == {
        "StringEquals": [{"ConditionKey": "aws:ResourceTag/user", "ConditionValue": "owner"}]
    }


def test_another_policy_is_given_and_taken(workshop: Workshop) -> None:
    up(workshop, program("buckets=True"))
    iam, role = workshop.cloud.client("iam"), selection(workshop)["IamRoleArn"].rpartition("/")[2]
    assert len(iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]) == 2
    assert up(workshop, program()).writing_calls == {"DetachRolePolicy": 1}
    assert len(iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]) == 1
    iam.detach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    )
    assert up(workshop, program()).writing_calls == {"AttachRolePolicy": 1}


def test_another_key_is_another_vault(workshop: Workshop) -> None:
    up(workshop, program("force_destroy=True"))
    before = workshop.operations().outputs()
    up(workshop, program('force_destroy=True, kms_key_arn="arn:aws:kms:ap-northeast-1:000000000000:key/1"'))
    after = workshop.operations().outputs()
    assert contents(workshop.cloud)["vaults"] == {after["vault"]} != {before["vault"]}
    assert rules(workshop)[0]["TargetBackupVaultName"] == after["vault"]


def test_a_lock_is_named_as_what_cannot_be_had_here(workshop: Workshop) -> None:
    with pytest.raises(LocalEngineError, match="aws:backup/vaultLockConfiguration:VaultLockConfiguration"):
        up(workshop, program("locked_days=30"))


def test_an_unknown_property_of_a_rule_is_named(workshop: Workshop) -> None:
    raw = (
        'v = aws.backup.Vault("v")\n'
        'aws.backup.Plan("p", name="p", rules=[{"rule_name": "r", "target_vault_name": v.name,'
        ' "target_logically_air_gapped_backup_vault_arn": "x"}])\n'
    )
    with pytest.raises(LocalEngineError, match="A backup rule sets targetLogicallyAirGappedBackupVaultArn"):
        up(workshop, source(raw))
