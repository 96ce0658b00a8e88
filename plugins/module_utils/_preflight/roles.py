# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The roles of a task: there, trusting ECS, and ours to pass."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._image.repository import ECR_HOST
from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import (
    Questions,
    Talk,
    Unanswered,
    find,
    put,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import Caller, Role, Simulation
from ansible_collections.slipway.aws.plugins.module_utils._preflight.reference import references
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject
from ansible_collections.slipway.aws.plugins.module_utils._preflight.trust import trusts_ecs_tasks

if t.TYPE_CHECKING:
    from collections.abc import Generator, Iterator

SESSION = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/.+")
PRINCIPAL = re.compile(r"arn:[^:]+:iam::\d+:(?:user|role)/.+")
ROOT = re.compile(r"arn:[^:]+:iam::\d+:root")


def role_of(role: str) -> Role:
    """Return the question about a role, by its ARN or bare name. Roles are the same in every region."""
    return Role(None, role.rpartition("/")[2])


def roles_exist(subject: Subject, _setting: Setting) -> Iterator[Told]:
    for kind, role in subject.roles.items():
        yield _exists(kind, role)
    if "execution" not in subject.roles:
        reason = _needs_execution_role(subject)
        if reason:
            yield Problem(
                f"The task definition has no execution role, but {reason}.",
                "Set executionRoleArn in the infrastructure.",
            )


def _needs_execution_role(subject: Subject) -> str | None:
    if next(references(subject), None):
        return "its containers want secrets"
    if not subject.on_fargate:
        return None  # instances pull and log with a role of their own
    images = [str(container.get("image") or "") for container in subject.containers]
    if any(ECR_HOST.fullmatch(image.partition("/")[0]) for image in images):
        return "Fargate needs one to pull images from ECR"
    drivers = [(container.get("logConfiguration") or {}).get("logDriver") for container in subject.containers]
    return "Fargate needs one to write logs" if "awslogs" in drivers else None


def _exists(kind: str, role: str) -> Talk:
    found = yield from find(role_of(role))
    if found is None:
        return [
            Problem(
                f"The {kind} role {role} does not exist.",
                "Bring the infrastructure up, or correct the role in the task definition.",
            )
        ]
    return []


def roles_trust_ecs_tasks(subject: Subject, _setting: Setting) -> Iterator[Told]:
    for kind, role in subject.roles.items():
        yield _trusts(kind, role)


def _trusts(kind: str, role: str) -> Talk:
    found = yield from find(role_of(role))
    if found is None or trusts_ecs_tasks(found.get("AssumeRolePolicyDocument")):
        return []
    return [
        Problem(
            f"The {kind} role {role} does not trust ECS tasks, so none could start with it.",
            "Let its trust policy allow sts:AssumeRole to the service ecs-tasks.amazonaws.com.",
        )
    ]


def role_may_be_passed(subject: Subject, _setting: Setting) -> Iterator[Told]:
    for kind, role in subject.roles.items():
        yield _passed(kind, role, subject)


def _passed(kind: str, role: str, subject: Subject) -> Talk:
    caller = yield from put(Caller(None))
    if ROOT.fullmatch(caller):
        return []  # no policy limits it
    principal = yield from _principal(caller)
    arn = yield from true_arn(role, subject)
    if arn is None:
        return []
    context = (("iam:PassedToService", "ecs-tasks.amazonaws.com"),)
    verdict = yield from may(principal, "iam:PassRole", arn, context)
    if verdict == "allowed":
        return []
    return [
        Problem(
            f"{principal} may not pass the {kind} role {arn} to ECS{_because(verdict)}.",
            "Allow it iam:PassRole on this role, under the condition iam:PassedToService ecs-tasks.amazonaws.com.",
        )
    ]


def _principal(caller: str) -> Generator[Questions, list[t.Any], str]:
    """Return whose policies count for a caller: a session is not asked, its role is."""
    session = SESSION.fullmatch(caller)
    if not session:
        if PRINCIPAL.fullmatch(caller):
            return caller
        raise Unanswered(f"IAM cannot simulate the policies of {caller}.")
    plain = f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}"
    try:
        # The session does not tell the role's path.
        role = yield from find(Role(None, session["role"]))
    except AwsError:
        return plain
    return str(role["Arn"]) if role else plain


def true_arn(role: str, subject: Subject) -> Generator[Questions, list[t.Any], str | None]:
    """Return a role's ARN with its path; nothing if there is no such role."""
    try:
        found = yield from find(role_of(role))
    except AwsError:
        return subject.role_arn(role)
    return str(found["Arn"]) if found else None


def may(
    principal: str, action: str, resource: str, context: tuple[tuple[str, str], ...] = ()
) -> Generator[Questions, list[t.Any], str]:
    """Return IAM's decision: allowed, explicitDeny or implicitDeny."""
    verdict = yield from find(Simulation(None, principal, action, resource, context))
    if verdict is None:
        raise Unanswered(f"IAM does not say whether {principal} may do {action} on {resource}.")
    if verdict.decision != "allowed" and verdict.missing:
        raise Unanswered(
            f"Whether {principal} may do {action} on {resource} depends on {', '.join(verdict.missing)}, "
            "which is known only when it happens."
        )
    return verdict.decision


def _because(verdict: str) -> str:
    return ": a policy denies it" if verdict == "explicitDeny" else ""


__all__ = ("may", "role_may_be_passed", "role_of", "roles_exist", "roles_trust_ecs_tasks", "true_arn")
