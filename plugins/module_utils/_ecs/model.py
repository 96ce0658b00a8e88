# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The nouns of shipping to ECS: what is wanted, what was seen, and how it ended."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Finding

Outcome = t.Literal["succeeded", "no_op", "rolled_back", "superseded", "stopped", "paused", "timed_out", "failed"]
Definition = dict[str, t.Any]
"""A task definition, in the API's own spelling. Fields we do not know pass through untouched."""

GOOD: frozenset[Outcome] = frozenset({"succeeded", "no_op"})


@dataclasses.dataclass(frozen=True)
class Release:
    """Which release this is. It reaches the containers as environment, and never decides whether anything changed."""

    id: str
    git_sha: str | None = None

    def environment(self, image: str | None) -> dict[str, str]:
        digest = image.partition("@")[2] if image else ""
        values = {"RELEASE_ID": self.id, "GIT_SHA": self.git_sha, "IMAGE_DIGEST": digest}
        return {name: value for name, value in values.items() if value}


IDENTITY = frozenset({"RELEASE_ID", "GIT_SHA"})
"""Environment that names a release without being part of what runs."""


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What a task definition shall have that its base has not. Everything left empty stays as the base has it.

    ``images`` are by container. ``environment``, ``secrets`` and ``command`` are for the target's own container.
    ``override`` is laid over last and passes through untouched, so that nothing ECS learns has to be learned here.
    """

    images: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    secrets: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    command: t.Sequence[str] | None = None
    cpu: str | None = None
    memory: str | None = None
    override: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_options(cls, container: str, options: t.Mapping[str, t.Any]) -> Wishes:
        images = dict(options.get("images") or {})
        if options.get("image"):
            images[container] = options["image"]
        return cls(
            images=images,
            environment={name: str(value) for name, value in (options.get("environment") or {}).items()},
            secrets=options.get("secrets") or {},
            command=options.get("command"),
            cpu=None if options.get("cpu") is None else str(options["cpu"]),
            memory=None if options.get("memory") is None else str(options["memory"]),
            override=options.get("override") or {},
        )


@dataclasses.dataclass(frozen=True)
class Target:
    """One service as the delivery document names it, and what should run there.

    Either ``wishes`` are laid over a base (the ``template``, or the revision ``base``, or what runs), or ``revision``
    is shipped exactly as it is registered.
    """

    name: str
    cluster: str
    service: str
    container: str
    wishes: Wishes = dataclasses.field(default_factory=Wishes)
    template: t.Mapping[str, t.Any] | None = None
    revision: str | None = None
    base: str | None = None
    force: bool = False
    after: tuple[str, ...] = ()
    # Where CodeDeploy has the service, if somebody says so; see CodeDeployPlace.
    codedeploy: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def keeps_what_runs(self) -> bool:
        """Tell whether nothing is wished for but that the tasks start anew."""
        return self.wishes == Wishes() and not (self.template or self.base or self.revision)

    @property
    def image(self) -> str | None:
        return self.wishes.images.get(self.container)

    @classmethod
    def from_options(cls, name: str, options: t.Mapping[str, t.Any]) -> Target:
        target = cls(
            name=name,
            cluster=options["cluster"],
            service=options["service"],
            container=options["container"],
            wishes=Wishes.from_options(options["container"], options),
            template=options.get("template"),
            revision=options.get("revision"),
            base=options.get("task_definition"),
            force=bool(options.get("force_new_deployment")),
            after=tuple(options.get("after") or ()),
            codedeploy=options.get("codedeploy") or {},
        )
        target.check()
        return target

    def check(self) -> None:
        """Refuse what contradicts itself, before anything is asked of AWS."""
        if self.revision and (self.template or self.wishes != Wishes()):
            raise SlipwayError(
                f"Service {self.name} names a revision to go back to and changes to make as well.",
                hint="A revision is shipped exactly as it is registered; give one of the two.",
            )
        if self.template and self.base:
            raise SlipwayError(
                f"Service {self.name} has a template and a task definition to lay changes over.",
                hint="A template is the whole task definition; leave task_definition out.",
            )
        if not (self.revision or self.template or self.wishes != Wishes() or self.force):
            raise SlipwayError(
                f"Service {self.name} needs either an image to ship or a revision to go back to.",
                hint="To start its tasks anew with what it has, set force_new_deployment.",
            )


@dataclasses.dataclass(frozen=True)
class Deployment:
    """One entry of a service's deployments, as DescribeServices answers it."""

    id: str
    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    failed: int
    rollout: str | None
    reason: str | None
    # The deployment that another controller made it for, by that one's own id.
    made_for: str | None = None

    @classmethod
    def from_task_set(cls, answer: t.Mapping[str, t.Any]) -> Deployment:
        """A task set is to other controllers what a deployment is to ECS; its tasks are started by its id, too."""
        return cls(
            id=answer["id"],
            status=answer["status"],
            task_definition=answer["taskDefinition"],
            desired=answer.get("computedDesiredCount", 0),
            running=answer.get("runningCount", 0),
            pending=answer.get("pendingCount", 0),
            failed=0,
            rollout="COMPLETED" if answer.get("stabilityStatus") == "STEADY_STATE" else "IN_PROGRESS",
            reason=None,
            made_for=answer.get("externalId"),
        )

    @classmethod
    def from_api(cls, answer: t.Mapping[str, t.Any]) -> Deployment:
        return cls(
            id=answer["id"],
            status=answer["status"],
            task_definition=answer["taskDefinition"],
            desired=answer.get("desiredCount", 0),
            running=answer.get("runningCount", 0),
            pending=answer.get("pendingCount", 0),
            failed=answer.get("failedTasks", 0),
            # Absent for the deployment controllers that are not ECS.
            rollout=answer.get("rolloutState"),
            reason=answer.get("rolloutStateReason"),
        )


@dataclasses.dataclass(frozen=True)
class ServiceState:
    """A service at one moment."""

    arn: str
    status: str
    task_definition: str
    desired: int
    running: int
    controller: str
    deployments: tuple[Deployment, ...]
    events: tuple[str, ...]
    strategy: str = "ROLLING"
    # The service deployment under way, or the last one, where ECS tells of it.
    native: str | None = None
    # Whether something is under way, where that is not seen from the deployments.
    under_way: bool | None = None
    # All that DescribeServices said, for whoever has to look at more than this.
    answer: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_api(cls, answer: t.Mapping[str, t.Any]) -> ServiceState:
        # Services of other controllers have task sets, and what is primary of these is what serves.
        sets = tuple(Deployment.from_task_set(item) for item in answer.get("taskSets") or ())
        deployments = sets or tuple(Deployment.from_api(item) for item in answer.get("deployments", []))
        primary = next((item.task_definition for item in sets if item.status == "PRIMARY"), None)
        return cls(
            arn=answer["serviceArn"],
            status=answer.get("status", "ACTIVE"),
            task_definition=primary or answer.get("taskDefinition", ""),
            desired=answer.get("desiredCount", 0),
            running=answer.get("runningCount", 0),
            controller=(answer.get("deploymentController") or {}).get("type", "ECS"),
            deployments=deployments,
            events=tuple(item["message"] for item in answer.get("events", [])[:10]),
            strategy=(answer.get("deploymentConfiguration") or {}).get("strategy") or "ROLLING",
            native=answer.get("currentServiceDeployment"),
            answer=answer,
        )

    @property
    def serves(self) -> bool:
        """Tell whether there is something to go back to: a service that never got a task up has no way back."""
        return self.running > 0 or self.desired == 0

    @property
    def primary(self) -> Deployment | None:
        return next((item for item in self.deployments if item.status == "PRIMARY"), None)

    @property
    def last_complete(self) -> str | None:
        """The revision that ran completely, as far as it is still listed: not one that is only on its way."""
        return next((item.task_definition for item in self.deployments if item.rollout == "COMPLETED"), None)

    def bringing(self, revision: str) -> Deployment | None:
        """Return the deployment that brings a revision; one that failed at once may have lost its place already."""
        matching = [item for item in self.deployments if item.task_definition == revision]
        return min(matching, key=lambda item: item.status != "PRIMARY", default=self.primary)

    def deployment(self, identifier: str) -> Deployment | None:
        return next((item for item in self.deployments if item.id == identifier), None)


@dataclasses.dataclass
class ServiceResult:
    """How one service came out of a release."""

    outcome: Outcome
    changed: bool
    before: str | None
    after: str | None
    ran_before: bool = True
    release_id: str | None = None
    deployment_id: str | None = None
    service_deployment: str | None = None
    # The hook that a paused deployment waits for.
    hook: str | None = None
    # Whether autoscaling that was held still is as it was before, or still suspended.
    autoscaling: str | None = None
    # What ECS said of it, what we make of it, and what says so.
    reason: str | None = None
    cause: str | None = None
    diagnoses: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    evidence: dict[str, t.Any] | None = None
    seconds: float = 0.0
    diff: dict[str, str] | None = None
    # What the look before the first write has to say of it.
    findings: list[Finding] = dataclasses.field(default_factory=list)

    def as_result(self) -> dict[str, t.Any]:
        result = dataclasses.asdict(self)
        # These stand beside the services.
        del result["diff"], result["findings"]
        return result


__all__ = (
    "GOOD", "IDENTITY", "Definition", "Deployment", "Outcome", "Release",
    "ServiceResult", "ServiceState", "Target", "Wishes",
)  # fmt: skip
