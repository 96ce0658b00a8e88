"""The services of one stack: made alike, each with roles of its own, and remembered for whoever releases them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi
from components.autoscaling import Autoscaling, AutoscalingArgs
from components.cluster import Cluster
from components.container_definition import HealthCheck, Volume
from components.container_service import (
    ContainerService,
    ContainerServiceArgs,
    Ingress,
    OnInstances,
    Route,
    log_group_name,
)
from components.load_balancer import LoadBalancer
from components.network import Network
from components.policies import Statement
from components.preflight_policies import Relied
from components.repositories import Repositories
from components.roles import RuntimeRoles, RuntimeRolesArgs
from components.runtime_policies import execution_statements
from components.sidecars import Telemetry
from components.watching import Watched, WatchedService, WatchedTargets
from delivery import DeliveredService
from settings import Size

from systems.ground import Ground

CONTAINER = "app"
# A tag no release uses: until the first one, there is nothing to pull, and the circuit breaker stops trying.
BOOTSTRAP_TAG = "bootstrap"
# Above this share of its CPU a service gets more tasks, where it may have more.
BUSY_PERCENT = 60


@dataclass(frozen=True, kw_only=True)
class Service:
    """What one service has of its own; the rest is the same for all services of a stack.

    ``after`` are services of the same fleet that must be up before this one is touched.
    """

    name: str
    image: str
    size: Size
    task: t.Sequence[Statement]
    port: int | None = None
    route: Route | None = None
    stateful: bool = False
    on_instances: OnInstances | None = None
    command: t.Sequence[str] = ()
    environment: t.Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: t.Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    # The whole ARNs of what ``secrets`` names, for the role that reads them.
    secret_arns: t.Sequence[pulumi.Input[str]] = ()
    health_check: HealthCheck | None = None
    stop_timeout_seconds: int | None = None
    volumes: t.Sequence[Volume] = ()
    telemetry: Telemetry | None = None
    ingress: t.Sequence[Ingress] = ()
    peer_group_ids: t.Sequence[pulumi.Input[str]] = ()
    registry_arn: pulumi.Input[str] | None = None
    after: t.Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Fleet:
    ground: Ground
    network: Network
    cluster: Cluster
    repositories: Repositories
    balancer: LoadBalancer | None = None
    services: dict[str, ContainerService] = field(default_factory=dict)
    delivered: dict[str, DeliveredService] = field(default_factory=dict)
    watched: list[Watched] = field(default_factory=list)
    scalable_target_arns: list[pulumi.Input[str]] = field(default_factory=list)
    _launched: list[tuple[Service, RuntimeRoles]] = field(default_factory=list)

    @property
    def relied(self) -> Relied:
        """What the services rely on, which a release looks at before it begins."""
        launched, arns = self._launched, self.ground.arns
        files = _once(volume.file_system_id for service, _roles in launched for volume in service.volumes)
        return Relied(
            secret_arns=_once(arn for service, _roles in launched for arn in service.secret_arns),
            reader_role_arns=[roles.execution_arn for service, roles in launched if service.secret_arns],
            file_system_arns=[
                arns.of("elasticfilesystem", pulumi.Output.concat("file-system/", identifier)) for identifier in files
            ],
            capacity_providers=_once(
                service.on_instances.capacity_provider for service, _roles in launched if service.on_instances
            ),
        )

    def launch(self, service: Service) -> ContainerService:
        """Make a service: its roles, itself, and how it grows."""
        settings, names = self.ground.settings, self.ground.names
        roles = self._roles(service)
        autoscaled = service.size.maximum is not None
        made = ContainerService(
            names(service.name),
            ContainerServiceArgs(
                names=names,
                service=service.name,
                region=settings.region,
                vpc_id=self.network.vpc.id,
                cluster_arn=self.cluster.arn,
                image=settings.bootstrap_image
                or pulumi.Output.concat(self.repositories.urls[service.image], f":{BOOTSTRAP_TAG}"),
                task_role_arn=roles.task_arn,
                execution_role_arn=roles.execution_arn,
                subnet_ids=() if service.on_instances else self.network.task_subnet_ids,
                assign_public_ip=self.network.assign_public_ip and not service.on_instances,
                on_instances=service.on_instances,
                container=CONTAINER,
                port=service.port,
                route=service.route,
                stateful=service.stateful,
                cpu=service.size.cpu,
                memory=service.size.memory,
                desired_count=service.size.count,
                autoscaled=autoscaled,
                command=service.command,
                environment=self._environment(service),
                secrets=service.secrets,
                health_check=service.health_check,
                stop_timeout_seconds=service.stop_timeout_seconds,
                volumes=service.volumes,
                sidecars=[service.telemetry.container] if service.telemetry else [],
                ingress=service.ingress,
                peer_group_ids=service.peer_group_ids,
                registry_arn=service.registry_arn,
                log_retention_days=settings.log_retention_days,
            ),
        )
        if service.size.maximum is not None:
            self._grow(service, made, service.size.maximum)
        self._remember(service, made, roles)
        return made

    def _roles(self, service: Service) -> RuntimeRoles:
        names, arns = self.ground.names, self.ground.arns
        execution = execution_statements(
            arns,
            repository_arns=[self.repositories.arns[service.image]],
            log_group=log_group_name(names, service.name),
            secret_arns=service.secret_arns,
        )
        return RuntimeRoles(
            names(f"{service.name}-roles"),
            RuntimeRolesArgs(names=names, arns=arns, service=service.name, task=service.task, execution=execution),
        )

    def _environment(self, service: Service) -> dict[str, pulumi.Input[str]]:
        settings = self.ground.settings
        port = {} if service.port is None else {"PORT": str(service.port)}
        telemetry = service.telemetry.environment if service.telemetry else {}
        return {
            "AWS_REGION": settings.region,
            **port,
            **telemetry,
            **service.environment,
            **settings.container_environment,
        }

    def _grow(self, service: Service, made: ContainerService, maximum: int) -> None:
        args = AutoscalingArgs(
            names=self.ground.names,
            service=service.name,
            cluster_name=self.cluster.name,
            service_name=made.name,
            minimum=service.size.count,
            maximum=maximum,
            cpu_percent=BUSY_PERCENT,
        )
        made_to_scale = Autoscaling(self.ground.names(f"{service.name}-scaling"), args)
        self.scalable_target_arns.append(made_to_scale.target_arn)

    def _remember(self, service: Service, made: ContainerService, roles: RuntimeRoles) -> None:
        targets = None
        if service.route and self.balancer:
            targets = WatchedTargets(
                balancer_suffix=self.balancer.arn_suffix, target_group_suffix=made.target_group_arn_suffix
            )
        self.watched.append(
            WatchedService(
                service=service.name, cluster_name=self.cluster.name, service_name=made.name, targets=targets
            )
        )
        self._launched.append((service, roles))
        self.services[service.name] = made
        self.delivered[service.name] = DeliveredService(
            cluster=self.cluster.name,
            service=made.name,
            container=CONTAINER,
            image=service.image,
            task_definition=made.task_definition_arn,
            log_group=made.log_group_name,
            port=service.port,
            task_role=roles.task_arn,
            execution_role=roles.execution_arn,
            after=service.after,
        )


def _once(things: t.Iterable[pulumi.Input[str]]) -> list[pulumi.Input[str]]:
    """Leave out what several services share. Two outputs cannot be compared: it is the same one, or another."""
    return list({thing if isinstance(thing, str) else id(thing): thing for thing in things}.values())


__all__ = ("BOOTSTRAP_TAG", "CONTAINER", "Fleet", "Service")
