"""Tables: how each is made, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from components.sessions import Sessions, SessionsArgs
from components.tables import Index, Table, Tables, TablesArgs

from tests.invented import KEY
from tests.parts import NAMES, record
from tests.recorded_program import Program
from tests.tags import untagged

TABLE = "aws:dynamodb/table:Table"
BUILDS = Table(
    hash_key="agent_id",
    range_key="built_at",
    types={"built_at": "N"},
    expiry="expires_at",
    indexes={"by-owner": Index(hash_key="owner", range_key="built_at")},
)


def tables(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        given = {"names": NAMES, "tables": {"agents": Table(hash_key="agent_id"), "builds": BUILDS}, **changes}
        made = Tables("tables", TablesArgs(**given))
        return {"arns": made.arns, "names": made.table_names, "policy": made.policy_resources}

    return record(build)


def test_a_table_is_encrypted_recoverable_and_paid_by_request() -> None:
    program = tables()
    assert [table.name for table in program.of(TABLE)] == ["shop-test-agents", "shop-test-builds"]
    for table in program.of(TABLE):
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
        assert table.inputs["serverSideEncryption"] == {"enabled": True}
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
        assert table.inputs["deletionProtectionEnabled"] is False
    assert untagged(program) == []


def test_keys_expiry_and_indexes_are_as_asked() -> None:
    inputs = tables().one(TABLE, "builds").inputs
    assert (inputs["hashKey"], inputs["rangeKey"]) == ("agent_id", "built_at")
    assert inputs["attributes"] == [
        {"name": "agent_id", "type": "S"},
        {"name": "built_at", "type": "N"},
        {"name": "owner", "type": "S"},
    ]
    assert inputs["ttl"] == {"attributeName": "expires_at", "enabled": True}
    assert inputs["globalSecondaryIndexes"] == [
        {
            "name": "by-owner",
            "projectionType": "ALL",
            "keySchemas": [
                {"attributeName": "owner", "keyType": "HASH"},
                {"attributeName": "built_at", "keyType": "RANGE"},
            ],
        }
    ]
    plain = tables().one(TABLE, "agents").inputs
    assert {"ttl", "rangeKey", "globalSecondaryIndexes"} & set(plain) == set()


def test_production_differs_by_arguments_only() -> None:
    program = tables(deletion_protection=True, point_in_time_recovery=False, kms_key_arn=KEY)
    for table in program.of(TABLE):
        assert table.inputs["deletionProtectionEnabled"] is True
        assert table.inputs["pointInTimeRecovery"] == {"enabled": False}
        assert table.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}


def test_policies_can_name_a_table_and_its_indexes() -> None:
    outputs = tables().outputs
    arn = outputs["arns"]["builds"]
    assert outputs["policy"] == {"agents": [outputs["arns"]["agents"]], "builds": [arn, f"{arn}/index/by-owner"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"hash_key": "a", "range_key": "a"}, "a is named as hash key and as range key"),
        ({"hash_key": "a", "types": {"b": "N"}}, "types names b, which no key is"),
        ({"hash_key": "a", "range_key": "b", "expiry": "b"}, "the key b is none; give it the type N"),
    ],
)
def test_a_table_refuses_what_dynamodb_would(arguments: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Table(**arguments)


def test_an_index_and_a_component_refuse_what_means_nothing() -> None:
    with pytest.raises(ValueError, match="name two attributes"):
        Index(hash_key="a", range_key="a")
    with pytest.raises(ValueError, match="no table to make"):
        TablesArgs(names=NAMES, tables={})


def test_a_key_may_be_what_items_expire_by() -> None:
    assert Table(hash_key="a", range_key="b", types={"b": "N"}, expiry="b").keys == ["a", "b"]


def test_sessions_are_such_a_table() -> None:
    def build() -> dict[str, t.Any]:
        return {"arn": Sessions("sessions", SessionsArgs(names=NAMES, deletion_protection=True)).arn}

    inputs = record(build).one(TABLE, "sessions").inputs
    assert inputs["hashKey"] == "session_id"
    assert inputs["ttl"] == {"attributeName": "expires_at", "enabled": True}
    assert inputs["pointInTimeRecovery"] == {"enabled": True}
    assert inputs["deletionProtectionEnabled"] is True
