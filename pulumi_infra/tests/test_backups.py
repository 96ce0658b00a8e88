"""Backups: what is copied, when, by whom, and what is refused."""

from __future__ import annotations

import json
import typing as t

import pytest
from components.backups import Backups, BackupsArgs, Rule, daily
from components.names import Names

from tests.invented import KEY
from tests.parts import NAMES, record
from tests.recorded_program import Program
from tests.tags import untagged

VAULT = "aws:backup/vault:Vault"
PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
NIGHTLY = "cron(0 17 * * ? *)"
TABLE = "arn:aws:dynamodb:ap-northeast-1:123456789012:table/agents"


def backups(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        made = Backups("backups", BackupsArgs(**{"names": NAMES, "resources": [TABLE], **changes}))
        return {"vault": made.vault_name, "plan": made.plan_id}

    return record(build)


def test_named_resources_are_copied_every_night() -> None:
    program = backups()
    (rule,) = program.one(PLAN).inputs["rules"]
    assert rule == {
        "ruleName": "daily",
        "targetVaultName": "shop-test-backups",
        "schedule": NIGHTLY,
        "startWindow": 60,
        "completionWindow": 480,
        "lifecycle": {"deleteAfter": 35},
    }
    selection = program.one(SELECTION).inputs
    assert selection["resources"] == [TABLE]
    assert "conditions" not in selection
    assert selection["planId"] == "shop-test-backups-id"
    assert untagged(program) == []
    assert program.of(LOCK) == []


def test_whatever_carries_all_the_tags_can_be_copied_instead() -> None:
    selection = backups(resources=(), tags={"system": "agents", "backup": "yes"}).one(SELECTION).inputs
    assert selection["resources"] == ["*"]
    assert selection["conditions"] == [
        {
            "stringEquals": [
                {"key": "aws:ResourceTag/backup", "value": "yes"},
                {"key": "aws:ResourceTag/system", "value": "agents"},
            ]
        }
    ]


def test_a_rule_carries_what_it_is_given() -> None:
    rules = {
        "monthly": Rule(
            schedule="cron(0 18 1 * ? *)", keep_days=400, cold_after_days=30, copy_to_vault_arn=f"{KEY}-vault"
        ),
        "minutes": Rule(schedule=NIGHTLY, keep_days=14, continuous=True),
    }
    minutes, monthly = backups(rules=rules).one(PLAN).inputs["rules"]
    assert minutes["enableContinuousBackup"] is True
    assert "copyActions" not in minutes
    assert monthly["lifecycle"] == {"deleteAfter": 400, "coldStorageAfter": 30}
    assert monthly["copyActions"] == [
        {"destinationVaultArn": f"{KEY}-vault", "lifecycle": {"deleteAfter": 400, "coldStorageAfter": 30}}
    ]
    assert "enableContinuousBackup" not in monthly


def test_the_role_is_backups_own_and_may_only_copy() -> None:
    program = backups()
    role = program.one("aws:iam/role:Role").inputs
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "backup.amazonaws.com"}
    assert trust["Action"] == ["sts:AssumeRole"]
    attached = [item.inputs["policyArn"].rpartition("/")[2] for item in program.of(ATTACHMENT)]
    assert attached == ["AWSBackupServiceRolePolicyForBackup"]
    with_buckets = [item.inputs["policyArn"].rpartition("/")[2] for item in backups(buckets=True).of(ATTACHMENT)]
    assert sorted(with_buckets) == ["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForS3Backup"]


def test_long_names_fit_with_the_random_part() -> None:
    program = backups(names=Names("a-very-long-name-of-a-stack-that-somebody-thought-good-for-production"))
    assert len(program.one(VAULT).name) <= 50 - 8
    assert len(program.one("aws:iam/role:Role").name) <= 64 - 8
    assert len(program.one(PLAN).inputs["name"]) <= 50
    assert len(program.one(SELECTION).inputs["name"]) <= 50


def test_a_vault_can_be_locked_and_have_a_key() -> None:
    program = backups(locked_days=30, kms_key_arn=KEY)
    assert program.one(LOCK).inputs["minRetentionDays"] == 30
    assert program.one(LOCK).inputs["backupVaultName"] == "shop-test-backups"
    vault = program.one(VAULT).inputs
    assert (vault["kmsKeyArn"], vault["forceDestroy"]) == (KEY, False)
    assert backups(force_destroy=True).one(VAULT).inputs["forceDestroy"] is True


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tags": {"a": "b"}}, "resources and tags exclude each other"),
        ({"resources": ()}, "nothing to back up"),
        ({"locked_days": 7, "force_destroy": True}, "locked_days and force_destroy exclude each other"),
        ({"rules": {}}, "without a rule never copies anything"),
        ({"locked_days": 60}, "Rule daily keeps copies 35 days, but the lock asks for 60"),
    ],
)
def test_a_plan_that_protects_nothing_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        BackupsArgs(**{"names": NAMES, "resources": [TABLE], **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"continuous": True, "cold_after_days": 1}, "continuous and cold_after_days exclude each other"),
        ({"schedule": "daily"}, "'daily' is no schedule"),
        ({"schedule": "cron(0 17 * * *)"}, "is no schedule"),
        ({"keep_days": 0}, "keep_days is 0"),
        ({"continuous": True, "keep_days": 36}, "reaches back 35 days at most, not 36"),
        ({"cold_after_days": 30, "keep_days": 119}, "keep_days must be 120 or more"),
        ({"start_window_minutes": 30}, "A start window is an hour at least"),
        ({"completion_window_minutes": 100}, "an hour more than that"),
    ],
)
def test_a_rule_refuses_what_backup_would(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Rule(**{"schedule": NIGHTLY, "keep_days": 35, **changes})


def test_the_daily_plan_keeps_as_long_as_it_is_told() -> None:
    assert daily(keep_days=7)["daily"].keep_days == 7
