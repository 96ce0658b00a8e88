# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Make the RunTask request of a job: what it runs, and where."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_tasks import Answer, describe_service
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_identity import Identity
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import MASK, Job
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

OVERRIDES_LENGTH = 8192


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a task runs, in the words of the API."""

    network: t.Mapping[str, t.Any] | None = None
    launch_type: str | None = None
    strategy: t.Sequence[t.Mapping[str, t.Any]] = ()
    platform_version: str | None = None

    @property
    def fargate(self) -> bool:
        providers = [str(item.get("capacityProvider")) for item in self.strategy]
        return self.launch_type == "FARGATE" or any(name.startswith("FARGATE") for name in providers)


def find_service(ecs: t.Any, job: Job) -> Answer | None:
    """Return the service that a job takes after, with what its task set says where it says nothing itself."""
    if job.service is None:
        return None
    service = describe_service(ecs, job.cluster, job.service)
    if service is None or service.get("status", "ACTIVE") != "ACTIVE":
        said = "no ECS service" if service is None else f"only an ECS service in status {service['status']} named"
        raise SlipwayError(
            f"There is {said} {job.service} in cluster {job.cluster}, to take network and task definition from.",
            hint="Is the stack up, and are region and account the right ones?",
        )
    # Under other controllers than ECS, it is the task sets that have a definition and a network.
    primary: Answer = next((item for item in service.get("taskSets", []) if item.get("status") == "PRIMARY"), {})
    return {**primary, **{key: value for key, value in service.items() if value not in (None, "", [], {})}}


def place(job: Job, service: t.Mapping[str, t.Any] | None) -> Place:
    """Return where the job runs: as the service does, unless it says otherwise."""
    service = service or {}
    like_service = not (job.launch_type or job.strategy)
    return Place(
        network=_network(job.network) if job.network else service.get("networkConfiguration"),
        # A service has one of the two, or both in the answer: its strategy then is what holds.
        strategy=service.get("capacityProviderStrategy", ()) if like_service else job.strategy,
        launch_type=(
            (None if service.get("capacityProviderStrategy") else service.get("launchType"))
            if like_service
            else job.launch_type
        ),
        platform_version=job.platform_version or (service.get("platformVersion") if like_service else None),
    )


def _network(given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "awsvpcConfiguration": {
            "subnets": list(given["subnets"]),
            "securityGroups": list(given.get("security_groups") or ()),
            "assignPublicIp": "ENABLED" if given.get("assign_public_ip") else "DISABLED",
        }
    }


def main_container(job: Job, definition: t.Mapping[str, t.Any]) -> str:
    """Return the container whose exit ends the task and whose exit code counts."""
    containers = definition.get("containerDefinitions", [])
    names = [str(item.get("name")) for item in containers]
    essential = [str(item.get("name")) for item in containers if item.get("essential") is not False]
    family = definition.get("family")
    if job.container is not None and job.container not in names:
        raise SlipwayError(
            f"Task definition {family} has no container named {job.container} (it has: {', '.join(names) or 'none'})."
        )
    if job.container is not None and job.container not in essential:
        raise SlipwayError(
            f"Container {job.container} of task definition {family} is not essential: the task would go on after it.",
            hint=f"Essential are: {', '.join(essential) or 'none'}.",
        )
    if job.container is not None:
        return job.container
    if len(essential) != 1:
        raise SlipwayError(
            f"Task definition {family} has {len(essential)} essential containers ({', '.join(essential) or 'none'}).",
            hint="Say in the option container whose exit code counts.",
        )
    return essential[0]


def overrides(job: Job, container: str) -> dict[str, t.Any]:
    """Return what differs from the task definition, for this one run."""
    of_container: dict[str, t.Any] = {}
    if job.command is not None:
        of_container["command"] = list(job.command)
    if job.environment:
        of_container["environment"] = [
            {"name": name, "value": job.environment[name]} for name in sorted(job.environment)
        ]
    changes: dict[str, t.Any] = {"containerOverrides": [{"name": container, **of_container}]} if of_container else {}
    changes |= {key: value for key, value in (("cpu", job.cpu), ("memory", job.memory)) if value}
    length = len(json.dumps(changes))
    if length > OVERRIDES_LENGTH:
        raise SlipwayError(
            f"Command and environment take {length} characters; ECS allows {OVERRIDES_LENGTH} in a task's overrides.",
            hint="Put what is long into the image, the task definition or a secret.",
        )
    return changes


def request(
    job: Job, who: Identity, where: Place, definition: t.Mapping[str, t.Any], revision: str, container: str
) -> dict[str, t.Any]:
    """Return the arguments of RunTask."""
    wanted: dict[str, t.Any] = {
        "cluster": job.cluster,
        "taskDefinition": revision,
        "count": 1,
        "clientToken": who.token,
        "startedBy": who.started_by,
        "overrides": overrides(job, container),
        "networkConfiguration": _network_for(job, where, definition),
        "launchType": where.launch_type,
        "capacityProviderStrategy": [dict(item) for item in where.strategy],
        "platformVersion": where.platform_version if where.fargate else None,
        "tags": [{"key": key, "value": job.tags[key]} for key in sorted(job.tags)],
        "enableExecuteCommand": job.enable_execute_command or None,
    }
    return {key: value for key, value in wanted.items() if value not in (None, [], {})}


def _network_for(job: Job, where: Place, definition: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any] | None:
    mode = definition.get("networkMode") or "bridge"
    if mode == "awsvpc":
        if not where.network:
            raise SlipwayError(
                f"Task definition {definition.get('family')} has network mode awsvpc, so the task needs a network.",
                hint="Name a service to take it from, or set network with subnets and security groups.",
            )
        return where.network
    if job.network:
        raise SlipwayError(
            f"Task definition {definition.get('family')} has network mode {mode}, which takes no subnets.",
            hint="Leave the option network out.",
        )
    return None


def masked_request(wanted: t.Mapping[str, t.Any], mask: Masker) -> dict[str, t.Any]:
    """Return a request as people may read it: of the environment, only the names."""
    shown: dict[str, t.Any] = json.loads(json.dumps(wanted))
    for container in shown.get("overrides", {}).get("containerOverrides", []):
        for item in container.get("environment", []):
            item["value"] = MASK
        if "command" in container:
            container["command"] = mask.lines(container["command"])
    return shown


__all__ = ("Place", "find_service", "main_container", "masked_request", "overrides", "place", "request")
