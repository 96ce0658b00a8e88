"""Tables on the local cloud: made, left alone, changed, made anew, gone."""

from __future__ import annotations

import typing as t

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

BODY = """
from components.tables import Index, Table, Tables, TablesArgs

agents = Table({agents})
made = Tables("tables", TablesArgs(names=names, tables={{"agents": agents}}, {args}))
pulumi.export("name", made.table_names["agents"])
"""
KEYS = 'hash_key="agent_id", range_key="at", types={"at": "N"}'


def program(agents: str = f'{KEYS}, expiry="expires_at"', args: str = "", **more: t.Any) -> str:
    return source(BODY.format(agents=agents, args=args), **more)


def up(workshop: Workshop, text: str) -> t.Any:
    workshop.write_program(text)
    return workshop.operations().up()


def table(workshop: Workshop) -> dict[str, t.Any]:
    name = workshop.operations().outputs()["name"]
    found = workshop.cloud.client("dynamodb").describe_table(TableName=name)["Table"]
    return t.cast("dict[str, t.Any]", found)


def test_a_table_from_nothing_to_nothing(workshop: Workshop) -> None:
    assert steps(up(workshop, program())) == {"create": 3}
    dynamodb = workshop.cloud.client("dynamodb")
    made = table(workshop)
    assert made["KeySchema"] == [
        {"AttributeName": "agent_id", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ]
    assert made["SSEDescription"]["Status"] == "ENABLED"
    where = {"TableName": made["TableName"]}
    assert dynamodb.describe_time_to_live(**where)["TimeToLiveDescription"] == {
        "AttributeName": "expires_at",
        "TimeToLiveStatus": "ENABLED",
    }
    backups = dynamodb.describe_continuous_backups(**where)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamodb.list_tags_of_resource(ResourceArn=made["TableArn"])["Tags"] == [{"Key": "user", "Value": "owner"}]
    assert up(workshop, program()).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_settings_change_in_place(workshop: Workshop) -> None:
    up(workshop, program())
    first = table(workshop)
    changed = program(
        agents=f'{KEYS}, expiry="gone_at"',
        args="deletion_protection=True, point_in_time_recovery=False",
        tags={"heir": "me"},
    )
    assert steps(up(workshop, changed)) == {"update": 1}
    dynamodb = workshop.cloud.client("dynamodb")
    made = table(workshop)
    assert (made["TableName"], made["DeletionProtectionEnabled"]) == (first["TableName"], True)
    where = {"TableName": made["TableName"]}
    assert dynamodb.describe_time_to_live(**where)["TimeToLiveDescription"]["AttributeName"] == "gone_at"
    backups = dynamodb.describe_continuous_backups(**where)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    assert dynamodb.list_tags_of_resource(ResourceArn=made["TableArn"])["Tags"] == [{"Key": "heir", "Value": "me"}]
    with pytest.raises(LocalEngineError, match="Could not delete aws:dynamodb/table:Table try-agents"):
        workshop.operations().destroy()
    up(workshop, program())
    assert table(workshop)["DeletionProtectionEnabled"] is False


def test_what_is_no_longer_said_is_taken_away(workshop: Workshop) -> None:
    up(workshop, program())
    assert steps(up(workshop, program(agents=KEYS))) == {"update": 1}
    where = {"TableName": table(workshop)["TableName"]}
    told = workshop.cloud.client("dynamodb").describe_time_to_live(**where)["TimeToLiveDescription"]
    assert told["TimeToLiveStatus"] == "DISABLED"
    assert up(workshop, program(agents=KEYS)).writing_calls == {}


def test_indexes_come_and_go_without_the_items(workshop: Workshop) -> None:
    up(workshop, program())
    name = table(workshop)["TableName"]
    dynamodb = workshop.cloud.client("dynamodb")
    dynamodb.put_item(TableName=name, Item={"agent_id": {"S": "a"}, "at": {"N": "1"}, "owner": {"S": "me"}})
    for indexes, expected in (
        ('{"by-owner": Index(hash_key="owner"), "by-time": Index(hash_key="at")}', {"by-owner", "by-time"}),
        ('{"by-owner": Index(hash_key="owner", range_key="at")}', {"by-owner"}),
        ("{}", set()),
    ):
        assert steps(up(workshop, program(agents=f"{KEYS}, indexes={indexes}"))) == {"update": 1}
        found = {index["IndexName"]: index for index in table(workshop).get("GlobalSecondaryIndexes", [])}
        assert set(found) == expected
        assert up(workshop, program(agents=f"{KEYS}, indexes={indexes}")).writing_calls == {}
        assert table(workshop)["TableName"] == name
    assert dynamodb.scan(TableName=name)["Count"] == 1


def test_indexes_can_be_there_from_the_start(workshop: Workshop) -> None:
    indexed = program(agents=f'{KEYS}, indexes={{"by-owner": Index(hash_key="owner", range_key="at")}}')
    assert "UpdateTable" not in up(workshop, indexed).writing_calls
    (index,) = table(workshop)["GlobalSecondaryIndexes"]
    assert index["KeySchema"] == [
        {"AttributeName": "owner", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ]
    assert up(workshop, indexed).writing_calls == {}


def test_other_keys_are_another_table(workshop: Workshop) -> None:
    up(workshop, program())
    before = table(workshop)["TableName"]
    assert steps(up(workshop, program(agents='hash_key="other_id"')))["replace"] == 1
    assert contents(workshop.cloud) == {"tables": {table(workshop)["TableName"]}}
    assert table(workshop)["TableName"] != before


def test_a_keys_type_does_not_change_in_silence(workshop: Workshop) -> None:
    up(workshop, program())
    with pytest.raises(LocalEngineError, match="cannot change the type of a key in place; give the attribute another"):
        up(workshop, program(agents='hash_key="agent_id", range_key="at"'))


def test_an_unknown_property_of_an_index_is_named(workshop: Workshop) -> None:
    raw = (
        'aws.dynamodb.Table("t", billing_mode="PAY_PER_REQUEST", hash_key="a", attributes=[{"name": "a", "type": "S"}],'
        ' global_secondary_indexes=[{"name": "i", "key_schemas": [{"attribute_name": "a", "key_type": "HASH"}],'
        ' "projection_type": "KEYS_ONLY", "read_capacity": 5}])\n'
    )
    with pytest.raises(LocalEngineError, match="'t' sets readCapacity of an index, which the local engine does not"):
        up(workshop, source(raw))
