"""EC2 instances that run a cluster's tasks: what they start as, what they may do, and the group that keeps them."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.arns import Arns
from components.names import Names
from components.network import ANYWHERE
from components.policies import Statement, document

# AWS keeps the newest image for ECS here. Each instance asks when it starts, so an update never replaces one by itself.
ECS_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
# The image's own root disk has this size and name.
LEAST_DISK_GIB = 30
ROOT_DISK = "/dev/xvda"


@dataclass(frozen=True, kw_only=True)
class InstancesArgs:
    """``fixed_address`` gives a single instance an address that its successor takes over.

    ``tags`` is what instances and their disks carry: AWS makes those, so the program's own tags do not reach them.
    """

    names: Names
    arns: Arns
    vpc_id: pulumi.Input[str]
    subnet_ids: t.Sequence[pulumi.Input[str]]
    instance_type: str = "t3.small"
    image_parameter: str = ECS_IMAGE
    disk_gib: int = LEAST_DISK_GIB
    minimum: int = 1
    maximum: int = 1
    assign_public_ip: bool = False
    fixed_address: bool = False
    tags: t.Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.fixed_address and self.maximum != 1:
            raise ValueError(f"One address cannot stand for up to {self.maximum} instances; put a load balancer there.")
        if self.fixed_address and not self.assign_public_ip:
            raise ValueError("An instance in a private subnet cannot have a public address: set assign_public_ip.")
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError(f"A group of {self.minimum} to {self.maximum} instances runs nothing; start at 1.")
        if self.disk_gib < LEAST_DISK_GIB:
            raise ValueError(f"The image for ECS needs a disk of {LEAST_DISK_GIB} GiB, not {self.disk_gib}.")
        if not self.image_parameter.startswith("/"):
            raise ValueError(f"{self.image_parameter!r} is not the name of an SSM parameter; AWS's start with a slash.")

    @property
    def scales(self) -> bool:
        return self.maximum > self.minimum


class Instances(pulumi.ComponentResource):
    """Nobody reaches the instances but through rules that services add to ``security_group_id``; nobody logs in."""

    def __init__(
        self, name: str, args: InstancesArgs, cluster: aws.ecs.Cluster, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:ec2:Instances", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._name = args.names("instances")
        self._address = self._elastic_ip() if args.fixed_address else None
        group = self._security_group()
        profile = self._profile(cluster)
        template = self._launch_template(group, profile, cluster)
        instances = aws.autoscaling.Group(
            self._name,
            name=self._name,
            min_size=args.minimum,
            max_size=args.maximum,
            vpc_zone_identifiers=list(args.subnet_ids),
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            health_check_type="EC2",
            health_check_grace_period=120,
            # What starts differently replaces what runs: one at a time, and a single one with a gap.
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {"min_healthy_percentage": 0 if args.minimum == 1 else 50},
            },
            # ECS puts this one there itself, and needs it: without it here, an update would take it away again.
            tags=[{"key": "AmazonECSManaged", "value": "true", "propagate_at_launch": True}],
            opts=self._child,
        )
        self.group_arn: pulumi.Output[str] = instances.arn
        self.group_name: pulumi.Output[str] = instances.name
        self.security_group_id: pulumi.Output[str] = group.id
        self.register_outputs({"group_arn": self.group_arn, "security_group_id": self.security_group_id})

    @property
    def domain(self) -> pulumi.Output[str]:
        """The name of the fixed address, for a distribution to reach."""
        if self._address is None:
            raise ValueError("These instances have no fixed address; set fixed_address to have one.")
        domain: pulumi.Output[str] = self._address.public_dns
        return domain

    def _elastic_ip(self) -> aws.ec2.Eip:
        return aws.ec2.Eip(self._name, domain="vpc", tags={"Name": self._name}, opts=self._child)

    def _security_group(self) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            self._name,
            description="Instances of the cluster: reached only as its services say",
            vpc_id=self._args.vpc_id,
            tags={"Name": self._name},
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-out",
            security_group_id=group.id,
            description="AWS APIs and image registries",
            ip_protocol="-1",
            cidr_ipv4=ANYWHERE,
            opts=self._child,
        )
        return group

    def _profile(self, cluster: aws.ecs.Cluster) -> aws.iam.InstanceProfile:
        role = aws.iam.Role(
            self._name,
            description="What the instances themselves may do; tasks have roles of their own",
            assume_role_policy=_trust_ec2(),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            self._name, role=role.name, policy=document(self._statements(cluster)), opts=self._child
        )
        return aws.iam.InstanceProfile(
            self._name,
            role=role.name,
            # An instance that starts before it may join never joins.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _statements(self, cluster: aws.ecs.Cluster) -> list[Statement]:
        arns = self._args.arns
        members = arns.of("ecs", pulumi.Output.concat("container-instance/", cluster.name, "/*"))
        statements = [
            Statement(
                sid="JoinTheCluster",
                actions=[
                    "ecs:RegisterContainerInstance",
                    "ecs:DeregisterContainerInstance",
                    "ecs:SubmitAttachmentStateChanges",
                    "ecs:SubmitContainerStateChange",
                    "ecs:SubmitTaskStateChange",
                ],
                resources=[cluster.arn],
            ),
            Statement(sid="HearOfTasks", actions=["ecs:Poll", "ecs:StartTelemetrySession"], resources=[members]),
            # AWS has no resource to name for this one.
            Statement(sid="FindTheService", actions=["ecs:DiscoverPollEndpoint"], resources=["*"]),
        ]
        return [*statements, *self._address_statements()]

    def _address_statements(self) -> list[Statement]:
        """Let an instance of this group take the group's address, and no other."""
        if self._address is None:
            return []
        arns, args = self._args.arns, self._args
        action = ["ec2:AssociateAddress"]
        address = arns.of("ec2", pulumi.Output.concat("elastic-ip/", self._address.allocation_id))
        return [
            Statement(sid="TakeTheAddress", actions=action, resources=[address]),
            Statement(
                sid="ForInstancesOfThisGroup",
                actions=action,
                resources=[arns.of("ec2", "instance/*")],
                conditions={"StringEquals": {"aws:ResourceTag/aws:autoscaling:groupName": self._name}},
            ),
            Statement(
                sid="AndTheirInterfaces",
                actions=action,
                resources=[arns.of("ec2", "network-interface/*")],
                conditions={"ArnEquals": {"ec2:Vpc": arns.of("ec2", pulumi.Output.concat("vpc/", args.vpc_id))}},
            ),
        ]

    def _launch_template(
        self, group: aws.ec2.SecurityGroup, profile: aws.iam.InstanceProfile, cluster: aws.ecs.Cluster
    ) -> aws.ec2.LaunchTemplate:
        args = self._args
        allocation = self._address.allocation_id if self._address else pulumi.Output.from_input("")
        script = pulumi.Output.all(cluster.name, allocation).apply(
            lambda known: _encoded(start_script(cluster=known[0], region=args.arns.region, allocation=known[1]))
        )
        carried = {"Name": self._name, **args.tags}
        return aws.ec2.LaunchTemplate(
            self._name,
            image_id=f"resolve:ssm:{args.image_parameter}",
            instance_type=args.instance_type,
            user_data=script,
            iam_instance_profile={"arn": profile.arn},
            update_default_version=True,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                # One hop ends at the instance: containers do not get its credentials.
                "http_put_response_hop_limit": 1,
            },
            block_device_mappings=[
                {
                    "device_name": ROOT_DISK,
                    "ebs": {
                        "volume_size": args.disk_gib,
                        "volume_type": "gp3",
                        "encrypted": "true",
                        "delete_on_termination": "true",
                    },
                }
            ],
            network_interfaces=[
                {
                    "device_index": 0,
                    "associate_public_ip_address": "true" if args.assign_public_ip else "false",
                    "delete_on_termination": "true",
                    "security_groups": [group.id],
                }
            ],
            tag_specifications=[
                {"resource_type": kind, "tags": carried} for kind in ("instance", "volume", "network-interface")
            ],
            opts=self._child,
        )


def start_script(*, cluster: str, region: str, allocation: str = "") -> str:
    """Return what an instance runs when it starts: it takes its address, if it has one, and joins the cluster."""
    settings = {
        "ECS_CLUSTER": cluster,
        "ECS_ENABLE_TASK_IAM_ROLE": "true",
        "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST": "true",
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        # Logs are written with the role of the task's own execution, so the instance needs no right to.
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE": "true",
    }
    lines = ["#!/bin/bash", "set -euo pipefail", "cat >> /etc/ecs/ecs.config <<'SETTINGS'"]
    lines += [f"{name}={value}" for name, value in settings.items()]
    lines += ["SETTINGS"]
    if allocation:
        metadata = "http://169.254.169.254/latest"
        lines += [
            "command -v aws || dnf install --assumeyes awscli-2",
            f"token=$(curl -fsS -X PUT {metadata}/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')",
            f'instance=$(curl -fsS {metadata}/meta-data/instance-id -H "X-aws-ec2-metadata-token: $token")',
            f"aws ec2 associate-address --region {region} --allocation-id {allocation} "
            '--instance-id "$instance" --allow-reassociation',
        ]
    return "\n".join([*lines, ""])


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _trust_ec2() -> pulumi.Output[str]:
    # EC2 sends no source account when it assumes an instance's role, so there is nothing to compare.
    return document(
        [Statement(sid="AssumedByInstances", actions=["sts:AssumeRole"], principals={"Service": "ec2.amazonaws.com"})]
    )


__all__ = ("Instances", "InstancesArgs", "start_script")
