"""The database: who reaches it, who knows its password, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from components.database import Database, DatabaseArgs
from components.names import Names

from tests.invented import KEY
from tests.parts import NAMES, record
from tests.recorded_program import Program
from tests.tags import untagged

CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GIVEN: dict[str, t.Any] = {
    "names": NAMES,
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-c"],
    "clients": {"backend": "sg-backend"},
}


def database(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        made = Database("database", DatabaseArgs(**{**GIVEN, **changes}))
        return {
            "endpoint": made.endpoint,
            "secret": made.secret_arn,
            "password": made.secret_reference("password"),
            "port": made.port,
            "group": made.security_group_id,
        }

    return record(build)


def test_the_cluster_is_encrypted_private_and_serverless() -> None:
    program = database()
    cluster = program.one(CLUSTER).inputs
    assert (cluster["engine"], cluster["engineMode"], cluster["engineVersion"]) == (
        "aurora-postgresql",
        "provisioned",
        "17",
    )
    assert cluster["storageEncrypted"] is True
    assert cluster["serverlessv2ScalingConfiguration"] == {"minCapacity": 0.5, "maxCapacity": 2}
    assert cluster["vpcSecurityGroupIds"] == [program.outputs["group"]]
    assert (cluster["port"], cluster["databaseName"]) == (5432, "app")
    instance = program.one(INSTANCE).inputs
    assert (instance["instanceClass"], instance["engine"]) == ("db.serverless", "aurora-postgresql")
    assert instance["publiclyAccessible"] is False
    subnets = program.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"]
    assert subnets == ["subnet-a", "subnet-c"]


def test_the_password_is_nobodys_but_secrets_managers() -> None:
    program = database(kms_key_arn=KEY)
    cluster = program.one(CLUSTER).inputs
    assert cluster["manageMasterUserPassword"] is True
    assert cluster["masterUserSecretKmsKeyId"] == cluster["kmsKeyId"] == KEY
    assert [key for key in cluster if key.lower().startswith("masterpassword")] == []
    assert program.outputs["password"] == f"{program.outputs['secret']}:password::"


def test_only_its_clients_reach_it_and_only_over_tls() -> None:
    program = database(clients={"backend": "sg-backend", "jobs": "sg-jobs"})
    rules = [rule.inputs for rule in program.of(INGRESS)]
    assert {rule["referencedSecurityGroupId"] for rule in rules} == {"sg-backend", "sg-jobs"}
    for rule in rules:
        assert rule["securityGroupId"] == program.outputs["group"]
        assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 5432, 5432)
        assert {"cidrIpv4", "cidrIpv6"} & set(rule) == set()
    assert program.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") == []
    parameters = program.one("aws:rds/clusterParameterGroup:ClusterParameterGroup").inputs
    assert parameters["family"] == "aurora-postgresql17"
    assert parameters["parameters"] == [{"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"}]


def test_something_stays_when_it_goes() -> None:
    cluster = database().one(CLUSTER).inputs
    assert cluster["backupRetentionPeriod"] == 7
    assert cluster["copyTagsToSnapshot"] is True
    assert (cluster["skipFinalSnapshot"], cluster["finalSnapshotIdentifier"]) == (False, "shop-test-database-final")
    named = database(final_snapshot_name="last").one(CLUSTER).inputs
    assert named["finalSnapshotIdentifier"] == "last"
    throwaway = database(skip_final_snapshot=True).one(CLUSTER).inputs
    assert throwaway["skipFinalSnapshot"] is True
    assert "finalSnapshotIdentifier" not in throwaway


def test_its_log_group_is_there_first_and_does_not_keep_for_ever() -> None:
    program = database(log_retention_days=14)
    logs = program.one("aws:cloudwatch/logGroup:LogGroup").inputs
    cluster = program.one(CLUSTER).inputs
    assert logs["name"] == f"/aws/rds/cluster/{cluster['clusterIdentifier']}/postgresql"
    assert logs["retentionInDays"] == 14
    assert cluster["enabledCloudwatchLogsExports"] == ["postgresql"]
    kinds = [resource.type for resource in program.resources]
    assert kinds.index("aws:cloudwatch/logGroup:LogGroup") < kinds.index(CLUSTER)
    silent = database(export_logs=False)
    assert silent.of("aws:cloudwatch/logGroup:LogGroup") == []
    assert "enabledCloudwatchLogsExports" not in silent.one(CLUSTER).inputs


def test_production_differs_by_arguments_only() -> None:
    program = database(
        instances=2,
        deletion_protection=True,
        backup_retention_days=35,
        performance_insights=True,
        iam_authentication=True,
        backup_window="17:00-18:00",
        maintenance_window="sun:18:30-sun:19:30",
        min_capacity=0,
        seconds_until_pause=600,
        max_capacity=8,
        kms_key_arn=KEY,
        engine_version="16.9",
    )
    cluster = program.one(CLUSTER).inputs
    assert cluster["deletionProtection"] is True
    assert cluster["iamDatabaseAuthenticationEnabled"] is True
    assert (cluster["backupRetentionPeriod"], cluster["preferredBackupWindow"]) == (35, "17:00-18:00")
    assert cluster["preferredMaintenanceWindow"] == "sun:18:30-sun:19:30"
    assert cluster["serverlessv2ScalingConfiguration"] == {
        "minCapacity": 0,
        "maxCapacity": 8,
        "secondsUntilAutoPause": 600,
    }
    instances = [instance.inputs for instance in program.of(INSTANCE)]
    assert [(one["identifier"], one["promotionTier"]) for one in instances] == [
        ("shop-test-database-1", 0),
        ("shop-test-database-2", 1),
    ]
    assert {one["performanceInsightsEnabled"] for one in instances} == {True}
    assert {one["performanceInsightsKmsKeyId"] for one in instances} == {KEY}
    group = program.one("aws:rds/clusterParameterGroup:ClusterParameterGroup").inputs
    assert group["family"] == "aurora-postgresql16"
    assert untagged(program) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"skip_final_snapshot": True, "final_snapshot_name": "x"}, "exclude each other"),
        ({"seconds_until_pause": 600}, "Only a database with min_capacity 0 pauses"),
        ({"subnet_ids": ["a"]}, "needs two subnets, not 1"),
        ({"clients": {}}, "Nobody could connect"),
        ({"database": "My-App"}, "database is 'My-App'"),
        ({"master_username": "admin"}, "master_username is 'admin'"),
        ({"engine_version": "latest"}, "engine_version is 'latest'"),
        ({"names": Names("1-shop")}, "begins with a digit, such as 1-shop-database"),
        ({"min_capacity": 4, "max_capacity": 2}, "goes from 4 to 2"),
        ({"min_capacity": 0.5, "max_capacity": 0.5}, "from 0.5 to 0.5"),
        ({"max_capacity": 257}, "from 0.5 to 257"),
        ({"min_capacity": 0.7}, "takes steps of 0.5"),
        ({"max_capacity": 1.2}, "takes steps of 0.5"),
        ({"min_capacity": -1}, "from -1 to 2"),
        ({"instances": 0}, "instances is 0; it must be from 1 to 16"),
        ({"backup_retention_days": 36}, "backup_retention_days is 36; it must be from 1 to 35"),
        ({"min_capacity": 0, "seconds_until_pause": 60}, "seconds_until_pause is 60; it must be from 300"),
    ],
)
def test_what_aurora_would_refuse_is_refused_first(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DatabaseArgs(**{**GIVEN, **changes})


def test_a_long_name_leaves_room_for_an_instances_number() -> None:
    args = DatabaseArgs(**{**GIVEN, "names": Names("a" * 80), "instances": 16})
    assert len(f"{args.identifier}-16") <= 63
