# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a task definition wants from Secrets Manager and from the Parameter Store, read from its C(valueFrom)s."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import ARN

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Answer, Subject

# A parameter of this name is a window to Secrets Manager.
BY_NAME = "/aws/reference/secretsmanager/"


@dataclasses.dataclass(frozen=True)
class SecretReference:
    """A secret of Secrets Manager, by ARN or name. ``key`` is the JSON key wanted from it."""

    where: str
    identifier: str
    region: str | None = None
    key: str = ""
    stage: str = ""
    version: str = ""

    @property
    def shown(self) -> str:
        """The secret as an error names it."""
        return self.identifier.rpartition(":secret:")[2]

    @property
    def asked_version(self) -> tuple[tuple[str, str], ...]:
        given = (("VersionId", self.version), ("VersionStage", self.stage))
        return tuple((name, value) for name, value in given if value)


@dataclasses.dataclass(frozen=True)
class ParameterReference:
    """A parameter, as it is asked for; ``arn`` is what policies call it, and another account's is not our own."""

    where: str
    identifier: str
    arn: str
    region: str | None = None
    own: bool = True


Reference = t.Union[SecretReference, ParameterReference]  # noqa: UP007 - pylint takes this union for an operation


def parse(where: str, value: str, subject: Subject) -> Reference:
    """Read one C(valueFrom). A bare name is a parameter, as it is for ECS."""
    arn = ARN.fullmatch(value)
    if arn and arn["service"] == "secretsmanager":
        # ...:secret:<name>:<json key>:<stage>:<version>, each of the last three may be empty or left out.
        dummy, name, key, stage, version = [*arn["resource"].split(":"), "", "", "", ""][:5]
        identifier = f"arn:{arn['partition']}:secretsmanager:{arn['region']}:{arn['account']}:secret:{name}"
        return SecretReference(where, identifier, arn["region"], key, stage, version)
    if arn:
        bare = value.rpartition(":")[0] if ":" in arn["resource"] else value
        return ParameterReference(where, value, bare, arn["region"], arn["account"] == subject.account)
    if value.startswith(BY_NAME):
        return SecretReference(where, value.removeprefix(BY_NAME))
    bare = value.partition(":")[0].removeprefix("/")
    policy_name = f"arn:{subject.partition}:ssm:{subject.region}:{subject.account}:parameter/{bare}"
    return ParameterReference(where, value, policy_name)


def references(subject: Subject) -> Iterator[Reference]:
    """Yield everything the agent fetches with the execution role before the containers start."""
    for container in subject.containers:
        name = f"container {container.get('name')}"
        for item in container.get("secrets") or []:
            yield from _one(f"{name}, {item.get('name')}", item.get("valueFrom"), subject)
        for item in (container.get("logConfiguration") or {}).get("secretOptions") or []:
            yield from _one(f"{name}, log option {item.get('name')}", item.get("valueFrom"), subject)
        credentials: Answer = container.get("repositoryCredentials") or {}
        yield from _one(f"{name}, repository credentials", credentials.get("credentialsParameter"), subject)


def _one(where: str, value: t.Any, subject: Subject) -> Iterator[Reference]:
    if value:
        yield parse(where, str(value), subject)


__all__ = ("ParameterReference", "Reference", "SecretReference", "parse", "references")
