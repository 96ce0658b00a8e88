# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The questions the checks have, each with the call that answers it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._image.repository import LOOPBACK
from ansible_collections.slipway.aws.plugins.module_utils._preflight import calls
from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Question

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

Answer = dict[str, t.Any]

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def is_emulated(client: t.Any) -> bool:
    """Tell whether a client speaks to an emulator on this machine."""
    return bool(LOOPBACK.fullmatch(str(client.meta.endpoint_url).partition("://")[2].partition("/")[0]))


@dataclasses.dataclass(frozen=True)
class Caller(Question[str]):
    """Who we are, as an ARN."""

    service: t.ClassVar[str] = "sts"
    action: t.ClassVar[str] = "sts:GetCallerIdentity"

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Caller]) -> Mapping[Caller, str]:
        return {questions[0]: calls.caller_arn(client)}


@dataclasses.dataclass(frozen=True)
class StoredImage:
    """What ECR has under a tag or digest. Without a manifest there is no such image, or not even the repository."""

    manifest: str | None
    repository: bool = True


@dataclasses.dataclass(frozen=True)
class Image(Question[StoredImage]):
    """An image in ECR, by tag or digest."""

    account: str | None
    repository: str
    kind: t.Literal["imageTag", "imageDigest"]
    value: str

    service: t.ClassVar[str] = "ecr"
    action: t.ClassVar[str] = "ecr:BatchGetImage"
    most: t.ClassVar[int] = 100

    @property
    def together(self) -> Hashable:
        return (self.region, self.account, self.repository)

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Image]) -> Mapping[Image, StoredImage]:
        first = questions[0]
        asked = [{str(question.kind): question.value} for question in questions]
        try:
            answer = calls.batch_get_image(client, first.account, first.repository, asked)
        except AwsError as error:
            if error.code != "RepositoryNotFoundException":
                raise
            return dict.fromkeys(questions, StoredImage(None, repository=False))
        found: dict[tuple[str, str], str] = {}
        for item in answer.get("images", ()):
            for kind, value in (item.get("imageId") or {}).items():
                found[kind, value] = item.get("imageManifest") or ""
        return {question: StoredImage(found.get((question.kind, question.value))) for question in questions}


@dataclasses.dataclass(frozen=True)
class ImageConfig(Question[Answer]):
    """The configuration of an image, which says what platform it is for where no index does."""

    account: str | None
    repository: str
    digest: str

    service: t.ClassVar[str] = "ecr"
    action: t.ClassVar[str] = "ecr:GetDownloadUrlForLayer"

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[ImageConfig]) -> Mapping[ImageConfig, Answer]:
        (question,) = questions
        address = calls.layer_address(client, question.account, question.repository, question.digest)
        if is_emulated(client):
            address = calls.beside(client.meta.endpoint_url, address)
        return {question: calls.download_config(address)}


@dataclasses.dataclass(frozen=True)
class Role(Question[Answer]):
    """A role, by its name."""

    name: str

    service: t.ClassVar[str] = "iam"
    action: t.ClassVar[str] = "iam:GetRole"
    absent: t.ClassVar[frozenset[str]] = frozenset({"NoSuchEntity", "NoSuchEntityException"})

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Role]) -> Mapping[Role, Answer]:
        return {questions[0]: calls.get_role(client, questions[0].name)}


@dataclasses.dataclass(frozen=True)
class Simulation(Question[Answer]):
    """Whether a principal may do one thing with one resource. One a call: an emulator looks at the first only."""

    principal: str
    allowed: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    service: t.ClassVar[str] = "iam"
    action: t.ClassVar[str] = "iam:SimulatePrincipalPolicy"

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Simulation]) -> Mapping[Simulation, Answer]:
        (asked,) = questions
        answer = calls.simulate(client, asked.principal, asked.allowed, asked.resource, dict(asked.context))
        return {asked: answer}


@dataclasses.dataclass(frozen=True)
class Secret(Question[Answer]):
    """A secret of Secrets Manager: everything about it but its value."""

    identifier: str

    service: t.ClassVar[str] = "secretsmanager"
    action: t.ClassVar[str] = "secretsmanager:DescribeSecret"
    absent: t.ClassVar[frozenset[str]] = frozenset({"ResourceNotFoundException"})

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Secret]) -> Mapping[Secret, Answer]:
        return {questions[0]: calls.describe_secret(client, questions[0].identifier)}


@dataclasses.dataclass(frozen=True)
class SecretPolicy(Question[str]):
    """The policy a secret carries itself, if it has one."""

    identifier: str

    service: t.ClassVar[str] = "secretsmanager"
    action: t.ClassVar[str] = "secretsmanager:GetResourcePolicy"
    absent: t.ClassVar[frozenset[str]] = frozenset({"ResourceNotFoundException"})

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[SecretPolicy]) -> Mapping[SecretPolicy, str | None]:
        return {questions[0]: calls.secret_policy(client, questions[0].identifier)}


@dataclasses.dataclass(frozen=True)
class SecretKeys(Question[frozenset[str]]):
    """The names of the keys in a secret that is JSON."""

    identifier: str
    version: tuple[tuple[str, str], ...] = ()

    service: t.ClassVar[str] = "secretsmanager"
    action: t.ClassVar[str] = "secretsmanager:GetSecretValue"
    absent: t.ClassVar[frozenset[str]] = frozenset({"ResourceNotFoundException"})

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[SecretKeys]) -> Mapping[SecretKeys, frozenset[str] | None]:
        return {questions[0]: calls.secret_keys(client, questions[0].identifier, dict(questions[0].version))}


@dataclasses.dataclass(frozen=True)
class Parameter(Question[bool]):
    """Whether a parameter is there, by its name or ARN."""

    identifier: str
    own: bool = True

    service: t.ClassVar[str] = "ssm"
    action: t.ClassVar[str] = "ssm:GetParameters"
    most: t.ClassVar[int] = 10

    @property
    def names(self) -> tuple[str, ...]:
        """Its possible names, without a version: an ARN does not tell whether a name of one word has a slash."""
        plain = self.identifier.rpartition(":parameter/")[2].partition(":")[0]
        return (plain,) if plain == self.identifier.partition(":")[0] else (plain, f"/{plain}")

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Parameter]) -> Mapping[Parameter, bool]:
        try:
            missing = calls.missing_parameters(client, [question.identifier for question in questions])
        except AwsError as error:
            # Who may not read parameters may often still list them, those of the own account.
            if error.code not in DENIED or not all(question.own for question in questions):
                raise
            names = sorted({name for question in questions for name in question.names})
            known = calls.described_parameters(client, names)
            return {question: not known.isdisjoint(question.names) for question in questions}
        return {question: question.identifier not in missing for question in questions}


@dataclasses.dataclass(frozen=True)
class LogGroup(Question[bool]):
    """Whether a log group is there."""

    name: str

    service: t.ClassVar[str] = "logs"
    action: t.ClassVar[str] = "logs:DescribeLogGroups"
    most: t.ClassVar[int] = 50

    @property
    def together(self) -> Hashable:
        # What stands in one folder is asked for by the folder.
        return (self.region, self.name.rpartition("/")[0] or self.name)

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[LogGroup]) -> Mapping[LogGroup, bool]:
        found = calls.log_groups(client, [question.name for question in questions])
        return {question: question.name in found for question in questions}


@dataclasses.dataclass(frozen=True)
class TargetGroup(Question[Answer]):
    """A target group, by its ARN."""

    arn: str

    service: t.ClassVar[str] = "elbv2"
    action: t.ClassVar[str] = "elasticloadbalancing:DescribeTargetGroups"
    most: t.ClassVar[int] = 20
    absent: t.ClassVar[frozenset[str]] = frozenset({"TargetGroupNotFound", "TargetGroupNotFoundException"})

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[TargetGroup]) -> Mapping[TargetGroup, Answer]:
        found = calls.target_groups(client, [question.arn for question in questions])
        return {question: found[question.arn] for question in questions if question.arn in found}


@dataclasses.dataclass(frozen=True)
class TargetGroupAttributes(Question[dict[str, str]]):
    """The attributes of a target group; the API takes one a call."""

    arn: str

    service: t.ClassVar[str] = "elbv2"
    action: t.ClassVar[str] = "elasticloadbalancing:DescribeTargetGroupAttributes"
    absent: t.ClassVar[frozenset[str]] = TargetGroup.absent

    @classmethod
    def ask(
        cls, client: t.Any, questions: Sequence[TargetGroupAttributes]
    ) -> Mapping[TargetGroupAttributes, dict[str, str]]:
        return {questions[0]: calls.target_group_attributes(client, questions[0].arn)}


@dataclasses.dataclass(frozen=True)
class Subnet(Question[Answer]):
    """A subnet, by its id."""

    identifier: str

    service: t.ClassVar[str] = "ec2"
    action: t.ClassVar[str] = "ec2:DescribeSubnets"
    most: t.ClassVar[int] = 100
    absent: t.ClassVar[frozenset[str]] = frozenset({"InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"})

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Subnet]) -> Mapping[Subnet, Answer]:
        found = calls.subnets(client, [question.identifier for question in questions])
        return {question: found[question.identifier] for question in questions if question.identifier in found}


@dataclasses.dataclass(frozen=True)
class Cluster(Question[Answer]):
    """A cluster, by its ARN."""

    arn: str

    service: t.ClassVar[str] = "ecs"
    action: t.ClassVar[str] = "ecs:DescribeClusters"
    most: t.ClassVar[int] = 100

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Cluster]) -> Mapping[Cluster, Answer]:
        found = calls.clusters(client, [question.arn for question in questions])
        return {question: found[question.arn] for question in questions if question.arn in found}


@dataclasses.dataclass(frozen=True)
class CapacityProvider(Question[Answer]):
    """A capacity provider, by its name."""

    name: str

    service: t.ClassVar[str] = "ecs"
    action: t.ClassVar[str] = "ecs:DescribeCapacityProviders"
    most: t.ClassVar[int] = 100

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[CapacityProvider]) -> Mapping[CapacityProvider, Answer]:
        found = calls.capacity_providers(client, [question.name for question in questions])
        return {question: found[question.name] for question in questions if question.name in found}


@dataclasses.dataclass(frozen=True)
class FileSystem(Question[Answer]):
    """A file system of EFS, by its id."""

    identifier: str

    service: t.ClassVar[str] = "efs"
    action: t.ClassVar[str] = "elasticfilesystem:DescribeFileSystems"
    absent: t.ClassVar[frozenset[str]] = frozenset({"FileSystemNotFound"})

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[FileSystem]) -> Mapping[FileSystem, Answer | None]:
        return {questions[0]: calls.file_system(client, questions[0].identifier)}


@dataclasses.dataclass(frozen=True)
class MountTargets(Question[list[Answer]]):
    """The mount targets of a file system."""

    identifier: str

    service: t.ClassVar[str] = "efs"
    action: t.ClassVar[str] = "elasticfilesystem:DescribeMountTargets"
    absent: t.ClassVar[frozenset[str]] = frozenset({"FileSystemNotFound"})

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[MountTargets]) -> Mapping[MountTargets, list[Answer]]:
        return {questions[0]: calls.mount_targets(client, questions[0].identifier)}


__all__ = (
    "DENIED", "Caller", "CapacityProvider", "Cluster", "FileSystem", "Image", "ImageConfig", "LogGroup", "MountTargets",
    "Parameter", "Role", "Secret", "SecretKeys", "SecretPolicy", "Simulation", "StoredImage", "Subnet", "TargetGroup",
    "TargetGroupAttributes", "is_emulated",
)  # fmt: skip
