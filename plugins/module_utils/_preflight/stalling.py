# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Whether the service's own percentages let a rolling update go on at all."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk, find
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import Cluster
from ansible_collections.slipway.aws.plugins.module_utils._preflight.rollout import Bounds, bounds_of
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def percents_cannot_stall(subject: Subject, setting: Setting) -> Iterator[Told]:
    if subject.strategy != "ROLLING":
        return
    bounds = bounds_of(subject)
    if not bounds.ends:
        yield _stalls(subject, bounds)
    elif fixed_ports(subject) and bounds.least >= bounds.desired > 0 and not subject.is_daemon:
        yield _needs_a_spare_instance(subject, setting)


def _stalls(subject: Subject, bounds: Bounds) -> Problem:
    least, most = subject.percents
    tasks = "1 task" if bounds.desired == 1 else f"{bounds.desired} tasks"
    if bounds.most < bounds.desired:
        why = f"a maximum of {most} % leaves room for {bounds.most} only"
    else:
        why = (
            f"a minimum of {least} % (rounded up: {bounds.least}) lets none stop, "
            f"and a maximum of {most} % (rounded down: {bounds.most}) lets none start"
        )
    enough = -(-(bounds.desired + 1) * 100 // bounds.desired)
    return Problem(
        f"The rollout of {tasks} would never begin: {why}.",
        f"Raise maximumPercent to {enough} or more; for a task that may not run twice, set the percents to 0 and 100.",
    )


def fixed_ports(subject: Subject) -> list[int]:
    """Return the ports that tasks hold on their instance, where no two can have the same one."""
    if subject.on_fargate or subject.network_mode not in ("bridge", "host"):
        return []
    held: set[int] = set()
    for container in subject.containers:
        for mapping in container.get("portMappings") or []:
            own = mapping.get("containerPort") if subject.network_mode == "host" else 0
            held.add(int(mapping.get("hostPort") or own or 0))
    return sorted(held - {0})


def _needs_a_spare_instance(subject: Subject, setting: Setting) -> Talk:
    cluster = yield from find(Cluster(setting.region_of(subject), subject.cluster))
    if cluster is None:
        return []
    instances = int(cluster.get("registeredContainerInstancesCount") or 0)
    if bounds_of(subject, places=instances).ends:
        return []
    ports = ", ".join(map(str, fixed_ports(subject)))
    return [
        Problem(
            f"The rollout would never begin: each task holds port {ports} of its instance, "
            f"the {subject.desired} running ones may not stop first, and the cluster has {instances} instances.",
            "Set minimumHealthyPercent below 100, let ECS choose the host port (0), or add an instance.",
            # A capacity provider may add one when it sees the task waiting.
            severity="warn" if subject.capacity_providers else None,
        )
    ]


__all__ = ("fixed_ports", "percents_cannot_stall")
