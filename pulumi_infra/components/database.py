"""Aurora PostgreSQL Serverless v2: private, encrypted, with a password that only Secrets Manager knows."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.clients_only import clients_only
from components.names import Names

ENGINE = "aurora-postgresql"
POSTGRESQL = 5432
LOG = "postgresql"
MOST_CAPACITY = 256
# Words that Aurora or PostgreSQL keep for themselves.
RESERVED = frozenset({"admin", "rdsadmin", "rdsrepladmin", "rds_superuser", "public", "user", "database", "template0"})
IDENTIFIER_LIMIT = 63


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    names: Names
    vpc_id: pulumi.Input[str]
    # In two zones at least.
    subnet_ids: t.Sequence[pulumi.Input[str]]
    # Who may connect: security groups, by the name of what is in them.
    clients: t.Mapping[str, pulumi.Input[str]]
    # A snapshot before deletion, unless nothing here is worth one. AWS refuses a name that an older one has.
    skip_final_snapshot: bool = False
    final_snapshot_name: str | None = None
    database: str = "app"
    master_username: str = "master"
    # A major version alone leaves the minor one to AWS.
    engine_version: str = "17"
    # In Aurora capacity units of about 2 GiB each; 0 lets an idle database pause.
    min_capacity: float = 0.5
    max_capacity: float = 2
    seconds_until_pause: int | None = None
    # More than one: the others take over when the first one's zone fails.
    instances: int = 1
    backup_retention_days: int = 7
    backup_window: str | None = None
    maintenance_window: str | None = None
    deletion_protection: bool = False
    iam_authentication: bool = False
    performance_insights: bool = False
    export_logs: bool = True
    log_retention_days: int = 30
    # Without it, a change that needs a restart waits for the maintenance window.
    apply_immediately: bool = False
    kms_key_arn: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        if self.skip_final_snapshot and self.final_snapshot_name is not None:
            raise ValueError("skip_final_snapshot and final_snapshot_name exclude each other; give one of them.")
        if self.seconds_until_pause is not None and self.min_capacity > 0:
            raise ValueError("Only a database with min_capacity 0 pauses; leave seconds_until_pause out.")
        if len(self.subnet_ids) < 2:
            raise ValueError(f"Aurora spans two zones at least, so it needs two subnets, not {len(self.subnet_ids)}.")
        if not self.clients:
            raise ValueError("Nobody could connect to the database; name the security groups of its clients.")
        self._check_names()
        self._check_sizes()

    def _check_names(self) -> None:
        for words, value in (("database", self.database), ("master_username", self.master_username)):
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", value) or value in RESERVED:
                raise ValueError(
                    f"{words} is {value!r}; it must be a word of a-z, 0-9 and _ that PostgreSQL does not keep."
                )
        if not re.fullmatch(r"[1-9][0-9](\.[0-9]+)?", self.engine_version):
            raise ValueError(f"engine_version is {self.engine_version!r}; give a version such as 17 or 17.5.")
        if not self.identifier[0].isalpha():
            raise ValueError(
                f"RDS takes no name that begins with a digit, such as {self.identifier}; rename the stack."
            )

    def _check_sizes(self) -> None:
        least, most = self.min_capacity, self.max_capacity
        if not (0 <= least <= most and 1 <= most <= MOST_CAPACITY) or (least * 2) % 1 or (most * 2) % 1:
            raise ValueError(
                f"The capacity goes from {least} to {most}; it takes steps of 0.5 and ends at 1 to {MOST_CAPACITY}."
            )
        for words, value, low, high in (
            ("instances", self.instances, 1, 16),
            ("backup_retention_days", self.backup_retention_days, 1, 35),
            ("seconds_until_pause", self.seconds_until_pause or 300, 300, 86400),
        ):
            if not low <= value <= high:
                raise ValueError(f"{words} is {value}; it must be from {low} to {high}.")

    @property
    def identifier(self) -> str:
        """The cluster's name, fixed: the log group that AWS writes to is called after it."""
        # A hyphen and the number of an instance come after it.
        return self.names.short("database", limit=IDENTIFIER_LIMIT - 3)

    @property
    def family(self) -> str:
        return f"{ENGINE}{self.engine_version.partition('.')[0]}"


class Database(pulumi.ComponentResource):
    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:rds:Database", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        group = self._security_group()
        cluster = self._cluster(group)
        instances = [self._instance(cluster, number) for number in range(1, args.instances + 1)]
        # A cluster without an instance has an address, and nobody behind it.
        ready = pulumi.Output.all(cluster.endpoint, *(instance.id for instance in instances))
        self.endpoint: pulumi.Output[str] = ready.apply(lambda known: str(known[0]))
        self.reader_endpoint: pulumi.Output[str] = cluster.reader_endpoint
        self.port = POSTGRESQL
        self.database = args.database
        self.identifier: pulumi.Output[str] = cluster.cluster_identifier
        self.arn: pulumi.Output[str] = cluster.arn
        self.resource_id: pulumi.Output[str] = cluster.cluster_resource_id
        self.security_group_id: pulumi.Output[str] = group.id
        #: The secret that RDS keeps and rotates; its JSON keys are username and password.
        self.secret_arn: pulumi.Output[str] = cluster.master_user_secrets.apply(lambda found: str(found[0].secret_arn))
        self.register_outputs({"endpoint": self.endpoint, "secret_arn": self.secret_arn})

    def secret_reference(self, key: t.Literal["username", "password"]) -> pulumi.Output[str]:
        """Return what a container's C(secrets) take to have this key in its environment."""
        return pulumi.Output.concat(self.secret_arn, f":{key}::")

    def _cluster(self, group: aws.ec2.SecurityGroup) -> aws.rds.Cluster:
        args = self._args
        subnets = aws.rds.SubnetGroup(
            args.names("database"),
            description="The private subnets of the database",
            subnet_ids=list(args.subnet_ids),
            opts=self._child,
        )
        parameters = aws.rds.ClusterParameterGroup(
            args.names("database"),
            description="No connection without TLS",
            family=args.family,
            parameters=[{"name": "rds.force_ssl", "value": "1", "apply_method": "immediate"}],
            opts=self._child,
        )
        scaling = aws.rds.ClusterServerlessv2ScalingConfigurationArgs(
            min_capacity=args.min_capacity,
            max_capacity=args.max_capacity,
            seconds_until_auto_pause=args.seconds_until_pause,
        )
        return aws.rds.Cluster(
            args.names("database"),
            cluster_identifier=args.identifier,
            engine=ENGINE,
            # Serverless v2 is, to this API, a kind of instance and not a mode.
            engine_mode="provisioned",
            engine_version=args.engine_version,
            port=POSTGRESQL,
            database_name=args.database,
            master_username=args.master_username,
            # RDS makes the password itself and puts it where only Secrets Manager has it: no state, no log.
            manage_master_user_password=True,
            storage_encrypted=True,
            db_subnet_group_name=subnets.name,
            db_cluster_parameter_group_name=parameters.name,
            vpc_security_group_ids=[group.id],
            serverlessv2_scaling_configuration=scaling,
            backup_retention_period=args.backup_retention_days,
            copy_tags_to_snapshot=True,
            deletion_protection=args.deletion_protection,
            skip_final_snapshot=args.skip_final_snapshot,
            final_snapshot_identifier=None if args.skip_final_snapshot else self._final_snapshot_name(),
            preferred_backup_window=args.backup_window,
            preferred_maintenance_window=args.maintenance_window,
            kms_key_id=args.kms_key_arn,
            master_user_secret_kms_key_id=args.kms_key_arn,
            enabled_cloudwatch_logs_exports=[LOG] if args.export_logs else None,
            iam_database_authentication_enabled=args.iam_authentication,
            apply_immediately=args.apply_immediately,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._logs()),
        )

    def _final_snapshot_name(self) -> str:
        return self._args.final_snapshot_name or self._args.names("database-final")

    def _logs(self) -> list[pulumi.Resource]:
        """Make the log group before RDS would, which would keep everything for ever."""
        if not self._args.export_logs:
            return []
        return [
            aws.cloudwatch.LogGroup(
                self._args.names("database"),
                name=f"/aws/rds/cluster/{self._args.identifier}/{LOG}",
                retention_in_days=self._args.log_retention_days,
                opts=self._child,
            )
        ]

    def _instance(self, cluster: aws.rds.Cluster, number: int) -> aws.rds.ClusterInstance:
        args = self._args
        return aws.rds.ClusterInstance(
            args.names(f"database-{number}"),
            identifier=f"{args.identifier}-{number}",
            cluster_identifier=cluster.id,
            engine=aws.rds.EngineType.AURORA_POSTGRESQL,
            instance_class="db.serverless",
            publicly_accessible=False,
            # The first two scale with the writer, so that one of them can take over at its size.
            promotion_tier=min(number - 1, 15),
            performance_insights_enabled=args.performance_insights,
            performance_insights_kms_key_id=args.kms_key_arn if args.performance_insights else None,
            copy_tags_to_snapshot=True,
            apply_immediately=args.apply_immediately,
            opts=self._child,
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        args = self._args
        return clients_only(
            args.names,
            args.vpc_id,
            args.clients,
            group="database",
            rule="database",
            description="The database: reached by its clients only, and speaks to nobody by itself",
            protocol="PostgreSQL",
            port=POSTGRESQL,
            opts=self._child,
        )


__all__ = ("Database", "DatabaseArgs")
