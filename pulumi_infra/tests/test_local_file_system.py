"""Shared files on the local cloud: made, left alone, changed, made anew, gone."""

from __future__ import annotations

import json
import typing as t

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

BODY = """
from components.file_system import AccessPoint, FileSystem, FileSystemArgs

made = FileSystem("files", FileSystemArgs(
    names=names,
    arns=arns,
    vpc_id=vpc.id,
    subnet_ids=[subnet.id for subnet in subnets[:2]],
    clients={{"api": {client}.id}},
    access_points={{"redis": AccessPoint(path="{path}", uid=999, gid=1000)}},
    {args}
))
pulumi.export("id", made.id)
pulumi.export("point", made.access_point_ids["redis"])
"""


def program(client: str = "client", path: str = "/redis", args: str = "", **more: t.Any) -> str:
    return source(BODY.format(client=client, path=path, args=args), network=True, **more)


def up(workshop: Workshop, text: str) -> t.Any:
    workshop.write_program(text)
    return workshop.operations().up()


def test_files_from_nothing_to_nothing(workshop: Workshop) -> None:
    # A network of six, the component with its eight, and the stack.
    assert steps(up(workshop, program())) == {"create": 16}
    efs, outputs = workshop.cloud.client("efs"), workshop.operations().outputs()
    where = {"FileSystemId": outputs["id"]}
    (system,) = efs.describe_file_systems(**where)["FileSystems"]
    assert (system["Encrypted"], system["ThroughputMode"]) == (True, "elastic")
    assert {"Key": "user", "Value": "owner"} in system["Tags"]
    assert efs.describe_lifecycle_configuration(**where)["LifecyclePolicies"] == [
        {"TransitionToIA": "AFTER_30_DAYS"},
        {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
    ]
    assert efs.describe_backup_policy(**where)["BackupPolicy"]["Status"] == "ENABLED"
    policy = json.loads(efs.describe_file_system_policy(**where)["Policy"])
    assert {statement["Sid"] for statement in policy["Statement"]} == {
        "OnlyOverTls",
        "OnlyThroughItsAccessPoints",
        "AsIamAllows",
    }
    targets = efs.describe_mount_targets(**where)["MountTargets"]
    assert len({target["SubnetId"] for target in targets}) == 2
    (point,) = efs.describe_access_points(AccessPointId=outputs["point"])["AccessPoints"]
    assert point["PosixUser"] == {"Uid": 999, "Gid": 1000}
    assert point["RootDirectory"]["CreationInfo"] == {"OwnerUid": 999, "OwnerGid": 1000, "Permissions": "0750"}
    assert up(workshop, program()).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_settings_change_in_place(workshop: Workshop) -> None:
    up(workshop, program())
    efs, before = workshop.cloud.client("efs"), workshop.operations().outputs()
    changed = program(client="other", args="infrequent_access_days=None, automatic_backups=False", tags={"heir": "me"})
    outcome = up(workshop, changed)
    assert outcome.writing_calls["PutLifecycleConfiguration"] == 1
    assert outcome.writing_calls["PutBackupPolicy"] == 1
    assert "replace" not in steps(outcome)
    assert workshop.operations().outputs() == before
    where = {"FileSystemId": before["id"]}
    assert efs.describe_lifecycle_configuration(**where)["LifecyclePolicies"] == []
    assert efs.describe_backup_policy(**where)["BackupPolicy"]["Status"] == "DISABLED"
    (system,) = efs.describe_file_systems(**where)["FileSystems"]
    assert {"Key": "heir", "Value": "me"} in system["Tags"]
    assert "user" not in {tag["Key"] for tag in system["Tags"]}
    (point,) = efs.describe_access_points(AccessPointId=before["point"])["AccessPoints"]
    assert {"Key": "heir", "Value": "me"} in point["Tags"]
    assert "user" not in {tag["Key"] for tag in point["Tags"]}
    assert up(workshop, changed).writing_calls == {}


def test_another_folder_is_another_access_point(workshop: Workshop) -> None:
    up(workshop, program())
    before = workshop.operations().outputs()
    # The policy names the access point, so it changes too.
    assert steps(up(workshop, program(path="/cache"))) == {"replace": 1, "update": 1, "delete": 1}
    after = workshop.operations().outputs()
    assert (after["id"], after["point"] != before["point"]) == (before["id"], True)
    assert contents(workshop.cloud)["access points"] == {after["point"]}
    (policy,) = [workshop.cloud.client("efs").describe_file_system_policy(FileSystemId=after["id"])["Policy"]]
    assert after["point"] in policy
    assert before["point"] not in policy


def test_another_key_is_another_file_system_with_all_that_hangs_on_it(workshop: Workshop) -> None:
    up(workshop, program())
    before = workshop.operations().outputs()
    up(workshop, program(args='kms_key_arn="arn:aws:kms:ap-northeast-1:000000000000:key/1"'))
    after = workshop.operations().outputs()
    assert after["id"] != before["id"]
    found = contents(workshop.cloud)
    assert (found["file systems"], found["access points"]) == ({after["id"]}, {after["point"]})
    targets = workshop.cloud.client("efs").describe_mount_targets(FileSystemId=after["id"])["MountTargets"]
    assert len(targets) == 2


def test_a_mount_target_gets_other_groups_and_another_subnet(workshop: Workshop) -> None:
    text = """
fs = aws.efs.FileSystem("fs", encrypted=True)
mt = aws.efs.MountTarget("mt", file_system_id=fs.id, subnet_id=subnets[{subnet}].id, security_groups=[{group}.id])
pulumi.export("mt", mt.id)
pulumi.export("group", {group}.id)
"""
    efs = workshop.cloud.client("efs")
    up(workshop, source(text.format(subnet=0, group="client"), network=True))
    first = workshop.operations().outputs()
    outcome = up(workshop, source(text.format(subnet=0, group="other"), network=True))
    assert outcome.writing_calls == {"ModifyMountTargetSecurityGroups": 1}
    second = workshop.operations().outputs()
    assert second["mt"] == first["mt"]
    groups = efs.describe_mount_target_security_groups(MountTargetId=second["mt"])["SecurityGroups"]
    assert groups == [second["group"]]
    assert steps(up(workshop, source(text.format(subnet=1, group="other"), network=True)))["replace"] == 1
    assert workshop.operations().outputs()["mt"] != second["mt"]


def test_throughput_changes_in_place(workshop: Workshop) -> None:
    for mode in ("bursting", "elastic"):
        up(workshop, source(f'fs = aws.efs.FileSystem("fs", throughput_mode="{mode}")\n'))
        (system,) = workshop.cloud.client("efs").describe_file_systems()["FileSystems"]
        assert system["ThroughputMode"] == mode


def test_protected_files_survive_a_destroy(workshop: Workshop) -> None:
    up(workshop, program(args="deletion_protection=True"))
    with pytest.raises(LocalEngineError, match="protected: aws:efs/fileSystem:FileSystem try-files"):
        workshop.operations().destroy()
    assert len(contents(workshop.cloud)["file systems"]) == 1


def test_a_lost_file_system_is_made_again(workshop: Workshop) -> None:
    up(workshop, source('fs = aws.efs.FileSystem("fs")\npulumi.export("id", fs.id)\n'))
    before = workshop.operations().outputs()["id"]
    workshop.cloud.client("efs").delete_file_system(FileSystemId=before)
    up(workshop, source('fs = aws.efs.FileSystem("fs")\npulumi.export("id", fs.id)\n'))
    assert workshop.operations().outputs()["id"] != before
