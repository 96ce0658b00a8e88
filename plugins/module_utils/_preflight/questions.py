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
from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import DENIED, Question

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

T = t.TypeVar("T")
Answer = dict[str, t.Any]

NO_SUCH_SECRET = frozenset({"ResourceNotFoundException"})
NO_SUCH_FILES = frozenset({"FileSystemNotFound"})
NO_SUCH_TARGETS = frozenset({"TargetGroupNotFound", "TargetGroupNotFoundException"})
MOST_PARAMETERS_READ = 10


def is_emulated(client: t.Any) -> bool:
    """Tell whether a client speaks to an emulator on this machine."""
    return bool(LOOPBACK.fullmatch(str(client.meta.endpoint_url).partition("://")[2].partition("/")[0]))


@dataclasses.dataclass(frozen=True)
class About(Question[T]):
    """About one thing, by its name, id or ARN, whatever its API goes by. The API takes one a call."""

    name: str

    @staticmethod
    def look(client: t.Any, name: str, /) -> t.Any:
        raise NotImplementedError

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[About[T]]) -> Mapping[About[T], t.Any]:
        (question,) = questions
        return {question: cls.look(client, question.name)}


@dataclasses.dataclass(frozen=True)
class OneOfMany(Question[Answer]):
    """About one thing where the API describes several in a call, and leaves out those that are not there."""

    name: str

    @staticmethod
    def describe(client: t.Any, names: Sequence[str], /) -> Mapping[str, Answer]:
        raise NotImplementedError

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[OneOfMany]) -> Mapping[OneOfMany, Answer]:
        found = cls.describe(client, [question.name for question in questions])
        return {question: found[question.name] for question in questions if question.name in found}


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


class Role(About[Answer]):
    """A role, by its name."""

    service = "iam"
    action = "iam:GetRole"
    absent = frozenset({"NoSuchEntity", "NoSuchEntityException"})
    look = staticmethod(calls.get_role)


@dataclasses.dataclass(frozen=True)
class Simulation(Question[calls.Verdict]):
    """Whether a principal may do one thing with one resource."""

    principal: str
    allowed: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    service: t.ClassVar[str] = "iam"
    action: t.ClassVar[str] = "iam:SimulatePrincipalPolicy"
    most: t.ClassVar[int] = 25

    @property
    def together(self) -> Hashable:
        return (self.principal, self.allowed, self.context)

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Simulation]) -> Mapping[Simulation, calls.Verdict]:
        found = cls._judge(client, questions)
        # Who looks at the first resource only, as emulators do, is asked about each of the others by itself.
        for question in questions:
            if question.resource not in found:
                found |= cls._judge(client, [question])
        return {question: found[question.resource] for question in questions if question.resource in found}

    @classmethod
    def _judge(cls, client: t.Any, questions: Sequence[Simulation]) -> dict[str, calls.Verdict]:
        first = questions[0]
        resources = [question.resource for question in questions]
        return calls.simulate(client, first.principal, first.allowed, resources, dict(first.context))


class Secret(About[Answer]):
    """A secret of Secrets Manager: everything about it but its value."""

    service = "secretsmanager"
    action = "secretsmanager:DescribeSecret"
    absent = NO_SUCH_SECRET
    look = staticmethod(calls.describe_secret)


class SecretPolicy(About[str]):
    """The policy a secret carries itself, if it has one."""

    service = "secretsmanager"
    action = "secretsmanager:GetResourcePolicy"
    absent = NO_SUCH_SECRET
    look = staticmethod(calls.secret_policy)


@dataclasses.dataclass(frozen=True)
class SecretKeys(Question[frozenset[str]]):
    """The names of the keys in a secret that is JSON."""

    identifier: str
    version: tuple[tuple[str, str], ...] = ()

    service: t.ClassVar[str] = "secretsmanager"
    action: t.ClassVar[str] = "secretsmanager:GetSecretValue"
    absent: t.ClassVar[frozenset[str]] = NO_SUCH_SECRET

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[SecretKeys]) -> Mapping[SecretKeys, frozenset[str] | None]:
        (question,) = questions
        return {question: calls.secret_keys(client, question.identifier, dict(question.version))}


@dataclasses.dataclass(frozen=True)
class Parameter(Question[bool]):
    """Whether a parameter is there, by its name or ARN. Another account's can only be found out by reading it."""

    identifier: str
    own: bool = True

    service: t.ClassVar[str] = "ssm"
    action: t.ClassVar[str] = "ssm:DescribeParameters"
    most: t.ClassVar[int] = 25

    @property
    def together(self) -> Hashable:
        return (self.region, self.own)

    @property
    def names(self) -> tuple[str, ...]:
        """Its possible names, without a version: an ARN does not tell whether a name of one word has a slash."""
        plain = self.identifier.rpartition(":parameter/")[2].partition(":")[0]
        return (plain,) if plain == self.identifier.partition(":")[0] else (plain, f"/{plain}")

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[Parameter]) -> Mapping[Parameter, bool]:
        if not questions[0].own:
            return cls._by_reading(client, questions)
        names = sorted({name for question in questions for name in question.names})
        try:
            known = calls.described_parameters(client, names)
        except AwsError as error:
            if error.code not in DENIED:
                raise
            try:
                return cls._by_reading(client, questions)
            except AwsError:
                # Listing is what whoever releases should be allowed, not reading.
                raise error from None
        return {question: not known.isdisjoint(question.names) for question in questions}

    @classmethod
    def _by_reading(cls, client: t.Any, questions: Sequence[Parameter]) -> dict[Parameter, bool]:
        """Find out as ECS will, but without decrypting any."""
        wanted = [question.identifier for question in questions]
        missing: set[str] = set()
        for start in range(0, len(wanted), MOST_PARAMETERS_READ):
            missing |= calls.missing_parameters(client, wanted[start : start + MOST_PARAMETERS_READ])
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


class TargetGroup(OneOfMany):
    """A target group, by its ARN."""

    service = "elbv2"
    action = "elasticloadbalancing:DescribeTargetGroups"
    most = 20
    absent = NO_SUCH_TARGETS
    describe = staticmethod(calls.target_groups)


class TargetGroupAttributes(About[dict[str, str]]):
    """The attributes of a target group, by its ARN."""

    service = "elbv2"
    action = "elasticloadbalancing:DescribeTargetGroupAttributes"
    absent = NO_SUCH_TARGETS
    look = staticmethod(calls.target_group_attributes)


class Subnet(OneOfMany):
    """A subnet, by its id."""

    service = "ec2"
    action = "ec2:DescribeSubnets"
    most = 100
    absent = frozenset({"InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"})
    describe = staticmethod(calls.subnets)


class Cluster(OneOfMany):
    """A cluster, by its ARN."""

    service = "ecs"
    action = "ecs:DescribeClusters"
    most = 100
    describe = staticmethod(calls.clusters)


class CapacityProvider(OneOfMany):
    """A capacity provider, by its name."""

    service = "ecs"
    action = "ecs:DescribeCapacityProviders"
    most = 100
    describe = staticmethod(calls.capacity_providers)


class FileSystem(About[Answer]):
    """A file system of EFS, by its id."""

    service = "efs"
    action = "elasticfilesystem:DescribeFileSystems"
    absent = NO_SUCH_FILES
    look = staticmethod(calls.file_system)


class MountTargets(About[list[Answer]]):
    """The mount targets of a file system, by its id."""

    service = "efs"
    action = "elasticfilesystem:DescribeMountTargets"
    absent = NO_SUCH_FILES
    look = staticmethod(calls.mount_targets)


__all__ = (
    "Caller", "CapacityProvider", "Cluster", "FileSystem", "Image", "ImageConfig", "LogGroup", "MountTargets",
    "Parameter", "Role", "Secret", "SecretKeys", "SecretPolicy", "Simulation", "StoredImage", "Subnet", "TargetGroup",
    "TargetGroupAttributes", "is_emulated",
)  # fmt: skip
