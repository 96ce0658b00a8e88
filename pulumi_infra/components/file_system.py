"""An EFS file system that containers share: encrypted, reached from given groups, over TLS, by access point only."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.arns import Arns
from components.clients_only import clients_only
from components.names import Names
from components.policies import Statement, document
from components.transport_policies import only_over_tls

NFS = 2049
# After how many days without a read EFS offers to move a file to cheaper storage.
INFREQUENT_ACCESS_DAYS = (1, 7, 14, 30, 60, 90, 180, 270, 365)


@dataclass(frozen=True, kw_only=True)
class AccessPoint:
    """A folder that whoever mounts it takes for the whole, and the user every file in it belongs to."""

    path: str
    uid: int
    gid: int
    secondary_gids: t.Sequence[int] = ()
    # Used once, when EFS makes the folder.
    permissions: str = "0750"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"(/[^/\s]+){1,4}", self.path):
            # EFS makes at most four levels, and the root would be everybody's files at once.
            raise ValueError(f"{self.path!r} is no folder for an access point; give one to four levels, such as /data.")
        if not re.fullmatch(r"0[0-7]{3}", self.permissions):
            raise ValueError(f"{self.permissions!r} are no permissions; give them in octal, such as 0750.")
        for number in (self.uid, self.gid, *self.secondary_gids):
            if not 0 < number < 2**32:
                # 0 is root, to whom permissions mean nothing.
                raise ValueError(
                    f"The user and group numbers of {self.path} must be from 1 to {2**32 - 1}, not {number}."
                )


@dataclass(frozen=True, kw_only=True)
class FileSystemArgs:
    names: Names
    arns: Arns
    vpc_id: pulumi.Input[str]
    # One in each zone.
    subnet_ids: t.Sequence[pulumi.Input[str]]
    # Who may connect: security groups, by the name of what is in them.
    clients: t.Mapping[str, pulumi.Input[str]]
    access_points: t.Mapping[str, AccessPoint]
    purpose: str = "files"
    automatic_backups: bool = True
    infrequent_access_days: int | None = 30
    kms_key_arn: pulumi.Input[str] | None = None
    # EFS has no protection of its own: with this, Pulumi refuses to delete it.
    deletion_protection: bool = False

    def __post_init__(self) -> None:
        for words, given in (
            ("subnet", self.subnet_ids),
            ("client", self.clients),
            ("access point", self.access_points),
        ):
            if not given:
                raise ValueError(f"The file system has no {words}: nobody could mount it.")
        paths = [point.path for point in self.access_points.values()]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(f"Several access points open {', '.join(twice)}; share one of them, or give each its own.")
        if self.infrequent_access_days is not None and self.infrequent_access_days not in INFREQUENT_ACCESS_DAYS:
            offered = ", ".join(str(days) for days in INFREQUENT_ACCESS_DAYS)
            raise ValueError(f"infrequent_access_days is {self.infrequent_access_days}; EFS offers {offered}.")


class FileSystem(pulumi.ComponentResource):
    def __init__(self, name: str, args: FileSystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:efs:FileSystem", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._system = self._file_system()
        group = self._security_group()
        targets = [
            aws.efs.MountTarget(
                args.names(f"{args.purpose}-{index}"),
                file_system_id=self._system.id,
                subnet_id=subnet,
                security_groups=[group.id],
                opts=self._child,
            )
            for index, subnet in enumerate(args.subnet_ids)
        ]
        points = {purpose: self._access_point(purpose, point) for purpose, point in args.access_points.items()}
        policy = self._policy([point.arn for point in points.values()])
        aws.efs.BackupPolicy(
            args.names(args.purpose),
            file_system_id=self._system.id,
            backup_policy={"status": "ENABLED" if args.automatic_backups else "DISABLED"},
            opts=self._child,
        )
        # Whoever gets the id gets a file system that can be mounted, and that its policy guards.
        ready = pulumi.Output.all(self._system.id, policy.id, *(target.id for target in targets))
        self.id: pulumi.Output[str] = ready.apply(lambda known: str(known[0]))
        self.arn: pulumi.Output[str] = self._system.arn
        self.security_group_id: pulumi.Output[str] = group.id
        self.access_point_ids: dict[str, pulumi.Output[str]] = {key: point.id for key, point in points.items()}
        self.access_point_arns: dict[str, pulumi.Output[str]] = {key: point.arn for key, point in points.items()}
        self.register_outputs({"id": self.id, "access_point_ids": self.access_point_ids})

    def client_statements(self, *access_points: str) -> list[Statement]:
        """Return what a role needs to mount these access points, and to write to them."""
        return [
            Statement(
                sid="MountTheFiles",
                actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                resources=[self.arn],
                conditions={
                    "StringEquals": {
                        "elasticfilesystem:AccessPointArn": [self.access_point_arns[name] for name in access_points]
                    }
                },
            )
        ]

    def _file_system(self) -> aws.efs.FileSystem:
        args = self._args
        lifecycle = None
        if args.infrequent_access_days is not None:
            word = "DAY" if args.infrequent_access_days == 1 else "DAYS"
            lifecycle = [
                aws.efs.FileSystemLifecyclePolicyArgs(transition_to_ia=f"AFTER_{args.infrequent_access_days}_{word}"),
                aws.efs.FileSystemLifecyclePolicyArgs(transition_to_primary_storage_class="AFTER_1_ACCESS"),
            ]
        return aws.efs.FileSystem(
            args.names(args.purpose),
            encrypted=True,
            kms_key_id=args.kms_key_arn,
            lifecycle_policies=lifecycle,
            performance_mode="generalPurpose",
            throughput_mode="elastic",
            tags={"Name": args.names(args.purpose)},
            opts=pulumi.ResourceOptions(parent=self, protect=args.deletion_protection or None),
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        args = self._args
        return clients_only(
            args.names,
            args.vpc_id,
            args.clients,
            group=f"{args.purpose}-mounts",
            rule=args.purpose,
            description="The shared files: reached by NFS, from what mounts them only",
            protocol="NFS",
            port=NFS,
            opts=self._child,
        )

    def _access_point(self, purpose: str, point: AccessPoint) -> aws.efs.AccessPoint:
        name = self._args.names(f"{self._args.purpose}-{purpose}")
        return aws.efs.AccessPoint(
            name,
            file_system_id=self._system.id,
            posix_user=aws.efs.AccessPointPosixUserArgs(
                uid=point.uid, gid=point.gid, secondary_gids=list(point.secondary_gids) or None
            ),
            root_directory={
                "path": point.path,
                "creation_info": {"owner_uid": point.uid, "owner_gid": point.gid, "permissions": point.permissions},
            },
            tags={"Name": name},
            opts=self._child,
        )

    def _policy(self, access_points: t.Sequence[pulumi.Output[str]]) -> aws.efs.FileSystemPolicy:
        """Without a policy EFS serves whoever reaches it; with this one, roles that IAM lets in, by access point."""
        arn = self._system.arn
        statements = [
            only_over_tls("elasticfilesystem", [arn]),
            Statement(
                sid="OnlyThroughItsAccessPoints",
                effect="Deny",
                actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                principals={"*": "*"},
                resources=[arn],
                # Also true of a mount that names no access point at all.
                conditions={"StringNotEquals": {"elasticfilesystem:AccessPointArn": list(access_points)}},
            ),
            Statement(
                sid="AsIamAllows",
                actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                # The account stands for those of its roles whose own policy says so, and for nobody else.
                principals={"AWS": self._args.arns.everywhere("iam", "root")},
                resources=[arn],
                conditions={"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
            ),
        ]
        return aws.efs.FileSystemPolicy(
            self._args.names(self._args.purpose),
            file_system_id=self._system.id,
            policy=document(statements),
            opts=self._child,
        )


__all__ = ("AccessPoint", "FileSystem", "FileSystemArgs")
