# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Free addresses for the tasks that run beside the old ones for a while."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk, find_all
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import Subnet
from ansible_collections.slipway.aws.plugins.module_utils._preflight.rollout import bounds_of
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def subnets_have_addresses(subject: Subject, setting: Setting) -> Iterator[Told]:
    if subject.network_mode == "awsvpc" and subject.subnets:
        yield _enough(subject, setting)


def new_addresses(subject: Subject) -> int:
    """Return how many addresses its rollout takes beside those its tasks hold already."""
    if subject.network_mode != "awsvpc":
        return 0
    bounds = bounds_of(subject)
    most = max(bounds.most, bounds.desired)
    return max(0, most - subject.running_count)


def _enough(subject: Subject, setting: Setting) -> Talk:
    region = setting.region_of(subject)
    free, missing = 0, []
    subnets = yield from find_all(Subnet(region, identifier) for identifier in subject.subnets)
    for identifier, subnet in zip(subject.subnets, subnets, strict=True):
        if subnet is None:
            missing.append(identifier)
        else:
            free += int(subnet.get("AvailableIpAddressCount") or 0)
    problems = [
        Problem(f"The service's subnet {identifier} does not exist.", "Bring the infrastructure up.")
        for identifier in missing
    ]
    own = new_addresses(subject)
    shared = sum(new_addresses(each) for each in setting.subjects if set(each.subnets) & set(subject.subnets))
    if own and free < shared:
        need = f"{own}" if own == shared else f"{own}, and all services of this release in these subnets {shared}"
        problems.append(
            Problem(
                f"The subnets {', '.join(subject.subnets)} have {free} free addresses, but the rollout needs {need}.",
                "Lower maximumPercent, ship fewer services at a time, or give the service larger subnets.",
            )
        )
    return problems


__all__ = ("new_addresses", "subnets_have_addresses")
