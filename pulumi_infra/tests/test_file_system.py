"""Shared files: who reaches them, as whom, and what is refused."""

from __future__ import annotations

import json
import typing as t

import pytest
from components.file_system import AccessPoint, FileSystem, FileSystemArgs

from tests.invented import KEY
from tests.parts import ARNS, NAMES, record
from tests.recorded_program import ACCOUNT, Program
from tests.tags import untagged

SYSTEM = "aws:efs/fileSystem:FileSystem"
POINT = "aws:efs/accessPoint:AccessPoint"
TARGET = "aws:efs/mountTarget:MountTarget"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
REDIS = AccessPoint(path="/redis", uid=999, gid=1000, secondary_gids=[1001])
GIVEN: dict[str, t.Any] = {
    "names": NAMES,
    "arns": ARNS,
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-c"],
    "clients": {"api": "sg-api", "redis": "sg-redis"},
    "access_points": {"redis": REDIS, "shared": AccessPoint(path="/shared", uid=1000, gid=1000, permissions="0770")},
}


def files(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        made = FileSystem("files", FileSystemArgs(**{**GIVEN, **changes}))
        (statement,) = made.client_statements("redis")
        return {"id": made.id, "points": made.access_point_ids, "statement": statement.render()}

    return record(build)


def statements(program: Program) -> dict[str, dict[str, t.Any]]:
    policy = json.loads(program.one("aws:efs/fileSystemPolicy:FileSystemPolicy").inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_the_files_are_encrypted_backed_up_and_tagged() -> None:
    program = files()
    inputs = program.one(SYSTEM).inputs
    assert inputs["encrypted"] is True
    assert "kmsKeyId" not in inputs
    assert inputs["lifecyclePolicies"] == [
        {"transitionToIa": "AFTER_30_DAYS"},
        {"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
    ]
    # One token for two file systems would make them one, when one is to replace the other.
    assert "creationToken" not in inputs
    assert program.one("aws:efs/backupPolicy:BackupPolicy").inputs["backupPolicy"] == {"status": "ENABLED"}
    assert untagged(program) == []


def test_arguments_change_cost_and_keys() -> None:
    program = files(automatic_backups=False, infrequent_access_days=1, kms_key_arn=KEY)
    assert program.one("aws:efs/backupPolicy:BackupPolicy").inputs["backupPolicy"] == {"status": "DISABLED"}
    assert program.one(SYSTEM).inputs["lifecyclePolicies"][0] == {"transitionToIa": "AFTER_1_DAY"}
    assert program.one(SYSTEM).inputs["kmsKeyId"] == KEY
    assert "lifecyclePolicies" not in files(infrequent_access_days=None).one(SYSTEM).inputs


def test_there_is_a_way_in_from_each_subnet_for_the_clients_and_nobody_else() -> None:
    program = files()
    group = "shop-test-files-mounts-id"
    assert {target.inputs["subnetId"] for target in program.of(TARGET)} == {"subnet-a", "subnet-c"}
    assert all(target.inputs["securityGroups"] == [group] for target in program.of(TARGET))
    rules = {rule.inputs["referencedSecurityGroupId"]: rule.inputs for rule in program.of(INGRESS)}
    assert set(rules) == {"sg-api", "sg-redis"}
    for rule in rules.values():
        assert (rule["securityGroupId"], rule["ipProtocol"]) == (group, "tcp")
        assert (rule["fromPort"], rule["toPort"]) == (2049, 2049)
        assert {"cidrIpv4", "cidrIpv6"} & set(rule) == set()
    assert program.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") == []


def test_an_access_point_says_whose_files_they_are() -> None:
    redis = files().one(POINT, "redis").inputs
    assert redis["posixUser"] == {"uid": 999, "gid": 1000, "secondaryGids": [1001]}
    assert redis["rootDirectory"] == {
        "path": "/redis",
        "creationInfo": {"ownerUid": 999, "ownerGid": 1000, "permissions": "0750"},
    }
    assert "secondaryGids" not in files().one(POINT, "shared").inputs["posixUser"]


def test_the_policy_wants_tls_iam_and_an_access_point() -> None:
    found = statements(files())
    assert found["OnlyOverTls"]["Effect"] == "Deny"
    assert found["OnlyOverTls"]["Action"] == ["elasticfilesystem:*"]
    assert found["OnlyOverTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    through = found["OnlyThroughItsAccessPoints"]
    assert (through["Effect"], through["Principal"]) == ("Deny", "*")
    assert "elasticfilesystem:ClientMount" in through["Action"]
    points = through["Condition"]["StringNotEquals"]["elasticfilesystem:AccessPointArn"]
    assert [arn.rpartition(":")[2] for arn in points] == ["shop-test-files-redis", "shop-test-files-shared"]
    allowed = found["AsIamAllows"]
    assert allowed["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert "elasticfilesystem:ClientRootAccess" not in allowed["Action"]
    assert allowed["Condition"] == {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
    assert all(len(statement["Resource"]) == 1 and "*" not in statement["Resource"] for statement in found.values())


def test_a_role_gets_its_own_access_point_only() -> None:
    statement = files().outputs["statement"]
    assert statement["Action"] == ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    (arn,) = statement["Condition"]["StringEquals"]["elasticfilesystem:AccessPointArn"]
    assert arn.endswith("shop-test-files-redis")
    assert statement["Resource"][0].endswith(":shop-test-files")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subnet_ids": []}, "has no subnet"),
        ({"clients": {}}, "has no client"),
        ({"access_points": {}}, "has no access point"),
        ({"access_points": {"a": REDIS, "b": REDIS}}, "Several access points open /redis"),
        ({"infrequent_access_days": 31}, "infrequent_access_days is 31; EFS offers 1, 7"),
    ],
)
def test_what_nobody_could_mount_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FileSystemArgs(**{**GIVEN, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "/"}, "is no folder for an access point"),
        ({"path": "data"}, "is no folder for an access point"),
        ({"path": "/a/b/c/d/e"}, "one to four levels"),
        ({"permissions": "rwx"}, "give them in octal"),
        ({"permissions": "750"}, "give them in octal"),
        ({"uid": 0}, "must be from 1 to 4294967295, not 0"),
        ({"gid": 2**32}, "must be from 1"),
        ({"secondary_gids": [0]}, "must be from 1"),
    ],
)
def test_an_access_point_refuses_what_gives_too_much(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AccessPoint(**{"path": "/data", "uid": 1, "gid": 1, **changes})
