# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Capacity providers: there, active, and of this cluster."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk, find
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import CapacityProvider, Cluster
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Iterator

OF_AWS = ("FARGATE", "FARGATE_SPOT")


def capacity_provider_exists(subject: Subject, setting: Setting) -> Iterator[Told]:
    region = setting.region_of(subject)
    for name in subject.capacity_providers:
        yield _of_cluster(name, subject.cluster, region)
        if name not in OF_AWS:
            yield _active(name, region)


def _of_cluster(name: str, arn: str, region: str) -> Talk:
    cluster = yield from find(Cluster(region, arn))
    if cluster is None:
        return []
    known = [str(item) for item in cluster.get("capacityProviders") or []]
    if name in known:
        return []
    return [
        Problem(
            f"The capacity provider {name} does not belong to the cluster {arn.rpartition('/')[2]} "
            f"(which has: {', '.join(sorted(known)) or 'none'}).",
            "Add it to the cluster in the infrastructure, or change the service's strategy.",
        )
    ]


def _active(name: str, region: str) -> Talk:
    provider = yield from find(CapacityProvider(region, name))
    if provider is None:
        return [
            Problem(
                f"The capacity provider {name} does not exist.", "Bring the infrastructure up: no task could start."
            )
        ]
    if provider.get("status") == "ACTIVE":
        return []
    return [
        Problem(f"The capacity provider {name} is {provider.get('status')}.", "Wait until it is ACTIVE, or replace it.")
    ]


__all__ = ("capacity_provider_exists",)
