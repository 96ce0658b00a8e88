# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The nouns of shipping to Lambda: what is wanted, what was seen, and how it ended."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import GOOD, IDENTITY, Outcome, Release
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.canary import Canary
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.smoke import SmokeCheck

LATEST = "$LATEST"
"""What can still be changed: the only one that is not a published version."""


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A function, or one of its versions, at one moment: what the API said, and what we ask of it."""

    configuration: t.Mapping[str, t.Any]
    code: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def version(self) -> str:
        return str(self.configuration.get("Version") or LATEST)

    @property
    def revision(self) -> str | None:
        return self.configuration.get("RevisionId")

    @property
    def state(self) -> str:
        return str(self.configuration.get("State") or "Active")

    @property
    def update(self) -> str:
        return str(self.configuration.get("LastUpdateStatus") or "Successful")

    @property
    def moves(self) -> bool:
        return self.state == "Pending" or self.update == "InProgress"

    @property
    def stage(self) -> str:
        return f"{self.state.lower()}, update {self.update.lower()}"

    @property
    def is_image(self) -> bool:
        return self.configuration.get("PackageType") == "Image"

    @property
    def description(self) -> str:
        return str(self.configuration.get("Description") or "")

    @property
    def environment(self) -> dict[str, str]:
        return dict((self.configuration.get("Environment") or {}).get("Variables") or {})

    @property
    def sha256(self) -> str:
        return str(self.configuration.get("CodeSha256") or "")

    @property
    def identity(self) -> str:
        """Return what tells this code from any other: the image's digest, or the hash of the package."""
        digests = [str(self.code.get(key) or "").partition("@")[2] for key in ("ImageUri", "ResolvedImageUri")]
        sha256 = self.sha256
        if not self.is_image:
            return sha256
        # Lambda's hash of an image is its digest, without the name of the algorithm.
        return next(filter(None, digests), f"sha256:{sha256}" if sha256 else str(self.code.get("ImageUri") or ""))


@dataclasses.dataclass(frozen=True)
class Alias:
    """Where callers are sent: to one version, and a share of them to another."""

    name: str
    version: str
    weights: t.Mapping[str, float] = dataclasses.field(default_factory=dict)
    revision: str | None = None

    @classmethod
    def from_api(cls, answer: t.Mapping[str, t.Any]) -> Alias:
        routing = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return cls(
            name=answer["Name"],
            version=str(answer["FunctionVersion"]),
            weights={str(version): float(weight) for version, weight in routing.items()},
            revision=answer.get("RevisionId"),
        )

    def sends_as(self, other: Alias) -> bool:
        return (self.version, dict(self.weights)) == (other.version, dict(other.weights))


@dataclasses.dataclass(frozen=True)
class Code:
    """The code to ship: an image, or a zip file here or in S3. C(identity) is what it is known by, once we know."""

    image: str | None = None
    path: str | None = None
    bucket: str | None = None
    key: str | None = None
    object_version: str | None = None
    architecture: str | None = None
    identity: str | None = None

    @property
    def told(self) -> str:
        return self.image or self.path or f"s3://{self.bucket}/{self.key}"

    def is_in(self, snapshot: Snapshot) -> bool:
        if self.architecture and [self.architecture] != list(snapshot.configuration.get("Architectures") or ["x86_64"]):
            return False
        if self.identity is not None:
            return self.identity == snapshot.identity
        # A tag whose digest nobody knows; Lambda keeps the address as it was given.
        return self.image is not None and self.image == snapshot.code.get("ImageUri")

    def request(self) -> dict[str, t.Any]:
        """Return what UpdateFunctionCode takes. A zip file is read here, and must still be the one that was planned."""
        architecture = {"Architectures": [self.architecture]} if self.architecture else {}
        if self.image:
            return {"ImageUri": self.image, **architecture}
        if self.path:
            content = Path(self.path).read_bytes()
            if package_hash(content) != self.identity:
                raise SlipwayError(f"{self.path} changed since it was planned.", hint="Run this again when it is done.")
            return {"ZipFile": content, **architecture}
        place = {"S3Bucket": self.bucket, "S3Key": self.key, "S3ObjectVersion": self.object_version}
        return {**{name: value for name, value in place.items() if value}, **architecture}


def package_hash(content: bytes) -> str:
    """Return the hash of a zip file as Lambda spells it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the configuration shall have that it has not. Everything left empty stays as it is.

    ``environment`` takes a variable away where its value is nothing. ``override`` is in the API's own spelling, laid
    over last, and passes through untouched, so that nothing Lambda learns has to be learned here.
    """

    environment: t.Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    memory: int | None = None
    timeout: int | None = None
    handler: str | None = None
    runtime: str | None = None
    command: t.Sequence[str] | None = None
    layers: t.Sequence[str] | None = None
    override: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Target:
    """One function as the delivery document names it, and what callers of its alias should get.

    Either new ``code`` and ``wishes`` become a version, or the published ``version`` is used as it is.
    """

    name: str
    function: str
    alias: str
    code: Code | None
    wishes: Wishes
    version: str | None
    smoke: tuple[SmokeCheck, ...]
    canary: Canary
    create_alias: bool = False
    identify: bool = False
    after: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse what contradicts itself, before anything is asked of AWS."""
        if self.version and (self.code or self.wishes != Wishes()):
            raise SlipwayError(
                f"Function {self.name} names a version to go back to and changes to make as well.",
                hint="A version is used exactly as it was published; give one of the two.",
            )
        if self.version == LATEST:
            raise SlipwayError(
                f"Function {self.name} names {LATEST} as the version to go back to.",
                hint="Name a published version: what callers get must not change under them.",
            )
        if not (self.version or self.code or self.wishes != Wishes()):
            raise SlipwayError(
                f"Function {self.name} has nothing to ship.",
                hint="Give an image, a zip_file or an object in S3, or a version to go back to.",
            )


@dataclasses.dataclass
class FunctionResult:
    """How one function came out of a release."""

    outcome: Outcome
    changed: bool
    alias: str
    # The versions that the alias sent its callers to, and sends them to now.
    before: str | None
    after: str | None
    weights: dict[str, float] = dataclasses.field(default_factory=dict)
    ran_before: bool = True
    # The version that was made, or taken: callers get it only when the outcome is a good one.
    version: str | None = None
    code: str | None = None
    release_id: str | None = None
    smoke: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    canary: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    reason: str | None = None
    cause: str | None = None
    diagnoses: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    diff: dict[str, str] | None = None

    def as_result(self) -> dict[str, t.Any]:
        result = dataclasses.asdict(self)
        del result["diff"], result["warnings"]
        return result


__all__ = (
    "GOOD", "IDENTITY", "LATEST", "Alias", "Code", "FunctionResult", "Outcome", "Release", "Snapshot", "Target",
    "Wishes", "package_hash",
)  # fmt: skip
