# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's ECS services, with deployments, counts, events and tasks that come from a timeline."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import time
import typing as t

from moto.ecs.exceptions import InvalidParameterException, ServiceNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.logs.models import logs_backends

from .behaviours import SHIFTING, Rolling
from .course import ROLLING, Situation
from .events import events
from .script import Script
from .tasks import Place, ServiceTask, as_task, lives, moment
from .timeline import Timeline

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .behaviours import Behaviour
    from .faults import Stale
    from .tasks import Life
    from .timeline import Seen

# What ECS fills in when nobody says anything, and moto leaves out.
SERVICE_DEFAULTS: t.Mapping[str, t.Any] = {
    "enable_ecs_managed_tags": False,
    "enable_execute_command": False,
    "health_check_grace_period_seconds": 0,
    "placement_constraints": [],
    "placement_strategy": [],
}
CONFIGURATION_DEFAULTS: t.Mapping[str, t.Any] = {
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
}
# A change of one of these starts a deployment, as another task definition does.
DEPLOYED_WITH = (
    "capacity_provider_strategy", "load_balancers", "network_configuration", "placement_constraints",
    "placement_strategy", "platform_version", "service_registries",
)  # fmt: skip
SERVICES_A_CALL, TASKS_A_CALL = 10, 100


@dataclasses.dataclass
class World:
    """What all services have in common: the time, the script, and how old the answer to this call may be."""

    clock: Callable[[], float] = time.time
    script: Script = dataclasses.field(default_factory=Script)
    stale: Stale | None = None


class MovingService(Service):
    """A service of moto whose deployments and counts come from its timeline."""

    timeline: Timeline
    world: World
    created_at: datetime.datetime
    containers: Callable[[str], list[dict[str, t.Any]]]
    before: MovingService | None
    written: float
    reads: int
    releases: int

    @classmethod
    def adopt(cls, service: Service, world: World, containers: Callable[[str], t.Any]) -> MovingService:
        """Take over a service that moto has made."""
        moving = object.__new__(cls)
        for name, value in SERVICE_DEFAULTS.items():
            moving.__dict__[name] = copy.copy(value)
        moving.__dict__.update(vars(service))
        # Where there is none, ECS answers none; moto answers an empty one, which looks like a difference.
        if not service.network_configuration:
            moving.__dict__["network_configuration"] = None
        moving.world, moving.containers = world, containers
        moving.created_at = moment(world.clock())
        moving.__dict__["configuration"] = {}
        moving.before, moving.written, moving.reads, moving.releases = None, world.clock(), 0, 0
        moving.timeline = Timeline(service.arn)
        moving.begin(world.script.at_creation)
        return moving

    def release(self, others: Callable[[], str]) -> None:
        """Start the deployment that the script has for it. Going back to what was good is none of those."""
        now, wanted = self.world.clock(), str(self.task_definition)
        goes_back = wanted != self.timeline.primary(now).definition and wanted in self.timeline.good_definitions(now)
        if goes_back:
            self.begin(self.world.script.going_back)
            return
        behaviour = self.world.script.behaviour(self.name, self.releases)
        own = SHIFTING.get(str(self.__dict__["configuration"].get("strategy")))
        if own and isinstance(behaviour, Rolling):
            # Unless the script says more, a service that was made to shift traffic does.
            behaviour = own(seconds=behaviour.seconds)
        self.releases += 1
        overtaken = behaviour.course(self.situation()).overtaken < float("inf")
        self.begin(behaviour, others() if overtaken else "")

    def begin(self, behaviour: Behaviour, others: str = "") -> None:
        definition, now = str(self.task_definition), self.world.clock()
        self.timeline = self.timeline.begin(definition, now, behaviour, self.situation(), others)

    def situation(self) -> Situation:
        breaker = self.deployment_configuration["deploymentCircuitBreaker"]
        return Situation(int(self.desired_count), breaker=bool(breaker["enable"]), rolls_back=bool(breaker["rollback"]))

    def remember(self) -> None:
        """Keep what is true now, for answers that come from before the next write."""
        self.before = copy.copy(self)
        self.before.before = None
        self.written, self.reads = self.world.clock(), 0

    def as_read(self) -> MovingService:
        """Return the service as this call is to see it: as it is, or as it was before the last write."""
        stale, before = self.world.stale, self.before
        self.reads += 1
        if stale is None or before is None:
            return self
        old = self.reads <= stale.calls or self.world.clock() - self.written < stale.seconds
        return before if old else self

    def seen(self) -> list[Seen]:
        return self.timeline.seen(self.world.clock()) if self.status == "ACTIVE" else []

    @property
    def deployment_configuration(self) -> dict[str, t.Any]:
        own = self.__dict__.get("configuration") or {}
        configuration = {**copy.deepcopy(dict(CONFIGURATION_DEFAULTS)), **own}
        behaviour = self.world.script.behaviour(self.name, self.__dict__.get("releases", 0))
        # The script may have a service shift traffic that was not made for it.
        for strategy in (_strategy(behaviour), self.timeline.strategy()):
            if strategy != ROLLING:
                configuration["strategy"] = strategy
        return configuration

    @deployment_configuration.setter
    def deployment_configuration(self, value: dict[str, t.Any]) -> None:
        self.__dict__["configuration"] = {**self.__dict__.get("configuration", {}), **value}

    # moto assigns these as if they were its own; what is true follows from the time.
    @property
    def running_count(self) -> int:
        return sum(item.counts.running for item in self.seen())

    @running_count.setter
    def running_count(self, value: int) -> None: ...

    @property
    def pending_count(self) -> int:
        return sum(item.counts.pending for item in self.seen() if item.primary)

    @pending_count.setter
    def pending_count(self, value: int) -> None: ...

    @property
    def deployments(self) -> list[dict[str, t.Any]]:
        return [self._answer(item) for item in self.seen()]

    @deployments.setter
    def deployments(self, value: list[dict[str, t.Any]]) -> None: ...

    @property
    def events(self) -> list[dict[str, t.Any]]:
        return events(self.timeline, str(self.name), self.world.clock())

    @events.setter
    def events(self, value: list[dict[str, t.Any]]) -> None: ...

    @property
    def current_service_deployment(self) -> str | None:
        if not self.world.script.service_deployments or self.status != "ACTIVE":
            return None
        return self.deployment_arn(self.timeline.natives(self.world.clock())[0].key)

    @property
    def current_service_revisions(self) -> list[dict[str, t.Any]] | None:
        if not self.world.script.service_deployments:
            return None
        return [
            {
                "arn": self.revision_arn(item.reign.definition),
                "requestedTaskCount": item.reign.desired,
                "runningTaskCount": item.counts.running,
                "pendingTaskCount": item.counts.pending,
            }
            for item in self.seen()
        ]

    def deployment_arn(self, key: str) -> str:
        return f"{self._arn_of('service-deployment')}/{key.rpartition('/')[2]}"

    def revision_arn(self, definition: str) -> str:
        family, _colon, revision = definition.rpartition("/")[2].partition(":")
        return f"{self._arn_of('service-revision')}/{family}-{revision}"

    def _arn_of(self, kind: str) -> str:
        return f"{str(self.cluster_arn).replace(':cluster/', f':{kind}/')}/{self.name}"

    def _answer(self, item: Seen) -> dict[str, t.Any]:
        reign, counts = item.reign, item.counts
        updated = min(self.world.clock(), reign.completes, reign.fails)
        return {
            "id": reign.identifier,
            "status": "PRIMARY" if item.primary else "ACTIVE",
            "taskDefinition": reign.definition,
            "desiredCount": reign.desired if item.primary else 0,
            "runningCount": counts.running,
            "pendingCount": counts.pending if item.primary else 0,
            "failedTasks": counts.failed,
            "createdAt": moment(reign.created),
            "updatedAt": moment(updated),
            "launchType": self.launch_type,
            "rolloutState": item.state,
            "rolloutStateReason": item.reason,
        }

    def tasks(self) -> list[ServiceTask]:
        if self.status != "ACTIVE":
            return []
        place = Place(str(self.name), str(self.cluster_arn), str(self.launch_type))
        found = lives(self.timeline, self.world.clock())
        for life in found:
            if life.cause and life.cause.log and life.cause.ran:
                self._write_log(life)
        return [as_task(life, place, self.containers(life.reign.definition)) for life in found]

    def _write_log(self, life: Life) -> None:
        """Let the first container of a task that died have said its last words, where its log goes."""
        container = self.containers(life.reign.definition)[0]
        settings = container.get("logConfiguration") or {}
        options = settings.get("options") or {}
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if settings.get("logDriver") != "awslogs" or not group or not prefix or life.cause is None:
            return
        logs: t.Any = logs_backends[self._account_id][options.get("awslogs-region") or self.region_name]
        stream = f"{prefix}/{container['name']}/{life.identity}"
        if group not in logs.groups:
            logs.create_log_group(group, {})
        if stream in logs.groups[group].streams:
            return
        logs.create_log_stream(group, stream)
        stamp = int((life.stopped or life.created) * 1000)
        lines = [{"timestamp": stamp + number, "message": line} for number, line in enumerate(life.cause.log)]
        logs.put_log_events(group, stream, lines)


def _strategy(behaviour: Behaviour) -> str:
    return str(getattr(behaviour, "STRATEGY", ROLLING))


class ScenarioBackend(EC2ContainerServiceBackend):
    """moto's ECS with services that move."""

    world: t.ClassVar[World] = World()

    def create_service(self, *words: t.Any, **options: t.Any) -> Service:
        made = super().create_service(*words, **options)
        moving = MovingService.adopt(made, self.world, self.containers)
        self.services[f"{made.cluster_name}:{made.name}"] = moving
        return moving

    def update_service(self, service_properties: dict[str, t.Any]) -> Service:
        wanted = service_properties
        service = self.moving(wanted.get("cluster") or "default", wanted["service"])
        service.remember()
        before = {name: getattr(service, name, None) for name in DEPLOYED_WITH}
        if wanted.get("task_definition"):
            # Whatever spelling was used, the answers name the revision in full.
            wanted["task_definition"] = self.describe_task_definition(wanted["task_definition"]).arn
        force = bool(wanted.pop("force_new_deployment", False))
        super().update_service(wanted)
        moved = any(getattr(service, name, None) != value for name, value in before.items())
        if force or moved or service.task_definition != service.timeline.primary(self.world.clock()).definition:
            service.release(lambda: self._revision_of_another(str(service.task_definition)))
        elif service.desired_count != service.timeline.latest.situation.desired:
            service.timeline = service.timeline.scale(int(service.desired_count))
        return service

    def describe_services(
        self, cluster_str: str, service_names_or_arns: list[str]
    ) -> tuple[list[Service], list[dict[str, str]]]:
        if len(service_names_or_arns) > SERVICES_A_CALL:
            raise InvalidParameterException(f"At most {SERVICES_A_CALL} services may be described in one call.")
        found, failures = super().describe_services(cluster_str, service_names_or_arns)
        there: list[Service] = []
        for service in found:
            if isinstance(service, MovingService) and service.timeline.gone(self.world.clock()):
                self._lose(service)
                if service.status != "INACTIVE":
                    failures.append({"arn": service.arn, "reason": "MISSING"})
                    continue
            there.append(self._settled(service.as_read()) if isinstance(service, MovingService) else service)
        return there, failures

    def _settled(self, service: MovingService) -> MovingService:
        """Have a service name the revision of its primary deployment, which is not always the one asked for last."""
        service.task_definition = service.timeline.primary(self.world.clock()).definition
        return service

    def _lose(self, service: MovingService) -> None:
        if service.timeline.gone(self.world.clock()) == "inactive":
            service.status = "INACTIVE"

    def moving(self, cluster: str, name: str) -> MovingService:
        """Return a service by its name or ARN, as it is."""
        service = self._get_service(cluster, name.rpartition("/")[2])
        if not isinstance(service, MovingService) or service.timeline.gone(self.world.clock()) == "nothing":
            raise ServiceNotFoundException
        return service

    def moving_services(self) -> list[MovingService]:
        return [item for item in self.services.values() if isinstance(item, MovingService)]

    def containers(self, definition: str) -> list[dict[str, t.Any]]:
        return list(self.describe_task_definition(definition).container_definitions)

    def _revision_of_another(self, definition: str) -> str:
        """Register what somebody else deploys: the same, with a mark of theirs."""
        theirs = self.describe_task_definition(definition)
        containers: list[dict[str, t.Any]] = copy.deepcopy(theirs.container_definitions)
        containers[0]["environment"] = [
            *containers[0].get("environment", []),
            {"name": "DEPLOYED_BY", "value": "another"},
        ]
        made = self.register_task_definition(
            theirs.family,
            containers,
            network_mode=theirs.network_mode,
            requires_compatibilities=theirs.requires_compatibilities,
            cpu=theirs.cpu,
            memory=theirs.memory,
        )
        return str(made.arn)

    def list_tasks(self, cluster_str: str | None = None, *words: t.Any, **options: t.Any) -> list[t.Any]:
        names = ("container_instance", "family", "started_by", "service_name", "desiredStatus")
        asked = {**dict(zip(names, words, strict=False)), **options}
        if not asked.get("service_name"):
            return super().list_tasks(cluster_str, *words, **options)
        service = self.moving(cluster_str or "default", asked["service_name"])
        wanted = asked.get("desiredStatus") or "RUNNING"
        return [task for task in service.as_read().tasks() if task.desired_status == wanted]

    def describe_tasks(self, cluster_str: str, tasks: list[str]) -> list[t.Any]:
        if len(tasks) > TASKS_A_CALL:
            raise InvalidParameterException(f"At most {TASKS_A_CALL} tasks may be described in one call.")
        asked = {name.rpartition("/")[2] for name in tasks}
        known = [task for service in self.moving_services() for task in service.tasks()]
        return [
            *super().describe_tasks(cluster_str, tasks),
            *(task for task in known if task.task_arn.rpartition("/")[2] in asked),
        ]


# moto tells by the module which API a class belongs to.
MovingService.__module__ = Service.__module__
ScenarioBackend.__module__ = EC2ContainerServiceBackend.__module__
