# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS services that move: moto keeps what it is told, this lets deployments take their time.

The first half is a pure state machine: what a service looks like is a function of when its deployments began and of
the moment somebody asks, so nothing runs in the background and nothing has to be advanced. The second half hooks it
into moto's backend, which goes on to do everything else.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import time
import typing as t

from moto.ecs.models import EC2ContainerServiceBackend, Service, ecs_backends

if t.TYPE_CHECKING:
    from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Tempo:
    """How long a rolling deployment takes, in seconds after it began."""

    placed: float
    """The new tasks are pending from here on."""
    up: float
    """The last of them runs; those before came up one after another."""
    complete: float
    """The tasks of the revision before are gone."""

    @classmethod
    def lasting(cls, seconds: float) -> Tempo:
        return cls(placed=seconds * 0.1, up=seconds * 0.7, complete=seconds)


@dataclasses.dataclass(frozen=True)
class Deployment:
    """One rollout of a service."""

    identifier: str
    task_definition: str
    desired: int
    began: float
    tempo: Tempo

    @property
    def done_at(self) -> float:
        return self.began + self.tempo.complete

    def running(self, now: float) -> int:
        passed, tempo = now - self.began, self.tempo
        if passed >= tempo.up:
            return self.desired
        if passed <= tempo.placed:
            return 0
        return int(self.desired * (passed - tempo.placed) / (tempo.up - tempo.placed))

    def pending(self, now: float) -> int:
        return self.desired - self.running(now) if now - self.began >= self.tempo.placed else 0


@dataclasses.dataclass(frozen=True)
class Seen:
    """A deployment as DescribeServices shows it at one moment."""

    deployment: Deployment
    primary: bool
    complete: bool
    running: int
    pending: int


class Timeline:
    """The deployments of one service. The last one that began is the primary one."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._deployments: list[Deployment] = []

    @property
    def current(self) -> Deployment:
        return self._deployments[-1]

    def begin(self, task_definition: str, desired: int, now: float, tempo: Tempo) -> Deployment:
        """Start a deployment, which supersedes the one under way, if there is one."""
        number = len(self._deployments)
        digits = hashlib.sha256(f"{self._service} {number} {now}".encode()).hexdigest()
        deployment = Deployment(f"ecs-svc/{int(digits[:15], 16):019}", task_definition, desired, now, tempo)
        self._deployments.append(deployment)
        return deployment

    def scale(self, desired: int) -> None:
        """Change how many tasks there shall be, which is no deployment."""
        self._deployments[-1] = dataclasses.replace(self.current, desired=desired)

    def seen(self, now: float) -> list[Seen]:
        """Return what is listed now: the primary deployment first, then those whose tasks still run."""
        current = self.current
        complete = now >= current.done_at
        listed = [Seen(current, True, complete, current.running(now), current.pending(now))]
        if complete:
            return listed
        for before, after in zip(reversed(self._deployments[:-1]), reversed(self._deployments[1:]), strict=True):
            # What ran when it was superseded runs on until the primary one is complete.
            running = before.running(after.began)
            if running:
                finished = after.began >= before.done_at
                listed.append(Seen(before, False, finished, running, 0))
            if after.began >= before.done_at:
                break
        return listed


@dataclasses.dataclass(frozen=True)
class RunningTask:
    """A task of a service, with the names moto looks for when it answers."""

    task_arn: str
    task_definition_arn: str
    cluster_arn: str
    started_by: str
    group: str
    launch_type: str
    last_status: str = "RUNNING"
    desired_status: str = "RUNNING"


# What ECS fills in when nobody says anything, and moto leaves out.
SERVICE_DEFAULTS: t.Mapping[str, t.Any] = {
    "deployment_configuration": {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    },
    "enable_ecs_managed_tags": False,
    "enable_execute_command": False,
    "health_check_grace_period_seconds": 0,
    "placement_constraints": [],
    "placement_strategy": [],
}
# A change of one of these starts a deployment, as another task definition does.
DEPLOYED_WITH = (
    "capacity_provider_strategy", "load_balancers", "network_configuration", "placement_constraints",
    "placement_strategy", "platform_version", "service_registries",
)  # fmt: skip


class MovingService(Service):
    """A service of moto whose deployments and counts come from its timeline."""

    timeline: Timeline
    clock: Callable[[], float]
    created_at: datetime.datetime

    @classmethod
    def adopt(cls, service: Service, clock: Callable[[], float], tempo: Tempo) -> MovingService:
        """Take over a service that moto has made."""
        moving = object.__new__(cls)
        moving.__dict__.update(vars(service))
        for name, value in SERVICE_DEFAULTS.items():
            moving.__dict__.setdefault(name, value)
        # Where there is none, ECS answers none; moto answers an empty one, which looks like a difference.
        if not service.network_configuration:
            moving.__dict__["network_configuration"] = None
        moving.clock = clock
        moving.created_at = datetime.datetime.now(datetime.UTC)
        moving.timeline = Timeline(service.arn)
        moving.timeline.begin(str(service.task_definition), int(service.desired_count), clock(), tempo)
        return moving

    def seen(self) -> list[Seen]:
        return self.timeline.seen(self.clock())

    # moto assigns these as if they were its own; what is true follows from the time.
    @property
    def running_count(self) -> int:
        return sum(item.running for item in self.seen())

    @running_count.setter
    def running_count(self, value: int) -> None: ...

    @property
    def pending_count(self) -> int:
        return sum(item.pending for item in self.seen())

    @pending_count.setter
    def pending_count(self, value: int) -> None: ...

    @property
    def deployments(self) -> list[dict[str, t.Any]]:
        return [self._answer(item) for item in self.seen()]

    @deployments.setter
    def deployments(self, value: list[dict[str, t.Any]]) -> None: ...

    @property
    def events(self) -> list[dict[str, t.Any]]:
        current = self.timeline.current
        if self.clock() < current.done_at:
            return []
        message = f"(service {self.name}) (deployment {current.identifier}) deployment completed."
        return [{"id": current.identifier[-12:], "createdAt": _moment(current.done_at), "message": message}]

    @events.setter
    def events(self, value: list[dict[str, t.Any]]) -> None: ...

    def _answer(self, item: Seen) -> dict[str, t.Any]:
        deployment = item.deployment
        return {
            "id": deployment.identifier,
            "status": "PRIMARY" if item.primary else "ACTIVE",
            "taskDefinition": deployment.task_definition,
            "desiredCount": deployment.desired,
            "runningCount": item.running,
            "pendingCount": item.pending,
            "failedTasks": 0,
            "createdAt": _moment(deployment.began),
            "updatedAt": _moment(min(self.clock(), deployment.done_at)),
            "launchType": self.launch_type,
            "rolloutState": "COMPLETED" if item.complete else "IN_PROGRESS",
            "rolloutStateReason": (
                f"ECS deployment {deployment.identifier} {'completed' if item.complete else 'in progress'}."
            ),
        }

    def tasks(self) -> list[RunningTask]:
        prefix = str(self.cluster_arn).replace(":cluster/", ":task/")
        return [
            RunningTask(
                task_arn=f"{prefix}/{hashlib.sha256(f'{deployment.identifier} {number}'.encode()).hexdigest()[:32]}",
                task_definition_arn=deployment.task_definition,
                cluster_arn=str(self.cluster_arn),
                started_by=deployment.identifier,
                group=f"service:{self.name}",
                launch_type=str(self.launch_type),
            )
            for deployment, running in ((item.deployment, item.running) for item in self.seen())
            for number in range(running)
        ]


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


@dataclasses.dataclass
class World:
    """Time as the emulator knows it, and how quickly the deployments of a service move that begin from now on."""

    clock: Callable[[], float] = time.time
    tempo: Callable[[str], Tempo] = lambda _service: Tempo.lasting(5)


class MovingBackend(EC2ContainerServiceBackend):
    """moto's ECS with services that move."""

    world: t.ClassVar[World] = World()

    def create_service(self, *words: t.Any, **options: t.Any) -> Service:
        made = super().create_service(*words, **options)
        moving = MovingService.adopt(made, self.world.clock, self.world.tempo(made.name))
        self.services[f"{made.cluster_name}:{made.name}"] = moving
        return moving

    def update_service(self, service_properties: dict[str, t.Any]) -> Service:
        wanted = dict(service_properties)
        service = self._get_service(wanted.get("cluster") or "default", wanted["service"].rpartition("/")[2])
        if not isinstance(service, MovingService):
            return super().update_service(service_properties)
        before = {name: getattr(service, name, None) for name in DEPLOYED_WITH}
        if wanted.get("task_definition"):
            # Whatever spelling was used, the answers name the revision in full.
            arn = self.describe_task_definition(wanted["task_definition"]).arn
            service_properties["task_definition"] = arn
        force = bool(service_properties.pop("force_new_deployment", False))
        super().update_service(service_properties)
        moved = any(getattr(service, name, None) != value for name, value in before.items())
        if force or moved or service.task_definition != service.timeline.current.task_definition:
            tempo = self.world.tempo(service.name)
            service.timeline.begin(str(service.task_definition), int(service.desired_count), self.world.clock(), tempo)
        elif service.desired_count != service.timeline.current.desired:
            service.timeline.scale(int(service.desired_count))
        return service

    def list_tasks(self, cluster_str: str | None = None, *words: t.Any, **options: t.Any) -> list[t.Any]:
        names = ("container_instance", "family", "started_by", "service_name", "desiredStatus")
        asked = {**dict(zip(names, words, strict=False)), **options}
        if not asked.get("service_name"):
            return super().list_tasks(cluster_str, *words, **options)
        service = self._get_service(cluster_str or "default", asked["service_name"].rpartition("/")[2])
        wanted = asked.get("desiredStatus") or "RUNNING"
        return [task for task in self._tasks(service) if task.desired_status == wanted]

    def describe_tasks(self, cluster_str: str, tasks: list[str]) -> list[t.Any]:
        asked = {name.rpartition("/")[2] for name in tasks}
        known = [task for service in self.services.values() for task in self._tasks(service)]
        return [
            *super().describe_tasks(cluster_str, tasks),
            *(task for task in known if task.task_arn.rpartition("/")[2] in asked),
        ]

    @staticmethod
    def _tasks(service: Service) -> list[RunningTask]:
        return service.tasks() if isinstance(service, MovingService) else []


# moto tells by the module which API a class belongs to.
MovingService.__module__ = Service.__module__
MovingBackend.__module__ = EC2ContainerServiceBackend.__module__


def install() -> None:
    """Let every ECS backend that moto makes from here on be one that moves."""
    ecs_backends.reset()
    ecs_backends.backend = MovingBackend
