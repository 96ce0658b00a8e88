# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Volumes, file systems, disks and log drivers: what a task needs before its first instruction runs."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Case, Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.policy import as_text, statement

if t.TYPE_CHECKING:
    from collections.abc import Iterator

EFS = re.compile(r"EFS utils|mount\.nfs4|\.efs\.[\w.-]*amazonaws|elasticfilesystem", re.IGNORECASE)
FILE_SYSTEM = re.compile(r"fs-[0-9a-f]{6,}")
LOG_GROUP = re.compile(r"log group does not exist", re.IGNORECASE)
LOG_DRIVER = re.compile(
    r"logging driver|logger args|log driver|cloudwatch log stream|CreateLogStream|CreateLogGroup", re.IGNORECASE
)
VOLUME = re.compile(
    r"CannotCreateVolume\w*|error while mounting volume|failed to (?:mount|attach|create) .{0,30}volume|VolumeDriver"
    r"|volume .{0,60}(?:not found|does not exist)",
    re.IGNORECASE,
)
FULL = re.compile(r"no space left on device|\bENOSPC\b", re.IGNORECASE)
DENIED = re.compile(r"AccessDenied|is not authorized|access denied|permission", re.IGNORECASE)


def efs_mount_failed(case: Case) -> Iterator[Diagnosis]:
    found = case.find(EFS)
    if not found:
        return
    text = found[0].text
    definition = case.evidence.definition
    said = FILE_SYSTEM.search(text)
    system = said[0] if said else next(iter(definition.file_systems.values()), "the file system")
    if re.search(r"failed to resolve|lookup mount target", text, re.IGNORECASE):
        fix, fatal = (
            "Give it a mount target in every availability zone of the task's subnets, and DNS to the VPC.",
            True,
        )
    elif re.search(r"no such file or directory", text, re.IGNORECASE):
        fix, fatal = "The root directory named in the volume does not exist: create it, or use an access point.", True
    elif re.search(r"timed? ?out|connection (?:reset|refused)|deadline", text, re.IGNORECASE):
        groups = ", ".join(case.evidence.service.security_groups) or "the task's security groups"
        fix, fatal = f"Let TCP 2049 from {groups} into the security group of its mount targets.", False
    else:
        allowed = statement(["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], f"<arn of {system}>")
        fix, fatal = (
            f"With IAM authorisation the task role {definition.task_role or '(there is none)'} needs "
            f"{as_text(allowed)} and the volume transit encryption; the file system's own policy must not refuse it.",
            True,
        )
    yield case.diagnosis(
        "efs_mount_failed",
        "certain",
        f"The task could not mount the EFS file system {system}.",
        fix,
        found[0],
        fatal=fatal,
    )


def volume_or_log_driver(case: Case) -> Iterator[Diagnosis]:
    group = case.find(LOG_GROUP)
    driver = group or case.find(LOG_DRIVER)
    volume = None if driver else case.find(VOLUME)
    if driver:
        yield from _log_driver(case, driver[0], missing=bool(group))
    elif volume and not EFS.search(volume[0].text):
        yield case.diagnosis(
            "volume_or_log_driver",
            "certain",
            "A volume of the task could not be made or mounted.",
            "Compare volumes and mountPoints of the task definition with what the reason names.",
            volume[0],
            fatal=True,
        )


def _log_driver(case: Case, quote: t.Any, *, missing: bool) -> Iterator[Diagnosis]:
    definition = case.evidence.definition
    groups = sorted(
        {item.log_options.get("awslogs-group", "") for item in definition.containers if item.log_driver == "awslogs"}
        - {""}
    )
    group = next((item for item in groups if item in quote.text), groups[0] if groups else "named in awslogs-group")
    allowed = None
    if missing:
        told = f"The log group {group} does not exist, so the container was not started."
        fix = f"Create it: aws logs create-log-group --log-group-name {group} (better: in the infrastructure's code)."
    elif DENIED.search(quote.text):
        allowed = statement(["logs:CreateLogStream", "logs:PutLogEvents"], f"arn:aws:logs:*:*:log-group:{group}:*")
        told = f"The execution role may not write to the log group {group}."
        fix = f"Allow it in {definition.execution_role or 'an execution role'}: {as_text(allowed)}"
    else:
        told = "The log driver could not be started, and the container with it."
        fix = f"Check logConfiguration of the task definition, and the way to CloudWatch Logs (log group {group})."
    yield case.diagnosis("volume_or_log_driver", "certain", told, fix, quote, fatal=True, statement=allowed)


def disk_full(case: Case) -> Iterator[Diagnosis]:
    found = case.find(FULL)
    if found:
        yield case.diagnosis(
            "disk_full",
            "certain",
            "The disk of the task or of its instance is full.",
            "On Fargate raise ephemeralStorage of the task definition; on an instance remove images, or give it more.",
            found[0],
        )


def storage(case: Case) -> Iterator[Diagnosis]:
    yield from efs_mount_failed(case)
    yield from volume_or_log_driver(case)
    yield from disk_full(case)


__all__ = ("storage",)
