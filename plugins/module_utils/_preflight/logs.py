# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Log groups: there, or made by the agent."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk, put
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import LogGroup
from ansible_collections.slipway.aws.plugins.module_utils._preflight.roles import may, true_arn
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def log_group(subject: Subject, setting: Setting) -> Iterator[Told]:
    for container in subject.containers:
        logging = container.get("logConfiguration") or {}
        options = logging.get("options") or {}
        if logging.get("logDriver") == "awslogs" and options.get("awslogs-group"):
            region = options.get("awslogs-region") or setting.region_of(subject)
            made = str(options.get("awslogs-create-group")).lower() == "true"
            group = LogGroup(region, str(options["awslogs-group"]))
            yield (
                _made(str(container.get("name")), group, subject)
                if made
                else _exists(str(container.get("name")), group)
            )


def _exists(container: str, group: LogGroup) -> Talk:
    found = yield from put(group)
    if found:
        return []
    return [
        Problem(
            f"The log group {group.name} of container {container} does not exist in {group.region}.",
            "Bring the infrastructure up, or set the log option awslogs-create-group to true.",
        )
    ]


def _made(container: str, group: LogGroup, subject: Subject) -> Talk:
    found = yield from put(group)
    role = subject.roles.get("execution")
    if found or not role:
        return []  # without an execution role, the instance makes it with a role of its own
    principal = yield from true_arn(role, subject)
    if principal is None:
        return []
    resource = f"arn:{subject.partition}:logs:{group.region}:{subject.account}:log-group:{group.name}"
    verdict = yield from may(principal, "logs:CreateLogGroup", resource)
    if verdict == "allowed":
        return []
    return [
        Problem(
            f"The log group {group.name} of container {container} is to be made by the first task, "
            f"but the execution role {principal} may not.",
            f"Allow it logs:CreateLogGroup on {resource}, or make the group in the infrastructure.",
        )
    ]


__all__ = ("log_group",)
