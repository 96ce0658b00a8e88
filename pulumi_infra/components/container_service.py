"""One service: log group, first task definition, security group, target group where requests come, and the service.

It has one of three shapes: behind a load balancer (``route``), a worker that nobody asks (no ``route``), or stateful,
one task that is gone before its successor comes. It runs on Fargate, or on instances of the cluster (``on_instances``).

The infrastructure owns the shape of a task (size, roles, environment, ports); a release owns the image that runs
in it. So the service ignores changes of its task definition, and a release lays its images over the newest
revision that was made here.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.container_definition import Container, HealthCheck, Volume, json_key
from components.ingress import Ingress, admit
from components.names import Names
from components.network import ANYWHERE
from components.route import Route, Target

# What Fargate sells: memory in MiB for each CPU size, (least, most).
FARGATE_SIZES = {
    256: (512, 2048),
    512: (1024, 4096),
    1024: (2048, 8192),
    2048: (4096, 16384),
    4096: (8192, 30720),
    8192: (16384, 61440),
    16384: (32768, 122880),
}
# Where the system puts a container's port that has no fixed number on the instance.
FIRST_DYNAMIC_PORT, LAST_DYNAMIC_PORT = 32768, 65535


@dataclass(frozen=True, kw_only=True)
class OnInstances:
    """A place on a cluster's own instances, whose security group the traffic meets.

    ``host_port`` is the container's port on the instance: a fixed one is held by one task at a time, so there the old
    task stops before the new one starts. Without one a load balancer finds the tasks, and only in C(bridge) networking.
    """

    capacity_provider: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    network: t.Literal["bridge", "host"] = "bridge"
    host_port: int | None = None


@dataclass(frozen=True, kw_only=True)
class ContainerServiceArgs:
    """``secrets`` are references: ARNs of secrets or parameters, or what L(json_key) returns.

    ``sidecars`` are container definitions as ECS takes them. ``peer_group_ids`` are security groups that tasks carry
    beside their own. ``after`` is what must be there before a task starts, such as mount targets.
    """

    names: Names
    service: str
    region: str
    vpc_id: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    image: pulumi.Input[str]
    task_role_arn: pulumi.Input[str]
    execution_role_arn: pulumi.Input[str]
    subnet_ids: t.Sequence[pulumi.Input[str]] = ()
    assign_public_ip: bool = False
    on_instances: OnInstances | None = None
    container: str = "app"
    port: int | None = None
    route: Route | None = None
    stateful: bool = False
    cpu: int = 256
    memory: int = 512
    desired_count: int = 2
    autoscaled: bool = False
    command: t.Sequence[str] = ()
    environment: t.Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: t.Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    health_check: HealthCheck | None = None
    stop_timeout_seconds: int | None = None
    volumes: t.Sequence[Volume] = ()
    sidecars: t.Sequence[t.Mapping[str, t.Any]] = ()
    ingress: t.Sequence[Ingress] = ()
    peer_group_ids: t.Sequence[pulumi.Input[str]] = ()
    registry_arn: pulumi.Input[str] | None = None
    log_retention_days: int = 30
    after: t.Sequence[pulumi.Resource] = ()

    def __post_init__(self) -> None:
        if self.stateful and (self.desired_count != 1 or self.autoscaled):
            raise ValueError(
                f"{self.service} is stateful, so it is one task and never two: "
                "set desired_count to 1 and leave autoscaled."
            )
        if self.desired_count < 1:
            # A release never sends a count of its own, so nothing would ever start.
            raise ValueError("desired_count must be at least 1: a release changes the image, not the number of tasks.")
        if self.port is None and (self.route or self.registry_arn is not None and self.on_instances):
            raise ValueError(f"{self.service} is to be reached, so it needs a port.")
        if self.on_instances:
            self._check_instances(self.on_instances)
        else:
            self._check_fargate()
        sources = [rule.source for rule in self.ingress]
        names = [self.container, *(sidecar["name"] for sidecar in self.sidecars)]
        for word, values in (("a source of ingress", sources), ("a container", names)):
            if len(set(values)) != len(values):
                raise ValueError(f"{self.service} names {word} twice: {', '.join(values)}.")
        # It checks itself: what is wrong with it is told before anything is made.
        self.own_container()

    def _check_fargate(self) -> None:
        if self.cpu not in FARGATE_SIZES:
            raise ValueError(f"Fargate has no {self.cpu} CPU units; choose one of {sorted(FARGATE_SIZES)}.")
        least, most = FARGATE_SIZES[self.cpu]
        if not least <= self.memory <= most:
            raise ValueError(f"With {self.cpu} CPU units Fargate takes {least} to {most} MiB, not {self.memory}.")
        if not self.subnet_ids:
            raise ValueError(f"{self.service} runs on Fargate, so it needs subnet_ids.")

    def _check_instances(self, place: OnInstances) -> None:
        if self.subnet_ids or self.assign_public_ip or self.peer_group_ids:
            raise ValueError(
                f"{self.service} runs on instances, in their subnets and with their security group: "
                "leave subnet_ids, assign_public_ip and peer_group_ids."
            )
        if place.host_port is None and (place.network == "host" or self.ingress or self.registry_arn is not None):
            raise ValueError(
                f"{self.service} must be found at one port of its instance: give host_port. "
                "Only a load balancer finds a task at any port, in bridge networking."
            )
        if place.host_port is not None and self.port is None:
            raise ValueError(f"{self.service} has a port on its instance, so it needs one in the container.")
        if place.network == "host" and place.host_port != self.port:
            raise ValueError(
                f"In host networking the container's port {self.port} is the instance's: "
                f"host_port cannot be {place.host_port}."
            )

    @property
    def log_group_name(self) -> str:
        return log_group_name(self.names, self.service)

    @property
    def replaced_by_stopping(self) -> bool:
        """Say whether the old task must be gone before the new one starts."""
        return self.stateful or bool(self.on_instances and self.on_instances.host_port is not None)

    @property
    def reached_at(self) -> tuple[int, int]:
        """The ports, first and last, at which a load balancer reaches the tasks."""
        if self.on_instances is None or self.port is None:
            return self.port or 0, self.port or 0
        fixed = self.on_instances.host_port
        return (FIRST_DYNAMIC_PORT, LAST_DYNAMIC_PORT) if fixed is None else (fixed, fixed)

    def own_container(self) -> Container:
        return Container(
            name=self.container,
            image=self.image,
            port_mappings=self._port_mappings(),
            command=self.command,
            environment=self.environment,
            secrets=self.secrets,
            health_check=self.health_check,
            stop_timeout_seconds=self.stop_timeout_seconds,
            volumes=self.volumes,
        )

    def _port_mappings(self) -> list[dict[str, t.Any]]:
        if self.port is None:
            return []
        mapping: dict[str, t.Any] = {"containerPort": self.port, "protocol": "tcp"}
        if self.on_instances:
            # Zero is ECS's word for any free port.
            mapping["hostPort"] = self.on_instances.host_port or 0
        return [mapping]


def log_group_name(names: Names, service: str) -> str:
    return f"/ecs/{names.prefix}/{service}"


class ContainerService(pulumi.ComponentResource):
    def __init__(self, name: str, args: ContainerServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecs:ContainerService", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            args.names(args.service),
            name=args.log_group_name,
            retention_in_days=args.log_retention_days,
            opts=self._child,
        )
        definition = self._task_definition(logs.name)
        self.log_group_name: pulumi.Output[str] = logs.name
        self.security_group_id: pulumi.Output[str] = self._security_group()
        self._target = self._make_target(args.route) if args.route else None
        service = self._service(definition)
        self.name: pulumi.Output[str] = service.name
        self.arn: pulumi.Output[str] = service.id
        self.family: pulumi.Output[str] = definition.family
        self.task_definition_arn: pulumi.Output[str] = definition.arn
        self.register_outputs({"name": self.name, "task_definition_arn": self.task_definition_arn})

    @property
    def target_group_arn_suffix(self) -> pulumi.Output[str]:
        """What metrics call the target group, where requests reach the service through a load balancer."""
        if self._target is None:
            raise ValueError(f"{self._args.service} has no load balancer, so it has no target group either.")
        suffix: pulumi.Output[str] = self._target.group.arn_suffix
        return suffix

    def _task_definition(self, log_group: pulumi.Output[str]) -> aws.ecs.TaskDefinition:
        args = self._args
        place = args.on_instances
        logs: dict[str, pulumi.Input[str]] = {
            "awslogs-group": log_group,
            "awslogs-region": args.region,
            "awslogs-stream-prefix": args.service,
        }
        volumes: t.Any = [volume.volume() for volume in args.volumes] or None
        return aws.ecs.TaskDefinition(
            args.names(args.service),
            family=args.names(args.service),
            cpu=str(args.cpu),
            memory=str(args.memory),
            network_mode=place.network if place else "awsvpc",
            requires_compatibilities=["EC2" if place else "FARGATE"],
            runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
            task_role_arn=args.task_role_arn,
            execution_role_arn=args.execution_role_arn,
            container_definitions=pulumi.Output.json_dumps([args.own_container().render(logs), *args.sidecars]),
            volumes=volumes,
            opts=self._child,
        )

    def _service(self, definition: aws.ecs.TaskDefinition) -> aws.ecs.Service:
        args = self._args
        rules = [self._target.rule] if self._target else []
        return aws.ecs.Service(
            args.names(args.service),
            name=args.names(args.service),
            cluster=args.cluster_arn,
            task_definition=definition.arn,
            desired_count=args.desired_count,
            deployment_minimum_healthy_percent=0 if args.replaced_by_stopping else 100,
            deployment_maximum_percent=100 if args.replaced_by_stopping else 200,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            # Before the first release there may be no image to become steady with.
            wait_for_steady_state=False,
            **self._placement(),
            **self._found_by(),
            opts=pulumi.ResourceOptions(
                parent=self,
                # AWS refuses a service whose target group no listener uses yet.
                depends_on=[*rules, *args.after],
                # Releases own the revision; autoscaling, where there is any, owns the number.
                ignore_changes=["task_definition", *(["desired_count"] if args.autoscaled else [])],
            ),
        )

    def _placement(self) -> dict[str, t.Any]:
        """Say where the tasks run: on Fargate, in our subnets, or on the instances of a capacity provider."""
        args = self._args
        if args.on_instances:
            provider = {"capacity_provider": args.on_instances.capacity_provider, "weight": 1}
            return {"capacity_provider_strategies": [provider]}
        network = {
            "subnets": list(args.subnet_ids),
            "security_groups": [self.security_group_id, *args.peer_group_ids],
            "assign_public_ip": args.assign_public_ip,
        }
        return {"launch_type": "FARGATE", "network_configuration": network}

    def _found_by(self) -> dict[str, t.Any]:
        """Say who is told where the tasks are: the load balancer, and Cloud Map."""
        args = self._args
        found: dict[str, t.Any] = {}
        container = {"container_name": args.container, "container_port": args.port}
        if args.route and self._target:
            found["load_balancers"] = [{"target_group_arn": self._target.group.arn, **container}]
            found["health_check_grace_period_seconds"] = args.route.grace_seconds
        if args.registry_arn is not None:
            # A task on an instance has no address of its own: there the record names the port as well.
            found["service_registries"] = {
                "registry_arn": args.registry_arn,
                **(container if args.on_instances else {}),
            }
        return found

    def _security_group(self) -> pulumi.Output[str]:
        """Return the group that requests meet, with a rule for each who may come."""
        args = self._args
        name = args.names(f"{args.service}-tasks")
        group_id: pulumi.Output[str]
        if args.on_instances:
            group_id = pulumi.Output.from_input(args.on_instances.security_group_id)
        else:
            only = args.route is not None and not args.ingress
            group = aws.ec2.SecurityGroup(
                name,
                description=f"Tasks of {args.service}: reached {'from the load balancer' if only else 'as told'} only",
                vpc_id=args.vpc_id,
                tags={"Name": name},
                opts=self._child,
            )
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-out",
                security_group_id=group.id,
                description="AWS APIs and image registries",
                ip_protocol="-1",
                cidr_ipv4=ANYWHERE,
                opts=self._child,
            )
            group_id = group.id
        if args.route:
            self._open_to_load_balancer(name, group_id, args.route)
        for rule in args.ingress:
            what = f"{args.service}: from {rule.source}"
            admit(f"{name}-from-{rule.source}", group_id, rule, description=what, opts=self._child)
        return group_id

    def _open_to_load_balancer(self, name: str, group_id: pulumi.Output[str], route: Route) -> None:
        args = self._args
        first, last = args.reached_at
        admit(
            name,
            group_id,
            Ingress(source="the load balancer", port=first, last_port=last, security_group_id=route.security_group_id),
            description="From the load balancer",
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            args.names(f"alb-to-{args.service}"),
            security_group_id=route.security_group_id,
            description=f"To the tasks of {args.service}",
            ip_protocol="tcp",
            from_port=first,
            to_port=last,
            referenced_security_group_id=group_id,
            opts=self._child,
        )

    def _make_target(self, route: Route) -> Target:
        args = self._args
        return Target(
            args.names,
            args.service,
            route,
            port=args.port or 0,
            by="instance" if args.on_instances else "ip",
            vpc_id=args.vpc_id,
            opts=self._child,
        )


__all__ = (
    "ContainerService",
    "ContainerServiceArgs",
    "HealthCheck",
    "Ingress",
    "OnInstances",
    "Route",
    "Volume",
    "json_key",
    "log_group_name",
)
