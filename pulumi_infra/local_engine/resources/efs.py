"""Shared file systems, how they are reached, and the settings that the provider keeps apart from them."""

from __future__ import annotations

import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given, pascal
from local_engine.wire import Properties


class _Efs(Handler):
    @property
    def efs(self) -> t.Any:
        return self.cloud.client("efs")

    def first(self, operation: str, key: str, **where: str) -> dict[str, t.Any] | None:
        """Return the one thing a describing call finds, if it finds it."""
        answer = unless_missing(lambda: getattr(self.efs, operation)(**where))
        found = (answer or {}).get(key, [])
        return found[0] if found else None

    def retag(self, id_: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.efs.tag_resource(ResourceId=id_, Tags=tags.pairs({"tags": put}))
        if gone:
            self.efs.untag_resource(ResourceId=id_, TagKeys=gone)


@handles("aws:efs/fileSystem:FileSystem")
class FileSystem(_Efs):
    inputs = frozenset(
        {
            "creationToken",
            "encrypted",
            "kmsKeyId",
            "lifecyclePolicies",
            "performanceMode",
            "provisionedThroughputInMibps",
            "tags",
            "throughputMode",
        }
    )
    replace_on = frozenset({"creationToken", "encrypted", "kmsKeyId", "performanceMode"})
    named_by = "creationToken"

    def create(self, inputs: Properties) -> str:
        made = self.efs.create_file_system(
            **given(
                CreationToken=inputs["creationToken"],
                Encrypted=inputs.get("encrypted"),
                KmsKeyId=inputs.get("kmsKeyId"),
                PerformanceMode=inputs.get("performanceMode"),
                ThroughputMode=inputs.get("throughputMode"),
                ProvisionedThroughputInMibps=inputs.get("provisionedThroughputInMibps"),
                Tags=tags.pairs(inputs) or None,
            )
        )
        id_: str = made["FileSystemId"]
        if inputs.get("lifecyclePolicies"):
            self._set_lifecycle(id_, inputs)
        return id_

    def _set_lifecycle(self, id_: str, inputs: Properties) -> None:
        policies = {
            key: value for policy in inputs.get("lifecyclePolicies") or [] for key, value in pascal(policy).items()
        }
        # The provider writes "Ia"; the service calls it "IA".
        words = {"TransitionToIa": "TransitionToIA"}
        wanted = [{words.get(key, key): policies[key]} for key in sorted(policies)]
        self.efs.put_lifecycle_configuration(FileSystemId=id_, LifecyclePolicies=wanted)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.first("describe_file_systems", "FileSystems", FileSystemId=id_)
        if found is None:
            return None
        return {
            **tags.outputs(inputs),
            "arn": found["FileSystemArn"],
            "dnsName": f"{id_}.efs.{self.cloud.region}.amazonaws.com",
            "ownerId": found["OwnerId"],
            "name": found.get("Name", ""),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if any(old.get(key) != new.get(key) for key in ("throughputMode", "provisionedThroughputInMibps")):
            self.efs.update_file_system(
                **given(
                    FileSystemId=id_,
                    ThroughputMode=new.get("throughputMode", "bursting"),
                    ProvisionedThroughputInMibps=new.get("provisionedThroughputInMibps"),
                )
            )
        if old.get("lifecyclePolicies") != new.get("lifecyclePolicies"):
            self._set_lifecycle(id_, new)
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.efs.delete_file_system(FileSystemId=id_))


@handles("aws:efs/mountTarget:MountTarget")
class MountTarget(_Efs):
    inputs = frozenset({"fileSystemId", "subnetId", "ipAddress", "securityGroups"})
    replace_on = frozenset({"fileSystemId", "subnetId", "ipAddress"})
    # A file system has one in a zone.
    unique_by = ("fileSystemId",)

    def create(self, inputs: Properties) -> str:
        made = self.efs.create_mount_target(
            **given(
                FileSystemId=inputs["fileSystemId"],
                SubnetId=inputs["subnetId"],
                IpAddress=inputs.get("ipAddress"),
                SecurityGroups=inputs.get("securityGroups"),
            )
        )
        id_: str = made["MountTargetId"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.first("describe_mount_targets", "MountTargets", MountTargetId=id_)
        if found is None:
            return None
        name = f"{inputs['fileSystemId']}.efs.{self.cloud.region}.amazonaws.com"
        return {
            "availabilityZoneId": found.get("AvailabilityZoneId", ""),
            "availabilityZoneName": found.get("AvailabilityZoneName", ""),
            "dnsName": name,
            "mountTargetDnsName": f"{found.get('AvailabilityZoneName', '')}.{name}",
            "ipAddress": found.get("IpAddress", ""),
            "networkInterfaceId": found.get("NetworkInterfaceId", ""),
            "ownerId": found.get("OwnerId", ""),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        if not new.get("securityGroups"):
            raise LocalEngineError(f"The mount target {id_} must keep a security group; name the groups it is to have.")
        self.efs.modify_mount_target_security_groups(MountTargetId=id_, SecurityGroups=new["securityGroups"])

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.efs.delete_mount_target(MountTargetId=id_))


@handles("aws:efs/accessPoint:AccessPoint")
class AccessPoint(_Efs):
    inputs = frozenset({"fileSystemId", "posixUser", "rootDirectory", "tags"})
    replace_on = frozenset({"fileSystemId", "posixUser", "rootDirectory"})

    def create(self, inputs: Properties) -> str:
        made = self.efs.create_access_point(
            **given(
                FileSystemId=inputs["fileSystemId"],
                PosixUser=pascal(inputs["posixUser"]) if inputs.get("posixUser") else None,
                RootDirectory=pascal(inputs["rootDirectory"]) if inputs.get("rootDirectory") else None,
                Tags=tags.pairs(inputs) or None,
            )
        )
        id_: str = made["AccessPointId"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.first("describe_access_points", "AccessPoints", AccessPointId=id_)
        if found is None:
            return None
        return {**tags.outputs(inputs), "arn": found["AccessPointArn"], "ownerId": found.get("OwnerId", "")}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.efs.delete_access_point(AccessPointId=id_))


@handles("aws:efs/backupPolicy:BackupPolicy")
class BackupPolicy(_Efs):
    inputs = frozenset({"fileSystemId", "backupPolicy"})
    replace_on = frozenset({"fileSystemId"})

    def create(self, inputs: Properties) -> str:
        id_: str = inputs["fileSystemId"]
        self._put(id_, inputs["backupPolicy"]["status"])
        return id_

    def _put(self, id_: str, status: str) -> None:
        self.efs.put_backup_policy(FileSystemId=id_, BackupPolicy={"Status": status})

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        # A file system always has one; it is there as long as the file system is.
        found = unless_missing(lambda: self.efs.describe_backup_policy(FileSystemId=id_))
        return {"fileSystemId": id_} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._put(id_, new["backupPolicy"]["status"])

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self._put(id_, "DISABLED"))


@handles("aws:efs/fileSystemPolicy:FileSystemPolicy")
class FileSystemPolicy(_Efs):
    inputs = frozenset({"fileSystemId", "policy", "bypassPolicyLockoutSafetyCheck"})
    replace_on = frozenset({"fileSystemId"})

    def create(self, inputs: Properties) -> str:
        id_: str = inputs["fileSystemId"]
        self.update(id_, {}, inputs)
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.efs.describe_file_system_policy(FileSystemId=id_))
        return {"fileSystemId": id_} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self.efs.put_file_system_policy(
            FileSystemId=id_,
            Policy=new["policy"],
            BypassPolicyLockoutSafetyCheck=bool(new.get("bypassPolicyLockoutSafetyCheck")),
        )

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.efs.delete_file_system_policy(FileSystemId=id_))
