"""Launch templates: what an instance starts as, in numbered versions."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from local_engine.errors import LocalEngineError
from local_engine.handlers import handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.ec2_networks import Ec2
from local_engine.wire import Properties

Convert = Callable[[t.Any], t.Any]


@handles("aws:ec2/launchTemplate:LaunchTemplate")
class LaunchTemplate(Ec2):
    DATA = frozenset(
        {
            "imageId",
            "instanceType",
            "userData",
            "iamInstanceProfile",
            "metadataOptions",
            "blockDeviceMappings",
            "networkInterfaces",
            "tagSpecifications",
        }
    )
    inputs = frozenset({"name", "updateDefaultVersion", "tags", *DATA})
    replace_on = frozenset({"name"})
    named_by = "name"
    resource_type = "launch-template"

    def create(self, inputs: Properties) -> str:
        made = self.ec2.create_launch_template(
            LaunchTemplateName=inputs["name"],
            LaunchTemplateData=self._data(inputs),
            TagSpecifications=self.tag_specifications(inputs),
        )
        id_: str = made["LaunchTemplate"]["LaunchTemplateId"]
        return id_

    def _data(self, inputs: Properties) -> dict[str, t.Any]:
        return _convert({key: value for key, value in inputs.items() if key in self.DATA}, _TEMPLATE, "launchTemplate")

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ec2.describe_launch_templates(LaunchTemplateIds=[id_]))
        if not answer or not answer["LaunchTemplates"]:
            return None
        template = answer["LaunchTemplates"][0]
        # Its creator is the one place where the API says whose it is.
        owner = template.get("CreatedBy", "::::").split(":")[4]
        return {
            **tags.outputs(inputs),
            "arn": self.arn("launch-template", id_, owner),
            "name": template["LaunchTemplateName"],
            "latestVersion": template["LatestVersionNumber"],
            "defaultVersion": template["DefaultVersionNumber"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if self._data(old) != self._data(new):
            made = self.ec2.create_launch_template_version(LaunchTemplateId=id_, LaunchTemplateData=self._data(new))
            if new.get("updateDefaultVersion"):
                number = str(made["LaunchTemplateVersion"]["VersionNumber"])
                self.ec2.modify_launch_template(LaunchTemplateId=id_, DefaultVersion=number)
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.delete_launch_template(LaunchTemplateId=id_))


def _same(value: t.Any) -> t.Any:
    return value


def _yes(value: t.Any) -> bool:
    """Return what the provider takes as text and the API as a truth."""
    return value is True or str(value).lower() == "true"


def _convert(given: Properties, table: t.Mapping[str, tuple[str, Convert]], where: str) -> dict[str, t.Any]:
    """Return a structure as the API spells it, refusing what is not in the table."""
    if strangers := sorted(set(given) - set(table)):
        raise LocalEngineError(f"{where} sets {', '.join(strangers)}, which the local engine does not know.")
    return {table[key][0]: table[key][1](value) for key, value in given.items() if value is not None}


def _each(table: t.Mapping[str, tuple[str, Convert]], where: str) -> Convert:
    return lambda items: [_convert(item, table, where) for item in items]


def _one(table: t.Mapping[str, tuple[str, Convert]], where: str) -> Convert:
    return lambda item: _convert(item, table, where)


_EBS: dict[str, tuple[str, Convert]] = {
    "volumeSize": ("VolumeSize", _same),
    "volumeType": ("VolumeType", _same),
    "encrypted": ("Encrypted", _yes),
    "deleteOnTermination": ("DeleteOnTermination", _yes),
}
_DISK: dict[str, tuple[str, Convert]] = {
    "deviceName": ("DeviceName", _same),
    "ebs": ("Ebs", _one(_EBS, "blockDeviceMappings.ebs")),
}
_INTERFACE: dict[str, tuple[str, Convert]] = {
    "deviceIndex": ("DeviceIndex", _same),
    "associatePublicIpAddress": ("AssociatePublicIpAddress", _yes),
    "deleteOnTermination": ("DeleteOnTermination", _yes),
    "securityGroups": ("Groups", _same),
}
_METADATA: dict[str, tuple[str, Convert]] = {
    "httpEndpoint": ("HttpEndpoint", _same),
    "httpTokens": ("HttpTokens", _same),
    "httpPutResponseHopLimit": ("HttpPutResponseHopLimit", _same),
}
_TAGGED: dict[str, tuple[str, Convert]] = {
    "resourceType": ("ResourceType", _same),
    "tags": ("Tags", lambda given: tags.pairs({"tags": given})),
}
_PROFILE: dict[str, tuple[str, Convert]] = {"arn": ("Arn", _same), "name": ("Name", _same)}
_TEMPLATE: dict[str, tuple[str, Convert]] = {
    "imageId": ("ImageId", _same),
    "instanceType": ("InstanceType", _same),
    "userData": ("UserData", _same),
    "iamInstanceProfile": ("IamInstanceProfile", _one(_PROFILE, "iamInstanceProfile")),
    "metadataOptions": ("MetadataOptions", _one(_METADATA, "metadataOptions")),
    "blockDeviceMappings": ("BlockDeviceMappings", _each(_DISK, "blockDeviceMappings")),
    "networkInterfaces": ("NetworkInterfaces", _each(_INTERFACE, "networkInterfaces")),
    "tagSpecifications": ("TagSpecifications", _each(_TAGGED, "tagSpecifications")),
}
