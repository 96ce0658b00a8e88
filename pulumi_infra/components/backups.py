"""AWS Backup: a vault, a plan of when and for how long, and what it is about."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.names import RANDOM_SUFFIX, Names
from components.policies import Statement, document

MANAGED = "arn:aws:iam::aws:policy"
BACKUP_POLICY = f"{MANAGED}/service-role/AWSBackupServiceRolePolicyForBackup"
BUCKET_POLICY = f"{MANAGED}/AWSBackupServiceRolePolicyForS3Backup"
# Of a vault, a plan and a selection.
NAME_LIMIT = 50
ROLE_NAME_LIMIT = 64
# A copy in cold storage stays there so long at least.
DAYS_IN_COLD_STORAGE = 90
# A continuous backup goes back no further.
MOST_CONTINUOUS_DAYS = 35


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a copy is made, in UTC, and how long it is kept."""

    schedule: str
    keep_days: int
    cold_after_days: int | None = None
    # Recovery to any second, for what can do so (Aurora, S3); the others get a copy.
    continuous: bool = False
    # Another vault to copy to, in another region or account.
    copy_to_vault_arn: pulumi.Input[str] | None = None
    start_window_minutes: int = 60
    completion_window_minutes: int = 480

    def __post_init__(self) -> None:
        if self.continuous and self.cold_after_days is not None:
            raise ValueError(
                "continuous and cold_after_days exclude each other; make a second rule for the one of them."
            )
        if not re.fullmatch(r"cron\(\S+( \S+){5}\)", self.schedule):
            raise ValueError(f"{self.schedule!r} is no schedule; give one such as cron(0 17 * * ? *).")
        if self.keep_days < 1:
            raise ValueError(f"keep_days is {self.keep_days}; a copy is kept for a day at least.")
        if self.continuous and self.keep_days > MOST_CONTINUOUS_DAYS:
            raise ValueError(
                f"A continuous backup reaches back {MOST_CONTINUOUS_DAYS} days at most, not {self.keep_days}."
            )
        if self.cold_after_days is not None and self.keep_days < self.cold_after_days + DAYS_IN_COLD_STORAGE:
            raise ValueError(
                f"A copy stays in cold storage {DAYS_IN_COLD_STORAGE} days at least: with cold_after_days "
                f"{self.cold_after_days}, keep_days must be {self.cold_after_days + DAYS_IN_COLD_STORAGE} or more."
            )
        if self.start_window_minutes < 60 or self.completion_window_minutes < self.start_window_minutes + 60:
            raise ValueError("A start window is an hour at least, and the completion window an hour more than that.")


def daily(*, keep_days: int = 35) -> dict[str, Rule]:
    """Return the plan most stacks want: every night, in Tokyo and in UTC."""
    return {"daily": Rule(schedule="cron(0 17 * * ? *)", keep_days=keep_days)}


@dataclass(frozen=True, kw_only=True)
class BackupsArgs:
    names: Names
    # What is copied: these ARNs, or else everything that carries all these tags.
    resources: t.Sequence[pulumi.Input[str]] = ()
    tags: t.Mapping[str, str] = field(default_factory=dict)
    rules: t.Mapping[str, Rule] = field(default_factory=daily)
    # S3 wants permissions of its own.
    buckets: bool = False
    # Nobody shortens a copy's life below this, root included, unless they may change the lock.
    locked_days: int | None = None
    # Destroy the copies with the vault; AWS refuses to remove a vault that still has some.
    force_destroy: bool = False
    kms_key_arn: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        if self.resources and self.tags:
            raise ValueError("resources and tags exclude each other: a selection goes by the one or by the other.")
        if not self.resources and not self.tags:
            raise ValueError("There is nothing to back up; name resources, or the tags they carry.")
        if self.locked_days is not None and self.force_destroy:
            raise ValueError("locked_days and force_destroy exclude each other: a locked vault keeps its copies.")
        if not self.rules:
            raise ValueError("A plan without a rule never copies anything; give one, such as daily().")
        for name, rule in self.rules.items():
            if self.locked_days is not None and rule.keep_days < self.locked_days:
                raise ValueError(
                    f"Rule {name} keeps copies {rule.keep_days} days, but the lock asks for {self.locked_days}."
                )


class Backups(pulumi.ComponentResource):
    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:backup:Backups", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        vault = self._vault()
        plan = aws.backup.Plan(
            args.names("backups"),
            name=args.names.short("backups", limit=NAME_LIMIT),
            rules=[_rule(name, rule, vault.name) for name, rule in sorted(args.rules.items())],
            opts=self._child,
        )
        aws.backup.Selection(
            args.names("backups"),
            name=args.names.short("backups", limit=NAME_LIMIT),
            plan_id=plan.id,
            iam_role_arn=self._role(),
            opts=self._child,
            **self._selected(),
        )
        self.vault_name: pulumi.Output[str] = vault.name
        self.vault_arn: pulumi.Output[str] = vault.arn
        self.plan_id: pulumi.Output[str] = plan.id
        self.register_outputs({"vault_name": self.vault_name, "plan_id": self.plan_id})

    def _selected(self) -> dict[str, t.Any]:
        args = self._args
        if args.resources:
            return {"resources": list(args.resources)}
        # Conditions must all hold; the older selection_tags are satisfied by any one of them.
        equals = [{"key": f"aws:ResourceTag/{key}", "value": value} for key, value in sorted(args.tags.items())]
        return {"resources": ["*"], "conditions": [{"string_equals": equals}]}

    def _vault(self) -> aws.backup.Vault:
        args = self._args
        vault = aws.backup.Vault(
            args.names.short("backups", limit=NAME_LIMIT - RANDOM_SUFFIX),
            kms_key_arn=args.kms_key_arn,
            force_destroy=args.force_destroy,
            opts=self._child,
        )
        if args.locked_days is not None:
            aws.backup.VaultLockConfiguration(
                args.names("backups"),
                backup_vault_name=vault.name,
                min_retention_days=args.locked_days,
                opts=self._child,
            )
        return vault

    def _role(self) -> pulumi.Output[str]:
        """Make the role that AWS Backup copies as. What each service asks of it, AWS keeps in policies of its own."""
        name = self._args.names.short("backups", limit=ROLE_NAME_LIMIT - RANDOM_SUFFIX)
        trust = Statement(
            # Backup promises no source account in its requests; a role is passed to it inside this account only.
            sid="AssumedByBackup",
            actions=["sts:AssumeRole"],
            principals={"Service": "backup.amazonaws.com"},
        )
        role = aws.iam.Role(
            name,
            description="Makes the copies of the backup plan; restores nothing",
            assume_role_policy=document([trust]),
            opts=self._child,
        )
        policies = {"backups": BACKUP_POLICY, **({"buckets": BUCKET_POLICY} if self._args.buckets else {})}
        attached = [
            aws.iam.RolePolicyAttachment(
                self._args.names(f"backups-{what}"), role=role.name, policy_arn=policy, opts=self._child
            )
            for what, policy in policies.items()
        ]
        ready = pulumi.Output.all(role.arn, *(attachment.id for attachment in attached))
        arn: pulumi.Output[str] = ready.apply(lambda known: str(known[0]))
        return arn


def _rule(name: str, rule: Rule, vault: pulumi.Output[str]) -> aws.backup.PlanRuleArgs:
    copies = None
    if rule.copy_to_vault_arn is not None:
        kept = aws.backup.PlanRuleCopyActionLifecycleArgs(
            delete_after=rule.keep_days, cold_storage_after=rule.cold_after_days
        )
        copies = [aws.backup.PlanRuleCopyActionArgs(destination_vault_arn=rule.copy_to_vault_arn, lifecycle=kept)]
    return aws.backup.PlanRuleArgs(
        rule_name=name,
        target_vault_name=vault,
        schedule=rule.schedule,
        start_window=rule.start_window_minutes,
        completion_window=rule.completion_window_minutes,
        enable_continuous_backup=True if rule.continuous else None,
        lifecycle=aws.backup.PlanRuleLifecycleArgs(
            delete_after=rule.keep_days, cold_storage_after=rule.cold_after_days
        ),
        copy_actions=copies,
    )


__all__ = ("Backups", "BackupsArgs", "Rule", "daily")
