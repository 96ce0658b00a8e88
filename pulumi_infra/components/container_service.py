"""One Fargate service behind a load balancer: log group, first task definition, security group, target group, service.

The infrastructure owns the shape of a task (size, roles, environment, ports); a release owns the image that runs
in it. So the service ignores changes of its task definition, and a release lays its images over the newest
revision that was made here.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.names import Names
from components.network import ANYWHERE

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


@dataclass(frozen=True, kw_only=True)
class Route:
    """How requests reach the service."""

    listener_arn: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    paths: t.Sequence[str]
    priority: int
    health_path: str = "/health"


@dataclass(frozen=True, kw_only=True)
class ContainerServiceArgs:
    names: Names
    service: str
    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: t.Sequence[pulumi.Input[str]]
    assign_public_ip: bool
    cluster_arn: pulumi.Input[str]
    image: pulumi.Input[str]
    port: int
    task_role_arn: pulumi.Input[str]
    execution_role_arn: pulumi.Input[str]
    route: Route
    container: str = "app"
    cpu: int = 256
    memory: int = 512
    desired_count: int = 2
    autoscaled: bool = False
    environment: t.Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    log_retention_days: int = 30

    def __post_init__(self) -> None:
        if self.cpu not in FARGATE_SIZES:
            raise ValueError(f"Fargate has no {self.cpu} CPU units; choose one of {sorted(FARGATE_SIZES)}.")
        least, most = FARGATE_SIZES[self.cpu]
        if not least <= self.memory <= most:
            raise ValueError(f"With {self.cpu} CPU units Fargate takes {least} to {most} MiB, not {self.memory}.")
        if self.desired_count < 1:
            # A release never sends a count of its own, so nothing would ever start.
            raise ValueError("desired_count must be at least 1: a release changes the image, not the number of tasks.")

    @property
    def log_group_name(self) -> str:
        return log_group_name(self.names, self.service)


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
        self.log_group_name: pulumi.Output[str] = logs.name
        definition = self._task_definition(logs.name)
        group = self._security_group()
        target, rule = self._target()
        service = aws.ecs.Service(
            args.names(args.service),
            name=args.names(args.service),
            cluster=args.cluster_arn,
            task_definition=definition.arn,
            desired_count=args.desired_count,
            launch_type="FARGATE",
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            health_check_grace_period_seconds=60,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            network_configuration={
                "subnets": list(args.subnet_ids),
                "security_groups": [group.id],
                "assign_public_ip": args.assign_public_ip,
            },
            load_balancers=[
                {"target_group_arn": target.arn, "container_name": args.container, "container_port": args.port}
            ],
            # Before the first release there may be no image to become steady with.
            wait_for_steady_state=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                # AWS refuses a service whose target group no listener uses yet.
                depends_on=[rule],
                # Releases own the revision; autoscaling, where there is any, owns the number.
                ignore_changes=["task_definition", *(["desired_count"] if args.autoscaled else [])],
            ),
        )
        self.name: pulumi.Output[str] = service.name
        self.arn: pulumi.Output[str] = service.id
        self.family: pulumi.Output[str] = definition.family
        self.task_definition_arn: pulumi.Output[str] = definition.arn
        self.target_group_arn_suffix: pulumi.Output[str] = target.arn_suffix
        self.register_outputs({"name": self.name, "task_definition_arn": self.task_definition_arn})

    def _task_definition(self, log_group: pulumi.Output[str]) -> aws.ecs.TaskDefinition:
        args = self._args
        containers = pulumi.Output.all(image=args.image, environment=dict(args.environment), log_group=log_group).apply(
            lambda known: json.dumps([_container(args, **known)])
        )
        return aws.ecs.TaskDefinition(
            args.names(args.service),
            family=args.names(args.service),
            cpu=str(args.cpu),
            memory=str(args.memory),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
            task_role_arn=args.task_role_arn,
            execution_role_arn=args.execution_role_arn,
            container_definitions=containers,
            opts=self._child,
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        args = self._args
        name = args.names(f"{args.service}-tasks")
        group = aws.ec2.SecurityGroup(
            name,
            description=f"Tasks of {args.service}: reached from the load balancer only",
            vpc_id=args.vpc_id,
            tags={"Name": name},
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            description="From the load balancer",
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            referenced_security_group_id=args.route.security_group_id,
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
        aws.vpc.SecurityGroupEgressRule(
            args.names(f"alb-to-{args.service}"),
            security_group_id=args.route.security_group_id,
            description=f"To the tasks of {args.service}",
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            referenced_security_group_id=group.id,
            opts=self._child,
        )
        return group

    def _target(self) -> tuple[aws.lb.TargetGroup, aws.lb.ListenerRule]:
        args = self._args
        target = aws.lb.TargetGroup(
            args.names.short(args.service),
            target_type="ip",
            port=args.port,
            protocol="HTTP",
            vpc_id=args.vpc_id,
            # Longer than the slowest answer, shorter than a deployment's patience.
            deregistration_delay=30,
            health_check={
                "enabled": True,
                "path": args.route.health_path,
                "matcher": "200",
                "protocol": "HTTP",
                "port": "traffic-port",
                "interval": 15,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            opts=self._child,
        )
        rule = aws.lb.ListenerRule(
            args.names(args.service),
            listener_arn=args.route.listener_arn,
            priority=args.route.priority,
            conditions=[{"path_pattern": {"values": list(args.route.paths)}}],
            actions=[{"type": "forward", "target_group_arn": target.arn}],
            opts=self._child,
        )
        return target, rule


def _container(
    args: ContainerServiceArgs, *, image: str, environment: t.Mapping[str, str], log_group: str
) -> dict[str, t.Any]:
    return {
        "name": args.container,
        "image": image,
        "essential": True,
        "portMappings": [{"containerPort": args.port, "protocol": "tcp"}],
        # Sorted, so that the same environment is always the same revision.
        "environment": [{"name": key, "value": environment[key]} for key in sorted(environment)],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": args.region,
                "awslogs-stream-prefix": args.service,
            },
        },
    }


__all__ = ("ContainerService", "ContainerServiceArgs", "Route", "log_group_name")
