"""Clusters, task definitions and services."""

from __future__ import annotations

import json
import time
import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties

SECONDS_TO_DRAIN = 300.0


class _Ecs(Handler):
    @property
    def ecs(self) -> t.Any:
        return self.cloud.client("ecs")

    def retag(self, arn: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.ecs.tag_resource(resourceArn=arn, tags=tags.pairs({"tags": put}, lower=True))
        if gone:
            self.ecs.untag_resource(resourceArn=arn, tagKeys=gone)


@handles("aws:ecs/cluster:Cluster")
class Cluster(_Ecs):
    inputs = frozenset({"name", "settings", "tags"})
    replace_on = frozenset({"name"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        made = self.ecs.create_cluster(
            clusterName=inputs["name"], settings=inputs.get("settings", []), tags=tags.pairs(inputs, lower=True)
        )
        arn: str = made["cluster"]["clusterArn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.ecs.describe_clusters(clusters=[id_])["clusters"]
        if not found or found[0]["status"] == "INACTIVE":
            return None
        return {**tags.outputs(inputs), "arn": found[0]["clusterArn"], "name": found[0]["clusterName"]}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("settings") != new.get("settings"):
            self.ecs.update_cluster(cluster=id_, settings=new.get("settings", []))
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ecs.delete_cluster(cluster=id_))


@handles("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
class ClusterCapacityProviders(_Ecs):
    inputs = frozenset({"clusterName", "capacityProviders", "defaultCapacityProviderStrategies"})
    replace_on = frozenset({"clusterName"})

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        name: str = inputs["clusterName"]
        return name

    def _put(self, inputs: Properties) -> None:
        self.ecs.put_cluster_capacity_providers(
            cluster=inputs["clusterName"],
            capacityProviders=inputs.get("capacityProviders", []),
            defaultCapacityProviderStrategy=inputs.get("defaultCapacityProviderStrategies", []),
        )

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = self.ecs.describe_clusters(clusters=[id_])["clusters"]
        if not found or found[0]["status"] == "INACTIVE" or not found[0].get("capacityProviders"):
            return None
        return {"clusterName": id_}

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(
            lambda: self.ecs.put_cluster_capacity_providers(
                cluster=id_, capacityProviders=[], defaultCapacityProviderStrategy=[]
            )
        )


@handles("aws:ecs/capacityProvider:CapacityProvider")
class CapacityProvider(_Ecs):
    inputs = frozenset({"name", "autoScalingGroupProvider", "tags"})
    replace_on = frozenset({"name"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        made = self.ecs.create_capacity_provider(
            name=inputs["name"],
            autoScalingGroupProvider=inputs["autoScalingGroupProvider"],
            tags=tags.pairs(inputs, lower=True),
        )
        arn: str = made["capacityProvider"]["capacityProviderArn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ecs.describe_capacity_providers(capacityProviders=[inputs["name"]]))
        found = [item for item in (answer or {}).get("capacityProviders", []) if item.get("status") != "INACTIVE"]
        return {**tags.outputs(inputs), "arn": id_, "name": found[0]["name"]} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        before, after = dict(old["autoScalingGroupProvider"]), dict(new["autoScalingGroupProvider"])
        if before.pop("autoScalingGroupArn") != after.pop("autoScalingGroupArn"):
            raise LocalEngineError(
                f"The capacity provider {new['name']} cannot move to another auto scaling group; give it another name."
            )
        if before != after:
            self.ecs.update_capacity_provider(name=new["name"], autoScalingGroupProvider=after)
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:
        if self.read(id_, inputs):
            self.ecs.delete_capacity_provider(capacityProvider=inputs["name"])


@handles("aws:ecs/taskDefinition:TaskDefinition")
class TaskDefinition(_Ecs):
    inputs = frozenset(
        {
            "family",
            "cpu",
            "memory",
            "networkMode",
            "requiresCompatibilities",
            "runtimePlatform",
            "taskRoleArn",
            "executionRoleArn",
            "containerDefinitions",
            "volumes",
            "tags",
        }
    )
    # A revision never changes: any change is a new one.
    replace_on = inputs - {"tags"}

    def create(self, inputs: Properties) -> str:
        made = self.ecs.register_task_definition(
            **{key: value for key, value in inputs.items() if key not in ("containerDefinitions", "tags")},
            containerDefinitions=json.loads(inputs["containerDefinitions"]),
            tags=tags.pairs(inputs, lower=True),
        )
        arn: str = made["taskDefinition"]["taskDefinitionArn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ecs.describe_task_definition(taskDefinition=id_))
        if not answer or answer["taskDefinition"].get("status") != "ACTIVE":
            return None
        found = answer["taskDefinition"]
        arn: str = found["taskDefinitionArn"]
        return {
            **tags.outputs(inputs),
            "arn": arn,
            "arnWithoutRevision": arn.rpartition(":")[0],
            "revision": found["revision"],
            "family": found["family"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ecs.deregister_task_definition(taskDefinition=id_))


@handles("aws:ecs/service:Service")
class Service(_Ecs):
    inputs = frozenset(
        {
            "name",
            "cluster",
            "taskDefinition",
            "desiredCount",
            "launchType",
            "deploymentMinimumHealthyPercent",
            "deploymentMaximumPercent",
            "deploymentCircuitBreaker",
            "healthCheckGracePeriodSeconds",
            "enableEcsManagedTags",
            "enableExecuteCommand",
            "propagateTags",
            "networkConfiguration",
            "loadBalancers",
            "serviceRegistries",
            "capacityProviderStrategies",
            "waitForSteadyState",
            "tags",
        }
    )
    replace_on = frozenset({"name", "cluster", "launchType", "capacityProviderStrategies"})
    named_by = "name"
    # What takes a setting away again: AWS keeps what it is not told of.
    WITHOUT: t.ClassVar[dict[str, t.Any]] = {
        "loadBalancers": [],
        "serviceRegistries": [],
        "healthCheckGracePeriodSeconds": 0,
        "propagateTags": "NONE",
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
    }

    def create(self, inputs: Properties) -> str:
        if inputs.get("waitForSteadyState"):
            raise LocalEngineError("waitForSteadyState is not offered; a release waits, and knows what for.")
        made = self.ecs.create_service(
            **given(
                cluster=inputs["cluster"],
                serviceName=inputs["name"],
                launchType=inputs.get("launchType"),
                capacityProviderStrategy=inputs.get("capacityProviderStrategies"),
                taskDefinition=inputs["taskDefinition"],
                desiredCount=inputs.get("desiredCount", 1),
                tags=tags.pairs(inputs, lower=True),
                **self._settings(inputs),
            )
        )
        arn: str = made["service"]["serviceArn"]
        return arn

    def _settings(self, inputs: Properties) -> dict[str, t.Any]:
        network = inputs.get("networkConfiguration")
        registry = inputs.get("serviceRegistries")
        return {
            "deploymentConfiguration": given(
                minimumHealthyPercent=inputs.get("deploymentMinimumHealthyPercent"),
                maximumPercent=inputs.get("deploymentMaximumPercent"),
                deploymentCircuitBreaker=inputs.get("deploymentCircuitBreaker"),
            ),
            "healthCheckGracePeriodSeconds": inputs.get("healthCheckGracePeriodSeconds"),
            "enableECSManagedTags": inputs.get("enableEcsManagedTags"),
            "enableExecuteCommand": inputs.get("enableExecuteCommand"),
            "propagateTags": inputs.get("propagateTags"),
            "networkConfiguration": network and {"awsvpcConfiguration": _awsvpc(network)},
            "loadBalancers": inputs.get("loadBalancers"),
            "serviceRegistries": [registry] if registry else None,
        }

    def _describe(self, id_: str, inputs: Properties) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: self.ecs.describe_services(cluster=inputs["cluster"], services=[id_]))
        return answer["services"][0] if answer and answer["services"] else None

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        service = self._describe(id_, inputs)
        if service is None or service["status"] == "INACTIVE":
            return None
        return {
            **tags.outputs(inputs),
            "arn": service["serviceArn"],
            "name": service["serviceName"],
            "cluster": service["clusterArn"],
            "desiredCount": service["desiredCount"],
            "taskDefinition": service["taskDefinition"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        settings = given(**self._settings(new))
        before = given(**self._settings(old))
        for name in ("taskDefinition", "desiredCount"):
            if name in new:
                settings[name] = new[name]
            if name in old:
                before[name] = old[name]
        # Only what changed is sent: the rest may have been changed by a release, and is not ours to set back.
        changes = {name: value for name, value in settings.items() if before.get(name) != value}
        if left := sorted(set(before) - set(settings) - set(self.WITHOUT)):
            raise LocalEngineError(f"The service {id_} cannot forget its {', '.join(left)}; give it another value.")
        changes |= {name: self.WITHOUT[name] for name in before if name not in settings}
        if changes:
            self.ecs.update_service(cluster=new["cluster"], service=id_, **changes)
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:
        cluster = inputs["cluster"]
        unless_missing(lambda: self.ecs.delete_service(cluster=cluster, service=id_, force=True))
        deadline = time.monotonic() + SECONDS_TO_DRAIN
        while (service := self._describe(id_, inputs)) and service["status"] != "INACTIVE":
            if time.monotonic() > deadline:
                raise LocalEngineError(f"The service {id_} is still {service['status']}.")
            time.sleep(0.5)


def _awsvpc(network: Properties) -> dict[str, t.Any]:
    return {
        "subnets": network.get("subnets", []),
        "securityGroups": network.get("securityGroups", []),
        "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
    }
