"""Auto scaling groups of EC2 instances."""

from __future__ import annotations

import time
import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles
from local_engine.resources.shapes import given
from local_engine.wire import Properties

SECONDS_TO_GO = 300.0


@handles("aws:autoscaling/group:Group")
class Group(Handler):
    inputs = frozenset(
        {
            "name",
            "minSize",
            "maxSize",
            "desiredCapacity",
            "vpcZoneIdentifiers",
            "launchTemplate",
            "healthCheckType",
            "healthCheckGracePeriod",
            "instanceRefresh",
            "tags",
        }
    )
    replace_on = frozenset({"name"})
    named_by = "name"

    @property
    def autoscaling(self) -> t.Any:
        return self.cloud.client("autoscaling")

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name, **self._settings(inputs), Tags=_tags(name, inputs)
        )
        return name

    def _settings(self, inputs: Properties) -> dict[str, t.Any]:
        template = inputs.get("launchTemplate")
        return given(
            MinSize=inputs["minSize"],
            MaxSize=inputs["maxSize"],
            DesiredCapacity=inputs.get("desiredCapacity"),
            VPCZoneIdentifier=",".join(inputs["vpcZoneIdentifiers"]) if inputs.get("vpcZoneIdentifiers") else None,
            LaunchTemplate=template and _launch_template(template),
            HealthCheckType=inputs.get("healthCheckType"),
            HealthCheckGracePeriod=inputs.get("healthCheckGracePeriod"),
        )

    def _describe(self, name: str) -> dict[str, t.Any] | None:
        # A group that is not there is no error here, but an empty list.
        found = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return found[0] if found else None

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        group = self._describe(id_)
        if group is None or group.get("Status"):
            # The one status there is says that it is being deleted.
            return None
        return {
            "arn": group["AutoScalingGroupARN"],
            "name": group["AutoScalingGroupName"],
            "desiredCapacity": group["DesiredCapacity"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        before, after = self._settings(old), self._settings(new)
        changes = {name: value for name, value in after.items() if before.get(name) != value}
        if left := sorted(set(before) - set(after)):
            raise LocalEngineError(f"The group {id_} cannot forget its {', '.join(left)}; give it another value.")
        if changes:
            self.autoscaling.update_auto_scaling_group(AutoScalingGroupName=id_, **changes)
        if "LaunchTemplate" in changes and (refresh := new.get("instanceRefresh")):
            self._refresh(id_, refresh)
        self._retag(id_, old, new)

    def _refresh(self, name: str, refresh: Properties) -> None:
        preferences = refresh.get("preferences") or {}
        if strangers := sorted({*set(refresh) - {"strategy", "preferences"}, *set(preferences) - set(_PREFERENCES)}):
            raise LocalEngineError(
                f"instanceRefresh sets {', '.join(strangers)}, which the local engine does not know."
            )
        self.autoscaling.start_instance_refresh(
            AutoScalingGroupName=name,
            Strategy=refresh["strategy"],
            Preferences={_PREFERENCES[key]: value for key, value in preferences.items()},
        )

    def _retag(self, name: str, old: Properties, new: Properties) -> None:
        before, after = _tags(name, old), _tags(name, new)
        kept = {tag["Key"] for tag in after}
        if put := [tag for tag in after if tag not in before]:
            self.autoscaling.create_or_update_tags(Tags=put)
        if gone := [tag for tag in before if tag["Key"] not in kept]:
            self.autoscaling.delete_tags(Tags=gone)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        if self._describe(id_) is None:
            return
        # Its instances go with it.
        self.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=id_, ForceDelete=True)
        deadline = time.monotonic() + SECONDS_TO_GO
        while self._describe(id_) is not None:
            if time.monotonic() > deadline:
                raise LocalEngineError(f"The auto scaling group {id_} still has instances.")
            time.sleep(0.5)


# The provider's names, and the API's.
_PREFERENCES = {"minHealthyPercentage": "MinHealthyPercentage", "instanceWarmup": "InstanceWarmup"}


def _launch_template(template: Properties) -> dict[str, str]:
    return given(
        LaunchTemplateId=template.get("id"), LaunchTemplateName=template.get("name"), Version=template.get("version")
    )


def _tags(name: str, inputs: Properties) -> list[dict[str, t.Any]]:
    """Return the tags, which here say whether instances carry them as well."""
    return [
        {
            "ResourceId": name,
            "ResourceType": "auto-scaling-group",
            "Key": tag["key"],
            "Value": tag["value"],
            "PropagateAtLaunch": bool(tag.get("propagateAtLaunch")),
        }
        for tag in inputs.get("tags") or []
    ]
