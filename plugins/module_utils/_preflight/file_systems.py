# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""File systems of EFS: there, and with a mount target wherever a task may start."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk, find, find_all
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import FileSystem, MountTargets, Subnet
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Iterator

COMING_OR_THERE = ("available", "updating")


def efs_reachable(subject: Subject, setting: Setting) -> Iterator[Told]:
    for volume in subject.definition.get("volumes") or []:
        identifier = (volume.get("efsVolumeConfiguration") or {}).get("fileSystemId")
        if identifier:
            yield _reachable(str(volume.get("name")), str(identifier), subject, setting.region_of(subject))


def _reachable(volume: str, identifier: str, subject: Subject, region: str) -> Talk:
    found = yield from find(FileSystem(region, identifier))
    if found is None:
        return [
            Problem(
                f"The file system {identifier} of volume {volume} does not exist in {region}.",
                "Bring the infrastructure up, or correct the volume.",
            )
        ]
    state = found.get("LifeCycleState")
    if state and state not in COMING_OR_THERE:
        return [Problem(f"The file system {identifier} of volume {volume} is {state}.", "Wait until it is available.")]
    targets = yield from find(MountTargets(region, identifier))
    zones = {
        zone
        for target in targets or []
        if target.get("LifeCycleState", "available") in COMING_OR_THERE
        for zone in (target.get("AvailabilityZoneName"), target.get("AvailabilityZoneId"))
        if zone
    }
    if not zones:
        return [
            Problem(
                f"The file system {identifier} of volume {volume} has no mount target that is available.",
                "Make one in each zone of the service's subnets.",
            )
        ]
    problems: list[Problem] = []
    places = subject.subnets if subject.network_mode == "awsvpc" else ()
    subnets = yield from find_all(Subnet(region, name) for name in places)
    for name, subnet in zip(places, subnets, strict=True):
        if subnet and not zones & {subnet.get("AvailabilityZone"), subnet.get("AvailabilityZoneId")}:
            problems.append(
                Problem(
                    f"The file system {identifier} of volume {volume} has no mount target in "
                    f"{subnet.get('AvailabilityZone')}, where tasks may start in {name}.",
                    "Make a mount target there, or take the subnet out of the service.",
                )
            )
    return problems


__all__ = ("efs_reachable",)
