# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What was gathered of one deployment, as typed values. Everything in here is fit to be read: secrets are masked."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker


@dataclasses.dataclass(frozen=True)
class LogLine:
    """One line a container wrote, and when."""

    time: float | None
    text: str


@dataclasses.dataclass(frozen=True)
class Container:
    """One container of a task, as it was last seen."""

    name: str
    exit_code: int | None = None
    reason: str = ""
    health: str = ""
    image: str = ""
    essential: bool = True
    log: tuple[LogLine, ...] = ()

    @property
    def failed(self) -> bool:
        return self.exit_code not in (None, 0)


@dataclasses.dataclass(frozen=True)
class Task:
    """One task of the deployment."""

    id: str
    arn: str = ""
    definition: str = ""
    status: str = ""
    stop_code: str = ""
    stopped_reason: str = ""
    health: str = ""
    address: str = ""
    instance: str = ""
    created: float | None = None
    pull_started: float | None = None
    pull_stopped: float | None = None
    started: float | None = None
    stopping: float | None = None
    stopped: float | None = None
    containers: tuple[Container, ...] = ()

    @property
    def is_stopped(self) -> bool:
        return self.status == "STOPPED" or bool(self.stop_code)

    @property
    def told_to_go(self) -> bool:
        """Tell whether the scheduler ended it for a reason that is none: scaled in, or replaced by a deployment."""
        reason = self.stopped_reason.lower()
        return self.stop_code == "ServiceSchedulerInitiated" and "health check" not in reason and "failed" not in reason

    @property
    def died(self) -> bool:
        return self.is_stopped and not self.told_to_go

    @classmethod
    def from_api(cls, answer: t.Any, definition: Definition, masker: Masker) -> Task:
        task = reading.mapping(answer)
        arn = reading.text(task.get("taskArn"))
        return cls(
            id=reading.last_part(arn) or "?",
            arn=arn,
            definition=reading.text(task.get("taskDefinitionArn")),
            status=reading.text(task.get("lastStatus")),
            stop_code=reading.text(task.get("stopCode")),
            stopped_reason=masker.text(reading.text(task.get("stoppedReason"))),
            health=reading.text(task.get("healthStatus")),
            address=_address(task),
            instance=reading.last_part(reading.text(task.get("containerInstanceArn"))),
            created=reading.moment(task.get("createdAt")),
            pull_started=reading.moment(task.get("pullStartedAt")),
            pull_stopped=reading.moment(task.get("pullStoppedAt")),
            started=reading.moment(task.get("startedAt")),
            stopping=reading.moment(task.get("stoppingAt")),
            stopped=reading.moment(task.get("stoppedAt")),
            containers=tuple(
                Container(
                    name=reading.text(item.get("name")) or "?",
                    exit_code=reading.whole(item.get("exitCode")),
                    reason=masker.text(reading.text(item.get("reason"))),
                    health=reading.text(item.get("healthStatus")),
                    image=masker.text(reading.text(item.get("image"))),
                    essential=definition.essential(reading.text(item.get("name"))),
                )
                for item in reading.mappings(task.get("containers"))
            ),
        )


def _address(task: t.Mapping[str, t.Any]) -> str:
    for container in reading.mappings(task.get("containers")):
        for interface in reading.mappings(container.get("networkInterfaces")):
            if reading.text(interface.get("privateIpv4Address")):
                return reading.text(interface.get("privateIpv4Address"))
    for attachment in reading.mappings(task.get("attachments")):
        for detail in reading.mappings(attachment.get("details")):
            if detail.get("name") == "privateIPv4Address":
                return reading.text(detail.get("value"))
    return ""


@dataclasses.dataclass(frozen=True)
class ContainerDefinition:
    """What a container was to be."""

    name: str
    image: str = ""
    essential: bool = True
    command: tuple[str, ...] = ()
    entry_point: tuple[str, ...] = ()
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    secrets: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    ports: tuple[int, ...] = ()
    memory: int | None = None
    health_command: tuple[str, ...] = ()
    health_interval: int | None = None
    health_retries: int | None = None
    health_start_period: int | None = None
    mounts: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    log_driver: str = ""
    log_options: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_api(cls, answer: t.Any, masker: Masker) -> ContainerDefinition:
        given = reading.mapping(answer)
        check = reading.mapping(given.get("healthCheck"))
        logs = reading.mapping(given.get("logConfiguration"))
        ports = (reading.whole(item.get("containerPort")) for item in reading.mappings(given.get("portMappings")))
        variables = [
            (reading.text(item.get("name")), reading.text(item.get("value")))
            for item in reading.mappings(given.get("environment"))
        ]
        return cls(
            name=reading.text(given.get("name")) or "?",
            image=masker.text(reading.text(given.get("image"))),
            essential=given.get("essential") is not False,
            command=tuple(masker.lines(reading.words(given.get("command")))),
            entry_point=tuple(masker.lines(reading.words(given.get("entryPoint")))),
            environment={name: masker.variable(name, value) for name, value in variables},
            secrets={
                reading.text(item.get("name")): reading.text(item.get("valueFrom"))
                for item in reading.mappings(given.get("secrets"))
            },
            ports=tuple(port for port in ports if port is not None),
            memory=reading.whole(given.get("memory")),
            health_command=tuple(masker.lines(reading.words(check.get("command")))),
            health_interval=reading.whole(check.get("interval")),
            health_retries=reading.whole(check.get("retries")),
            health_start_period=reading.whole(check.get("startPeriod")),
            mounts={
                reading.text(item.get("sourceVolume")): reading.text(item.get("containerPath"))
                for item in reading.mappings(given.get("mountPoints"))
            },
            log_driver=reading.text(logs.get("logDriver")),
            log_options={key: reading.text(value) for key, value in reading.mapping(logs.get("options")).items()},
        )


@dataclasses.dataclass(frozen=True)
class Definition:
    """The task definition the deployment runs."""

    arn: str = ""
    task_role: str = ""
    execution_role: str = ""
    cpu: str = ""
    memory: str = ""
    architecture: str = ""
    system: str = ""
    network_mode: str = ""
    containers: tuple[ContainerDefinition, ...] = ()
    file_systems: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """EFS file systems, by the name of the volume."""

    @classmethod
    def from_api(cls, answer: t.Any, masker: Masker) -> Definition:
        given = reading.mapping(answer)
        platform = reading.mapping(given.get("runtimePlatform"))
        volumes = reading.mappings(given.get("volumes"))
        mounted = {
            reading.text(volume.get("name")): reading.mapping(volume.get("efsVolumeConfiguration"))
            for volume in volumes
        }
        return cls(
            arn=reading.text(given.get("taskDefinitionArn")),
            task_role=reading.text(given.get("taskRoleArn")),
            execution_role=reading.text(given.get("executionRoleArn")),
            cpu=str(given.get("cpu") or ""),
            memory=str(given.get("memory") or ""),
            architecture=reading.text(platform.get("cpuArchitecture")),
            system=reading.text(platform.get("operatingSystemFamily")),
            network_mode=reading.text(given.get("networkMode")),
            containers=tuple(
                ContainerDefinition.from_api(item, masker)
                for item in reading.mappings(given.get("containerDefinitions"))
            ),
            file_systems={name: reading.text(volume.get("fileSystemId")) for name, volume in mounted.items() if volume},
        )

    def container(self, name: str) -> ContainerDefinition | None:
        return next((item for item in self.containers if item.name == name), None)

    def essential(self, name: str) -> bool:
        known = self.container(name)
        return known.essential if known else True


@dataclasses.dataclass(frozen=True)
class Event:
    """One message of the service's scheduler."""

    time: float | None
    message: str


@dataclasses.dataclass(frozen=True)
class Deployment:
    """One entry of the service's deployments."""

    id: str
    status: str = ""
    definition: str = ""
    rollout: str = ""
    reason: str = ""
    created: float | None = None
    desired: int = 0
    running: int = 0
    pending: int = 0
    failed_tasks: int = 0

    @classmethod
    def from_api(cls, answer: t.Any, masker: Masker) -> Deployment:
        given = reading.mapping(answer)
        return cls(
            id=reading.text(given.get("id")),
            status=reading.text(given.get("status")),
            definition=reading.text(given.get("taskDefinition")),
            rollout=reading.text(given.get("rolloutState")),
            reason=masker.text(reading.text(given.get("rolloutStateReason"))),
            created=reading.moment(given.get("createdAt")),
            desired=reading.count(given.get("desiredCount")),
            running=reading.count(given.get("runningCount")),
            pending=reading.count(given.get("pendingCount")),
            failed_tasks=reading.count(given.get("failedTasks")),
        )


@dataclasses.dataclass(frozen=True)
class LoadBalancer:
    """Where the service's traffic comes from: a target group, and the container and port it goes to."""

    target_group: str
    container: str
    port: int | None

    @classmethod
    def from_api(cls, answer: t.Any) -> LoadBalancer:
        given = reading.mapping(answer)
        return cls(
            target_group=reading.text(given.get("targetGroupArn")),
            container=reading.text(given.get("containerName")),
            port=reading.whole(given.get("containerPort")),
        )


@dataclasses.dataclass(frozen=True)
class TargetGroup:
    """How a load balancer asks whether a target is healthy."""

    arn: str
    name: str = ""
    protocol: str = ""
    port: str = ""
    path: str = ""
    codes: str = ""
    interval: int = 30
    timeout: int = 5
    healthy_after: int = 5
    unhealthy_after: int = 2

    @classmethod
    def from_api(cls, answer: t.Any) -> TargetGroup:
        given = reading.mapping(answer)
        matcher = reading.mapping(given.get("Matcher"))
        return cls(
            arn=reading.text(given.get("TargetGroupArn")),
            name=reading.text(given.get("TargetGroupName")),
            protocol=reading.text(given.get("HealthCheckProtocol")),
            port=str(given.get("HealthCheckPort") or ""),
            path=reading.text(given.get("HealthCheckPath")),
            codes=reading.text(matcher.get("HttpCode")) or reading.text(matcher.get("GrpcCode")),
            interval=reading.whole(given.get("HealthCheckIntervalSeconds")) or 30,
            timeout=reading.whole(given.get("HealthCheckTimeoutSeconds")) or 5,
            healthy_after=reading.whole(given.get("HealthyThresholdCount")) or 5,
            unhealthy_after=reading.whole(given.get("UnhealthyThresholdCount")) or 2,
        )


@dataclasses.dataclass(frozen=True)
class Target:
    """One address behind a target group, and what the load balancer thinks of it."""

    group: str
    id: str
    port: int | None = None
    state: str = ""
    reason: str = ""
    description: str = ""

    @classmethod
    def from_api(cls, group: str, answer: t.Any) -> Target:
        given = reading.mapping(answer)
        target, health = reading.mapping(given.get("Target")), reading.mapping(given.get("TargetHealth"))
        return cls(
            group=group,
            id=reading.text(target.get("Id")),
            port=reading.whole(target.get("Port")),
            state=reading.text(health.get("State")),
            reason=reading.text(health.get("Reason")),
            description=reading.text(health.get("Description")),
        )


@dataclasses.dataclass(frozen=True)
class Service:
    """The service and what it was asked to be."""

    name: str = ""
    cluster: str = ""
    arn: str = ""
    status: str = ""
    definition: str = ""
    desired: int = 0
    running: int = 0
    pending: int = 0
    minimum_percent: int | None = None
    maximum_percent: int | None = None
    breaker: bool = False
    alarms: tuple[str, ...] = ()
    grace: int = 0
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    public_address: bool = False
    launch_type: str = ""
    capacity_providers: tuple[str, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()

    @classmethod
    def from_api(cls, answer: t.Any) -> Service:
        given = reading.mapping(answer)
        configuration = reading.mapping(given.get("deploymentConfiguration"))
        alarms = reading.mapping(configuration.get("alarms"))
        network = reading.mapping(reading.mapping(given.get("networkConfiguration")).get("awsvpcConfiguration"))
        providers = reading.mappings(given.get("capacityProviderStrategy"))
        return cls(
            name=reading.text(given.get("serviceName")),
            cluster=reading.last_part(reading.text(given.get("clusterArn"))),
            arn=reading.text(given.get("serviceArn")),
            status=reading.text(given.get("status")),
            definition=reading.text(given.get("taskDefinition")),
            desired=reading.count(given.get("desiredCount")),
            running=reading.count(given.get("runningCount")),
            pending=reading.count(given.get("pendingCount")),
            minimum_percent=reading.whole(configuration.get("minimumHealthyPercent")),
            maximum_percent=reading.whole(configuration.get("maximumPercent")),
            breaker=bool(reading.mapping(configuration.get("deploymentCircuitBreaker")).get("enable")),
            alarms=reading.words(alarms.get("alarmNames")) if alarms.get("enable") else (),
            grace=reading.count(given.get("healthCheckGracePeriodSeconds")),
            subnets=reading.words(network.get("subnets")),
            security_groups=reading.words(network.get("securityGroups")),
            public_address=network.get("assignPublicIp") == "ENABLED",
            launch_type=reading.text(given.get("launchType")),
            capacity_providers=tuple(reading.text(item.get("capacityProvider")) for item in providers),
            load_balancers=tuple(LoadBalancer.from_api(item) for item in reading.mappings(given.get("loadBalancers"))),
        )

    @property
    def on_fargate(self) -> bool:
        return self.launch_type == "FARGATE" or any(name.startswith("FARGATE") for name in self.capacity_providers)


@dataclasses.dataclass(frozen=True)
class Policy:
    """One policy of a role, as IAM keeps it."""

    role: str
    name: str
    document: t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Everything that was gathered of one deployment."""

    service: Service = dataclasses.field(default_factory=Service)
    deployment: Deployment | None = None
    deployments: tuple[Deployment, ...] = ()
    definition: Definition = dataclasses.field(default_factory=Definition)
    tasks: tuple[Task, ...] = ()
    events: tuple[Event, ...] = ()
    """Messages since the deployment began, the newest first."""
    earlier_events: tuple[Event, ...] = ()
    """Messages from before: ECS does not repeat one whose cause has lasted since."""
    targets: tuple[Target, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    policies: tuple[Policy, ...] = ()
    other_deployments: tuple[str, ...] = ()
    """Deployments whose tasks stopped within the hour, besides this one."""
    unreadable: tuple[str, ...] = ()
    """What could not be read, and why: it never hides the failure itself."""

    @property
    def dead_tasks(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.died)

    @property
    def superseded_by(self) -> Deployment | None:
        """Return the deployment that took this one's place, unless this one had failed and was rolled back."""
        ours = self.deployment
        if ours is None or ours.rollout == "FAILED":
            return None
        primary = next((item for item in self.deployments if item.status == "PRIMARY"), None)
        if primary is None or primary.id == ours.id:
            return None
        newer = None in (primary.created, ours.created) or t.cast(float, primary.created) >= t.cast(float, ours.created)
        return primary if newer else None

    @property
    def settled(self) -> bool:
        """Tell whether the deployment is complete, and everything it should run runs."""
        ours = self.deployment
        if ours is None or ours.status != "PRIMARY" or ours.rollout not in ("", "COMPLETED"):
            return False
        return bool(ours.desired) and ours.running >= max(ours.desired, self.service.desired)

    @property
    def failed(self) -> bool:
        ours = self.deployment
        return bool(ours and ours.rollout == "FAILED") or bool(self.dead_tasks)


def remember(earlier: Evidence | None, later: Evidence) -> Evidence:
    """Return the later evidence with what only the earlier one still had.

    ECS forgets stopped tasks after about an hour, and only keeps the last hundred events.
    """
    if earlier is None:
        return later
    known = {task.id: task for task in earlier.tasks}
    tasks = [_with_logs(task, known.pop(task.id, None)) for task in later.tasks]
    seen = set(later.events)
    return dataclasses.replace(
        later,
        tasks=(*tasks, *(task for task in known.values() if task.is_stopped)),
        events=(*later.events, *(event for event in earlier.events if event not in seen)),
        targets=later.targets or earlier.targets,
        target_groups=later.target_groups or earlier.target_groups,
        policies=later.policies or earlier.policies,
    )


def _with_logs(task: Task, before: Task | None) -> Task:
    logs = {item.name: item.log for item in before.containers} if before else {}
    containers = [
        item if item.log else dataclasses.replace(item, log=logs.get(item.name, ())) for item in task.containers
    ]
    return dataclasses.replace(task, containers=tuple(containers))


__all__ = (
    "Container", "ContainerDefinition", "Definition", "Deployment", "Event", "Evidence", "LoadBalancer", "LogLine",
    "Policy", "Service", "Target", "TargetGroup", "Task", "remember",
)  # fmt: skip
