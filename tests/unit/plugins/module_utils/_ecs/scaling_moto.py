# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's Application Auto Scaling with what it lacks: tags of scalable targets. It runs in this process, on a port."""

from __future__ import annotations

import contextlib
import json
import typing as t
import urllib.request

import boto3
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.server import ThreadedMotoServer

if t.TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"
KEYS = {"access_key": "slipway-unit-test-access", "secret_key": "slipway-unit-test-secret", "region": REGION}
ON: dict[str, bool] = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}
SUSPENDED = dict.fromkeys(ON, True)
Answer = dict[str, t.Any]


class Cloud:
    """A moto with services that are scaled, and a note of every call that writes to their scalable targets."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._clients: dict[str, t.Any] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.calls: list[str] = []
        # Refuse these operations, so many times each.
        self.refused: dict[str, list[str]] = {}

    def client(self, service: str) -> t.Any:
        if service not in self._clients:
            session = boto3.session.Session(KEYS["access_key"], KEYS["secret_key"], region_name=REGION)
            self._clients[service] = session.client(service, endpoint_url=self.endpoint)
        return self._clients[service]

    def empty(self) -> None:
        """Forget everything."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()
        for notes in (self.tags, self.calls, self.refused):
            notes.clear()

    def scale(self, *names: str, cluster: str = "c", suspended: t.Mapping[str, bool] | None = None) -> None:
        """Make services with these names, and have them scaled."""
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName=cluster)
        container = {"name": "app", "image": "old", "memory": 64, "cpu": 1}
        for name in names:
            ecs.register_task_definition(family=name, containerDefinitions=[container])
            ecs.create_service(cluster=cluster, serviceName=name, taskDefinition=name, desiredCount=2)
            request = {"MinCapacity": 2, "MaxCapacity": 9, "SuspendedState": dict(suspended or ON)}
            self.scaling.register_scalable_target(**target(name, cluster), **request)
        self.calls.clear()

    @property
    def scaling(self) -> t.Any:
        return self.client("application-autoscaling")

    def seen(self, name: str, cluster: str = "c") -> Answer:
        """Return the scalable target of a service."""
        request = {key: value for key, value in target(name, cluster).items() if key != "ResourceId"}
        resource = target(name, cluster)["ResourceId"]
        answers = self.scaling.describe_scalable_targets(**request, ResourceIds=[resource])["ScalableTargets"]
        (found,) = answers
        return dict(found)

    def suspension(self, name: str) -> Answer:
        return dict(self.seen(name)["SuspendedState"])

    def tags_of(self, name: str) -> dict[str, str]:
        return self.tags.get(self.seen(name)["ScalableTargetARN"], {})

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(("Describe", "List"))]


def target(name: str, cluster: str = "c") -> Answer:
    return {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": f"service/{cluster}/{name}",
    }


@contextlib.contextmanager
def scaling_cloud() -> Iterator[Cloud]:
    """Run a moto; what was stored before in this process is forgotten."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    cloud = Cloud(f"http://{host}:{port}")
    cloud.empty()
    before = dict(vars(ApplicationAutoScalingResponse))
    try:
        _extend(cloud)
        yield cloud
    finally:
        for name in set(vars(ApplicationAutoScalingResponse)) - set(before):
            delattr(ApplicationAutoScalingResponse, name)
        for name in ("describe_scalable_targets", "register_scalable_target"):
            setattr(ApplicationAutoScalingResponse, name, before[name])
        server.stop()


def _extend(cloud: Cloud) -> None:
    def tag(self: t.Any) -> str:
        cloud.tags.setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags"))
        return "{}"

    def untag(self: t.Any) -> str:
        for key in self._get_param("TagKeys"):
            cloud.tags.get(self._get_param("ResourceARN"), {}).pop(key, None)
        return "{}"

    def tags(self: t.Any) -> str:
        return json.dumps({"Tags": cloud.tags.get(self._get_param("ResourceARN"), {})})

    known = ApplicationAutoScalingResponse
    operations = {
        "DescribeScalableTargets": known.describe_scalable_targets,
        "RegisterScalableTarget": known.register_scalable_target,
        "TagResource": tag,
        "UntagResource": untag,
        "ListTagsForResource": tags,
    }
    names = {
        "DescribeScalableTargets": "describe_scalable_targets",
        "RegisterScalableTarget": "register_scalable_target",
        "TagResource": "tag_resource",
        "UntagResource": "untag_resource",
        "ListTagsForResource": "list_tags_for_resource",
    }
    for operation, method in operations.items():
        setattr(known, names[operation], _noted(cloud, operation, method))


def _noted(cloud: Cloud, operation: str, method: t.Any) -> t.Any:
    def call(self: t.Any) -> t.Any:
        cloud.calls.append(operation)
        codes = cloud.refused.get(operation)
        if codes:
            code = codes.pop(0)
            return 400, {"status": 400}, json.dumps({"__type": code, "message": "not now"})
        return method(self)

    return call


__all__ = ("Cloud", "KEYS", "ON", "REGION", "SUSPENDED", "scaling_cloud", "target")
