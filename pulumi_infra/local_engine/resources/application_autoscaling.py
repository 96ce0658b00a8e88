"""What scales, between which numbers, and by which measure."""

from __future__ import annotations

import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given, pascal
from local_engine.wire import Properties

PLACE = ("serviceNamespace", "resourceId", "scalableDimension")


class _Scaling(Handler):
    @property
    def scaling(self) -> t.Any:
        return self.cloud.client("application-autoscaling")

    def place(self, inputs: Properties) -> dict[str, str]:
        """Return the three words that name what scales, in every call."""
        return t.cast("dict[str, str]", pascal({name: inputs[name] for name in PLACE}))


@handles("aws:appautoscaling/target:Target")
class Target(_Scaling):
    inputs = frozenset({*PLACE, "minCapacity", "maxCapacity", "roleArn", "tags"})
    replace_on = frozenset(PLACE)
    unique_by = PLACE

    def create(self, inputs: Properties) -> str:
        self._register(inputs, Tags=inputs.get("tags") or None)
        id_: str = inputs["resourceId"]
        return id_

    def _register(self, inputs: Properties, **more: t.Any) -> None:
        self.scaling.register_scalable_target(
            **given(
                **self.place(inputs),
                MinCapacity=inputs["minCapacity"],
                MaxCapacity=inputs["maxCapacity"],
                RoleARN=inputs.get("roleArn"),
                **more,
            )
        )

    def _describe(self, inputs: Properties) -> dict[str, t.Any] | None:
        place = self.place(inputs)
        found = self.scaling.describe_scalable_targets(
            ServiceNamespace=place["ServiceNamespace"],
            ResourceIds=[place["ResourceId"]],
            ScalableDimension=place["ScalableDimension"],
        )["ScalableTargets"]
        return found[0] if found else None

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._describe(inputs)
        if found is None:
            return None
        return {
            **tags.outputs(inputs),
            "arn": found.get("ScalableTargetARN", ""),
            "roleArn": found.get("RoleARN", ""),
            "resourceId": id_,
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        if any(old.get(name) != new.get(name) for name in ("minCapacity", "maxCapacity", "roleArn")):
            self._register(new)
        put, gone = tags.difference(old, new)
        arn = (self._describe(new) or {}).get("ScalableTargetARN") if put or gone else None
        if put:
            self.scaling.tag_resource(ResourceARN=arn, Tags=put)
        if gone:
            self.scaling.untag_resource(ResourceARN=arn, TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.scaling.deregister_scalable_target(**self.place(inputs)))


@handles("aws:appautoscaling/policy:Policy")
class Policy(_Scaling):
    inputs = frozenset({*PLACE, "name", "policyType", "targetTrackingScalingPolicyConfiguration"})
    replace_on = frozenset({*PLACE, "name"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        name: str = inputs["name"]
        return name

    def _put(self, inputs: Properties) -> None:
        self.scaling.put_scaling_policy(
            PolicyName=inputs["name"],
            PolicyType=inputs["policyType"],
            TargetTrackingScalingPolicyConfiguration=pascal(inputs["targetTrackingScalingPolicyConfiguration"]),
            **self.place(inputs),
        )

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.scaling.describe_scaling_policies(PolicyNames=[id_], **self.place(inputs))["ScalingPolicies"]
        if not found:
            return None
        alarms = [alarm["AlarmARN"] for alarm in found[0].get("Alarms", [])]
        return {"arn": found[0]["PolicyARN"], "name": id_, "alarmArns": alarms}

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:
        unless_missing(lambda: self.scaling.delete_scaling_policy(PolicyName=id_, **self.place(inputs)))
