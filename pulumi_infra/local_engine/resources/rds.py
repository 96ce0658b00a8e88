"""Aurora: subnet groups, parameter groups, clusters and their instances."""

from __future__ import annotations

import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties

WAIT = {"Delay": 1, "MaxAttempts": 300}
SCALING = {
    "minCapacity": "MinCapacity",
    "maxCapacity": "MaxCapacity",
    "secondsUntilAutoPause": "SecondsUntilAutoPause",
}


class _Rds(Handler):
    @property
    def rds(self) -> t.Any:
        return self.cloud.client("rds")

    def first(self, operation: str, key: str, **where: str) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: getattr(self.rds, operation)(**where))
        found = (answer or {}).get(key, [])
        return found[0] if found else None

    def retag(self, arn: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.rds.add_tags_to_resource(ResourceName=arn, Tags=tags.pairs({"tags": put}))
        if gone:
            self.rds.remove_tags_from_resource(ResourceName=arn, TagKeys=gone)


@handles("aws:rds/subnetGroup:SubnetGroup")
class SubnetGroup(_Rds):
    inputs = frozenset({"name", "description", "subnetIds", "tags"})
    replace_on = frozenset({"name"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        self.rds.create_db_subnet_group(
            **given(
                DBSubnetGroupName=name,
                DBSubnetGroupDescription=inputs.get("description", "Managed by Pulumi"),
                SubnetIds=inputs["subnetIds"],
                Tags=tags.pairs(inputs) or None,
            )
        )
        return name

    def _describe(self, name: str) -> dict[str, t.Any] | None:
        return self.first("describe_db_subnet_groups", "DBSubnetGroups", DBSubnetGroupName=name)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._describe(id_)
        if found is None:
            return None
        return {**tags.outputs(inputs), "arn": found["DBSubnetGroupArn"], "name": id_, "vpcId": found.get("VpcId", "")}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if any(old.get(key) != new.get(key) for key in ("subnetIds", "description")):
            self.rds.modify_db_subnet_group(
                **given(
                    DBSubnetGroupName=id_,
                    DBSubnetGroupDescription=new.get("description"),
                    SubnetIds=new["subnetIds"],
                )
            )
        if old.get("tags") != new.get("tags"):
            self.retag((self._describe(id_) or {})["DBSubnetGroupArn"], old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.rds.delete_db_subnet_group(DBSubnetGroupName=id_))


@handles("aws:rds/clusterParameterGroup:ClusterParameterGroup")
class ClusterParameterGroup(_Rds):
    inputs = frozenset({"name", "description", "family", "parameters", "tags"})
    replace_on = frozenset({"name", "description", "family"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        self.rds.create_db_cluster_parameter_group(
            **given(
                DBClusterParameterGroupName=name,
                DBParameterGroupFamily=inputs["family"],
                Description=inputs.get("description", "Managed by Pulumi"),
                Tags=tags.pairs(inputs) or None,
            )
        )
        self._set(name, inputs.get("parameters") or [])
        return name

    def _set(self, name: str, parameters: list[Properties]) -> None:
        if parameters:
            self.rds.modify_db_cluster_parameter_group(
                DBClusterParameterGroupName=name, Parameters=[_parameter(item) for item in parameters]
            )

    def _describe(self, name: str) -> dict[str, t.Any] | None:
        where = {"DBClusterParameterGroupName": name}
        return self.first("describe_db_cluster_parameter_groups", "DBClusterParameterGroups", **where)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._describe(id_)
        if found is None:
            return None
        return {**tags.outputs(inputs), "arn": found["DBClusterParameterGroupArn"], "name": id_}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        before, after = ({item["name"]: item for item in inputs.get("parameters") or []} for inputs in (old, new))
        self._set(id_, [after[key] for key in sorted(after) if before.get(key) != after[key]])
        if dropped := [before[key] for key in sorted(before) if key not in after]:
            self.rds.reset_db_cluster_parameter_group(
                DBClusterParameterGroupName=id_,
                Parameters=[_parameter(item) for item in dropped],
            )
        if old.get("tags") != new.get("tags"):
            self.retag((self._describe(id_) or {})["DBClusterParameterGroupArn"], old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=id_))


def _parameter(item: Properties) -> dict[str, str]:
    return {
        "ParameterName": item["name"],
        "ParameterValue": str(item["value"]),
        "ApplyMethod": item.get("applyMethod", "immediate"),
    }


@handles("aws:rds/cluster:Cluster")
class Cluster(_Rds):
    # The provider's name, and the API's, of what is said when a cluster is made.
    FIELDS: t.ClassVar[dict[str, str]] = {
        "engine": "Engine",
        "engineMode": "EngineMode",
        "engineVersion": "EngineVersion",
        "port": "Port",
        "databaseName": "DatabaseName",
        "masterUsername": "MasterUsername",
        "manageMasterUserPassword": "ManageMasterUserPassword",
        "masterUserSecretKmsKeyId": "MasterUserSecretKmsKeyId",
        "storageEncrypted": "StorageEncrypted",
        "kmsKeyId": "KmsKeyId",
        "dbSubnetGroupName": "DBSubnetGroupName",
        "dbClusterParameterGroupName": "DBClusterParameterGroupName",
        "vpcSecurityGroupIds": "VpcSecurityGroupIds",
        "backupRetentionPeriod": "BackupRetentionPeriod",
        "preferredBackupWindow": "PreferredBackupWindow",
        "preferredMaintenanceWindow": "PreferredMaintenanceWindow",
        "copyTagsToSnapshot": "CopyTagsToSnapshot",
        "deletionProtection": "DeletionProtection",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    }
    # Of these, what can be changed by the same name.
    CHANGED: t.ClassVar[frozenset[str]] = frozenset(
        {
            "engineVersion",
            "port",
            "masterUserSecretKmsKeyId",
            "dbClusterParameterGroupName",
            "vpcSecurityGroupIds",
            "backupRetentionPeriod",
            "preferredBackupWindow",
            "preferredMaintenanceWindow",
            "copyTagsToSnapshot",
            "deletionProtection",
            "iamDatabaseAuthenticationEnabled",
        }
    )
    # Said to nobody before the cluster is deleted, or changed.
    OWN = frozenset({"skipFinalSnapshot", "finalSnapshotIdentifier", "applyImmediately"})
    inputs = frozenset({"clusterIdentifier", "serverlessv2ScalingConfiguration", "tags", *OWN, *FIELDS})
    replace_on = frozenset(
        {
            "clusterIdentifier",
            "engine",
            "engineMode",
            "databaseName",
            "masterUsername",
            "manageMasterUserPassword",
            "storageEncrypted",
            "kmsKeyId",
            "dbSubnetGroupName",
        }
    )
    named_by = "clusterIdentifier"

    def create(self, inputs: Properties) -> str:
        identifier: str = inputs["clusterIdentifier"]
        fields = {key: inputs.get(name) for name, key in self.FIELDS.items()}
        self.rds.create_db_cluster(
            **given(
                DBClusterIdentifier=identifier,
                ServerlessV2ScalingConfiguration=_scaling(inputs),
                Tags=tags.pairs(inputs) or None,
                **fields,
            )
        )
        self._settled(identifier)
        return identifier

    def _settled(self, identifier: str) -> None:
        self.rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier=identifier, WaiterConfig=WAIT)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.first("describe_db_clusters", "DBClusters", DBClusterIdentifier=id_)
        if found is None:
            return None
        secret = found.get("MasterUserSecret") or {}
        told = {
            "secretArn": secret.get("SecretArn"),
            "secretStatus": secret.get("SecretStatus"),
            "kmsKeyId": secret.get("KmsKeyId"),
        }
        return {
            **tags.outputs(inputs),
            "arn": found["DBClusterArn"],
            "clusterIdentifier": id_,
            "clusterResourceId": found.get("DbClusterResourceId", ""),
            "endpoint": self._address(found, "cluster"),
            "readerEndpoint": self._address(found, "cluster-ro"),
            "port": inputs.get("port") or found.get("Port", 0),
            "engineVersionActual": found.get("EngineVersion", ""),
            "hostedZoneId": found.get("HostedZoneId", ""),
            "masterUserSecrets": [told] if secret else [],
        }

    def _address(self, found: dict[str, t.Any], kind: str) -> str:
        """Return the name AWS would give. The emulator's own changes when the first instance comes, AWS's never."""
        suffix = str(found["DbClusterResourceId"]).removeprefix("cluster-").lower()[:12]
        return f"{found['DBClusterIdentifier']}.{kind}-{suffix}.{self.cloud.region}.rds.amazonaws.com"

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        changes = {self.FIELDS[name]: new.get(name) for name in self.CHANGED if old.get(name) != new.get(name)}
        if old.get("serverlessv2ScalingConfiguration") != new.get("serverlessv2ScalingConfiguration"):
            changes["ServerlessV2ScalingConfiguration"] = _scaling(new)
        before, after = (set(inputs.get("enabledCloudwatchLogsExports") or []) for inputs in (old, new))
        if before != after:
            changes["CloudwatchLogsExportConfiguration"] = {
                "EnableLogTypes": sorted(after - before),
                "DisableLogTypes": sorted(before - after),
            }
        # A setting that is no longer given stays as it is, as the provider leaves it.
        if changes := given(**changes):
            self.rds.modify_db_cluster(
                DBClusterIdentifier=id_, ApplyImmediately=bool(new.get("applyImmediately")), **changes
            )
            self._settled(id_)
        if old.get("tags") != new.get("tags"):
            found = self.first("describe_db_clusters", "DBClusters", DBClusterIdentifier=id_) or {}
            self.retag(found["DBClusterArn"], old, new)

    def delete(self, id_: str, inputs: Properties) -> None:
        skip = bool(inputs.get("skipFinalSnapshot"))
        unless_missing(
            lambda: self.rds.delete_db_cluster(
                **given(
                    DBClusterIdentifier=id_,
                    SkipFinalSnapshot=skip,
                    FinalDBSnapshotIdentifier=None if skip else inputs.get("finalSnapshotIdentifier"),
                )
            )
        )
        self.rds.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=id_, WaiterConfig=WAIT)


def _scaling(inputs: Properties) -> dict[str, t.Any] | None:
    found = inputs.get("serverlessv2ScalingConfiguration")
    return None if not found else {key: found[name] for name, key in SCALING.items() if found.get(name) is not None}


@handles("aws:rds/clusterInstance:ClusterInstance")
class ClusterInstance(_Rds):
    FIELDS: t.ClassVar[dict[str, str]] = {
        "clusterIdentifier": "DBClusterIdentifier",
        "engine": "Engine",
        "instanceClass": "DBInstanceClass",
        "publiclyAccessible": "PubliclyAccessible",
        "promotionTier": "PromotionTier",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
        "copyTagsToSnapshot": "CopyTagsToSnapshot",
    }
    inputs = frozenset({"identifier", "applyImmediately", "tags", *FIELDS})
    replace_on = frozenset({"identifier", "clusterIdentifier", "engine", "performanceInsightsKmsKeyId"})
    named_by = "identifier"

    def create(self, inputs: Properties) -> str:
        identifier: str = inputs["identifier"]
        fields = {key: inputs.get(name) for name, key in self.FIELDS.items()}
        self.rds.create_db_instance(**given(DBInstanceIdentifier=identifier, Tags=tags.pairs(inputs) or None, **fields))
        self._settled(identifier)
        return identifier

    def _settled(self, identifier: str) -> None:
        self.rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=identifier, WaiterConfig=WAIT)

    def _describe(self, identifier: str) -> dict[str, t.Any] | None:
        return self.first("describe_db_instances", "DBInstances", DBInstanceIdentifier=identifier)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._describe(id_)
        if found is None:
            return None
        endpoint = found.get("Endpoint") or {}
        return {
            **tags.outputs(inputs),
            "arn": found["DBInstanceArn"],
            "identifier": id_,
            "dbiResourceId": found.get("DbiResourceId", ""),
            "endpoint": endpoint.get("Address", ""),
            "port": endpoint.get("Port", 0),
            "availabilityZone": found.get("AvailabilityZone", ""),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        changes = {
            key: new.get(name)
            for name, key in self.FIELDS.items()
            if name not in self.replace_on and old.get(name) != new.get(name)
        }
        if changes := given(**changes):
            self.rds.modify_db_instance(
                DBInstanceIdentifier=id_, ApplyImmediately=bool(new.get("applyImmediately")), **changes
            )
            self._settled(id_)
        if old.get("tags") != new.get("tags"):
            self.retag((self._describe(id_) or {})["DBInstanceArn"], old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        # The snapshot is the cluster's affair.
        unless_missing(lambda: self.rds.delete_db_instance(DBInstanceIdentifier=id_, SkipFinalSnapshot=True))
        self.rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=id_, WaiterConfig=WAIT)
