# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a load balancer sends to, and what the containers offer."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk, find
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import TargetGroup
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Answer, Subject, ports_of

if t.TYPE_CHECKING:
    from collections.abc import Iterator

TARGETS = {"awsvpc": "ip", "bridge": "instance", "host": "instance"}


def target_group_port(subject: Subject, setting: Setting) -> Iterator[Told]:
    for kind, items in (
        ("load balancer", subject.load_balancers),
        ("service registry", subject.service.get("serviceRegistries") or []),
    ):
        for item in items:
            yield from _matches(kind, item, subject)
    for arn in subject.target_groups:
        yield _fits(arn, setting.region_of(subject), subject.network_mode)


def _matches(kind: str, item: Answer, subject: Subject) -> Iterator[Problem]:
    name, port = item.get("containerName"), item.get("containerPort")
    if not name:
        return
    container = next((each for each in subject.containers if each.get("name") == name), None)
    if container is None:
        names = ", ".join(sorted(str(each.get("name")) for each in subject.containers)) or "none"
        yield Problem(
            f"The service's {kind} sends to container {name}, but the task definition has {names}.",
            "Keep the container's name, or change the service in the infrastructure.",
        )
        return
    ports = ports_of(container)
    if port and not any(first <= int(port) <= last for first, last in ports):
        offered = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ports) or "none"
        yield Problem(
            f"The service's {kind} sends to port {port} of container {name}, whose port mappings are: {offered}.",
            "Give the container that port mapping, or change the port of the service in the infrastructure.",
        )


def _fits(arn: str, region: str, network_mode: str) -> Talk:
    group = yield from find(TargetGroup(region, arn))
    name = arn.rpartition(":")[2]
    if group is None:
        return [
            Problem(
                f"The service's target group {name} does not exist.",
                "Bring the infrastructure up: the service can register its tasks nowhere.",
            )
        ]
    wanted, has = TARGETS.get(network_mode), group.get("TargetType")
    if wanted and has and has != wanted:
        return [
            Problem(
                f"The target group {name} takes targets of the type {has}, "
                f"but tasks in the network mode {network_mode} are of the type {wanted}.",
                f"Make a target group of the type {wanted} in the infrastructure, or change the network mode.",
            )
        ]
    return []


__all__ = ("target_group_port",)
