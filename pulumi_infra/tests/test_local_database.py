"""The database on the local cloud: made, left alone, changed, made anew, gone. No PostgreSQL runs here."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

BODY = """
from components.database import Database, DatabaseArgs

made = Database("database", DatabaseArgs(**{{**dict(
    names=names,
    vpc_id=vpc.id,
    subnet_ids=[subnet.id for subnet in subnets[:2]],
    clients={{"api": client.id}},
), **dict({args})}}))
pulumi.export("endpoint", made.endpoint)
pulumi.export("secret", made.secret_arn)
"""


def program(args: str = "", **more: t.Any) -> str:
    return source(BODY.format(args=args), network=True, **more)


def up(workshop: Workshop, text: str) -> t.Any:
    workshop.write_program(text)
    return workshop.operations().up()


def cluster(workshop: Workshop) -> dict[str, t.Any]:
    (found,) = workshop.cloud.client("rds").describe_db_clusters()["DBClusters"]
    return t.cast("dict[str, t.Any]", found)


def test_a_database_from_nothing_to_nothing(workshop: Workshop) -> None:
    assert steps(up(workshop, program())) == {"create": 15}
    rds, outputs, made = workshop.cloud.client("rds"), workshop.operations().outputs(), cluster(workshop)
    assert (made["Engine"], made["StorageEncrypted"], made["DatabaseName"]) == ("aurora-postgresql", True, "app")
    assert made["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 2.0}
    assert outputs["secret"] == made["MasterUserSecret"]["SecretArn"]
    assert re.fullmatch(r"try-database\.cluster-[0-9a-f]{12}\.ap-northeast-1\.rds\.amazonaws\.com", outputs["endpoint"])
    (instance,) = rds.describe_db_instances()["DBInstances"]
    assert (instance["DBInstanceClass"], instance["PubliclyAccessible"]) == ("db.serverless", False)
    (parameter,) = rds.describe_db_cluster_parameters(
        DBClusterParameterGroupName=made["DBClusterParameterGroup"], Source="user"
    )["Parameters"]
    assert (parameter["ParameterName"], parameter["ParameterValue"]) == ("rds.force_ssl", "1")
    assert rds.list_tags_for_resource(ResourceName=made["DBClusterArn"])["TagList"] == [
        {"Key": "user", "Value": "owner"}
    ]
    assert up(workshop, program()).writing_calls == {}
    # The emulator changes its own mind about the address; what reaches the tasks stays.
    assert workshop.operations().outputs() == outputs
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_the_password_is_in_no_state(workshop: Workshop) -> None:
    up(workshop, program())
    secrets, arn = workshop.cloud.client("secretsmanager"), workshop.operations().outputs()["secret"]
    value = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    assert (value["username"], len(value["password"]) > 20) == ("master", True)
    for path in workshop.state.rglob("*.json"):
        assert value["password"] not in path.read_text(encoding="utf-8")
    assert arn in workshop.checkpoint().read_text(encoding="utf-8")


def test_settings_change_in_place(workshop: Workshop) -> None:
    up(workshop, program())
    before = workshop.operations().outputs()
    changed = program(
        'min_capacity=1, max_capacity=8, backup_retention_days=14, backup_window="17:00-17:30",'
        " iam_authentication=True, instances=2",
        tags={"heir": "me"},
    )
    outcome = up(workshop, changed)
    assert (outcome.writing_calls["ModifyDBCluster"], outcome.writing_calls["CreateDBInstance"]) == (1, 1)
    assert "replace" not in steps(outcome)
    made = cluster(workshop)
    assert made["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 1.0, "MaxCapacity": 8.0}
    assert (made["BackupRetentionPeriod"], made["PreferredBackupWindow"]) == (14, "17:00-17:30")
    assert made["IAMDatabaseAuthenticationEnabled"] is True
    assert len(made["DBClusterMembers"]) == 2
    assert made["TagList"] == [{"Key": "heir", "Value": "me"}]
    assert workshop.operations().outputs() == before
    assert up(workshop, changed).writing_calls == {}
    assert steps(up(workshop, program(tags={"heir": "me"})))["delete"] == 1
    assert len(cluster(workshop)["DBClusterMembers"]) == 1


def test_another_subnet_is_a_change_of_the_group(workshop: Workshop) -> None:
    up(workshop, program())
    outcome = up(workshop, program("subnet_ids=[subnet.id for subnet in subnets]"))
    assert outcome.writing_calls == {"ModifyDBSubnetGroup": 1}
    rds, name = workshop.cloud.client("rds"), cluster(workshop)["DBSubnetGroup"]
    (group,) = rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    assert len(group["Subnets"]) == 3


def test_parameters_are_set_changed_and_reset(workshop: Workshop) -> None:
    text = 'aws.rds.ClusterParameterGroup("pg", name="pg", family="aurora-postgresql17", parameters=[{given}])\n'
    rds = workshop.cloud.client("rds")

    def found() -> dict[str, str]:
        told = rds.describe_db_cluster_parameters(DBClusterParameterGroupName="pg", Source="user")["Parameters"]
        return {item["ParameterName"]: item["ParameterValue"] for item in told if item.get("ParameterValue")}

    timeout = '{{"name": "statement_timeout", "value": "{}"}}'
    for given, expected in (
        (timeout.format(1), {"statement_timeout": "1"}),
        (timeout.format(2), {"statement_timeout": "2"}),
        ("", {}),
    ):
        up(workshop, source(text.format(given=given)))
        assert found() == expected


def test_another_database_name_is_another_cluster(workshop: Workshop) -> None:
    up(workshop, program())
    before = workshop.operations().outputs()["secret"]
    outcome = up(workshop, program('database="other"'))
    # Two clusters cannot have one name: the old one goes first, and its instance with it.
    assert outcome.writing_calls["DeleteDBCluster"] == outcome.writing_calls["DeleteDBInstance"] == 1
    assert cluster(workshop)["DatabaseName"] == "other"
    assert workshop.operations().outputs()["secret"] != before
    assert up(workshop, program('database="other"')).writing_calls == {}


def test_a_protected_database_survives_a_destroy(workshop: Workshop) -> None:
    up(workshop, program("deletion_protection=True"))
    with pytest.raises(
        LocalEngineError, match="Could not delete aws:rds/cluster:Cluster try-database: DeleteDBCluster"
    ):
        workshop.operations().destroy()
    assert cluster(workshop)["DeletionProtection"] is True
    up(workshop, program())
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ('final_snapshot_name="last"', {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": "last"}),
        ("skip_final_snapshot=True", {"SkipFinalSnapshot": True}),
    ],
    ids=["a-snapshot", "no-snapshot"],
)
def test_the_last_snapshot_is_asked_for(workshop: Workshop, args: str, said: dict[str, t.Any]) -> None:
    # The emulator makes none, so what it was told is what can be seen.
    up(workshop, program(args))
    from local_engine import cloud

    told: list[dict[str, t.Any]] = []
    connect = cloud.Cloud._connect

    def listening(self: cloud.Cloud, service: str) -> t.Any:
        client = connect(self, service)
        client.meta.events.register(
            "provide-client-params.rds.DeleteDBCluster", lambda params, **_: told.append(dict(params))
        )
        return client

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cloud.Cloud, "_connect", listening)
        workshop.operations().destroy()
    assert told == [{"DBClusterIdentifier": "try-database", **said}]
