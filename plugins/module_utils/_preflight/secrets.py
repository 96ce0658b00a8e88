# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Secrets and parameters: there, in the version and with the key asked for, and readable by the execution role."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import (
    Questions,
    Talk,
    Unanswered,
    find,
    put,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import (
    Parameter,
    Secret,
    SecretKeys,
    SecretPolicy,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.reference import (
    ParameterReference,
    Reference,
    SecretReference,
    references,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.roles import may, true_arn
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Iterator

CURRENT = "AWSCURRENT"


def secrets_exist(subject: Subject, setting: Setting) -> Iterator[Told]:
    for reference in references(subject):
        region = reference.region or setting.region_of(subject)
        if isinstance(reference, SecretReference):
            yield _secret_exists(reference, region)
        else:
            yield _parameter_exists(reference, region)


def _secret_exists(reference: SecretReference, region: str) -> Talk:
    found = yield from find(Secret(region, reference.identifier))
    if found is None:
        return [
            Problem(
                f"The secret {reference.shown} ({reference.where}) does not exist in {region}.",
                "Create it, or correct valueFrom.",
            )
        ]
    if found.get("DeletedDate"):
        return [
            Problem(
                f"The secret {reference.shown} ({reference.where}) is marked for deletion.",
                "Restore it with RestoreSecret, or correct valueFrom.",
            )
        ]
    versions: dict[str, list[str]] = found.get("VersionIdsToStages") or {}
    if reference.version and reference.version not in versions:
        return [_no_version(reference, f"version {reference.version}")]
    stages = versions[reference.version] if reference.version else [each for item in versions.values() for each in item]
    # A version asked for by its id needs no stage, unless one was named as well.
    stage = reference.stage or ("" if reference.version else CURRENT)
    if stage and stage not in stages:
        return [_no_version(reference, f"version with the stage {stage}")]
    return []


def _no_version(reference: SecretReference, what: str) -> Problem:
    return Problem(
        f"The secret {reference.shown} ({reference.where}) has no {what}.",
        "Give it a value, or correct the version in valueFrom.",
    )


def _parameter_exists(reference: ParameterReference, region: str) -> Talk:
    found = yield from put(Parameter(region, reference.identifier, reference.own))
    if found:
        return []
    return [
        Problem(
            f"The parameter {reference.identifier} ({reference.where}) does not exist in {region}.",
            "Create it, or correct valueFrom. A secret of Secrets Manager must be given by its ARN.",
        )
    ]


def secret_json_keys(subject: Subject, setting: Setting) -> Iterator[Told]:
    for reference in references(subject):
        if isinstance(reference, SecretReference) and reference.key:
            yield _has_key(reference, reference.region or setting.region_of(subject))


def _has_key(reference: SecretReference, region: str) -> Talk:
    found = yield from find(Secret(region, reference.identifier))
    if found is None:
        return []
    keys = yield from find(SecretKeys(region, reference.identifier, reference.asked_version))
    if keys is None:
        return [
            Problem(
                f"The secret {reference.shown} ({reference.where}) is not JSON, so it has no key {reference.key}.",
                "Store a JSON object in it, or take the key out of valueFrom.",
            )
        ]
    if reference.key not in keys:
        return [
            Problem(
                f"The secret {reference.shown} ({reference.where}) has no JSON key {reference.key}.",
                "Add the key, or correct valueFrom.",
            )
        ]
    return []


def secrets_readable_by_execution_role(subject: Subject, setting: Setting) -> Iterator[Told]:
    role = subject.roles.get("execution")
    if role:
        for reference in references(subject):
            yield _readable(reference, role, subject, reference.region or setting.region_of(subject))


def _readable(reference: Reference, role: str, subject: Subject, region: str) -> Talk:
    principal = yield from true_arn(role, subject)
    if principal is None:
        return []
    if isinstance(reference, ParameterReference):
        resource, action, shown = reference.arn, "ssm:GetParameters", reference.identifier
    else:
        resource = yield from _secret_arn(reference, region)
        action, shown = "secretsmanager:GetSecretValue", reference.shown
        if not resource:
            return []
    verdict = yield from may(principal, action, resource)
    if verdict == "allowed":
        return []
    if verdict == "implicitDeny" and isinstance(reference, SecretReference):
        yield from _only_by_its_own_policy(reference, region)
    denied = "a policy denies it" if verdict == "explicitDeny" else "no policy allows it"
    return [
        Problem(
            f"The execution role {principal} may not read {shown} ({reference.where}): {denied}.",
            f"Allow it {action} on {resource}.",
        )
    ]


def _secret_arn(reference: SecretReference, region: str) -> t.Generator[Questions, list[t.Any], str]:
    """Return the secret's true ARN, with the suffix that policies may name; nothing if there is no such secret."""
    try:
        found = yield from find(Secret(region, reference.identifier))
    except AwsError:
        if reference.identifier.startswith("arn:"):
            return reference.identifier
        raise
    return str(found["ARN"]) if found else ""


def _only_by_its_own_policy(reference: SecretReference, region: str) -> t.Generator[Questions, list[t.Any], None]:
    """A secret may let the role in by itself, which a simulation of the role's policies does not see."""
    policy = yield from find(SecretPolicy(region, reference.identifier))
    if policy:
        raise Unanswered(
            f"No policy of the execution role allows reading {reference.shown} ({reference.where}), "
            "but the secret has a policy of its own, which may."
        )


__all__ = ("secret_json_keys", "secrets_exist", "secrets_readable_by_execution_role")
