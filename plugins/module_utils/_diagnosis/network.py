# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""No network interface, or no address for it."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Case, Diagnosis

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESSES = re.compile(
    r"InsufficientFreeAddresses\w*|(?:insufficient|enough|no) free (?:IP )?addresses|not enough IP addresses",
    re.IGNORECASE,
)
SUBNET = re.compile(r"subnet-[0-9a-f]+")
INTERFACES = re.compile(
    r"RESOURCE:ENI|NetworkInterfaceLimitExceeded|EniLimit\w*|limit .{0,30}network interfaces"
    r"|maximum number of (?:network interfaces|ENIs)|unused device index",
    re.IGNORECASE,
)
PROVISIONING = re.compile(
    r"network interface provision\w* (?:to )?complete|waiting for network interface", re.IGNORECASE
)


def subnet_ips_exhausted(case: Case) -> Iterator[Diagnosis]:
    found = case.find(ADDRESSES)
    if found:
        named = SUBNET.search(found[0].text)
        subnets = named[0] if named else ", ".join(case.evidence.service.subnets) or "of the service"
        yield case.diagnosis(
            "subnet_ips_exhausted",
            "certain",
            f"There is no free address left in the subnets {subnets}; every task needs one.",
            "Add subnets to the service, stop what need not run there, or roll out with a lower maximumPercent "
            f"(now {case.evidence.service.maximum_percent}), so that fewer tasks run side by side.",
            found[0],
        )


def eni_limit(case: Case) -> Iterator[Diagnosis]:
    found = case.find(INTERFACES)
    slow = None if found else case.find(PROVISIONING)
    if found or slow:
        yield case.diagnosis(
            "eni_limit",
            "certain" if found else "possible",
            "No network interface can be had for the task."
            if found
            else "The task's network interface did not come in time, which happens at a limit, or in a bad moment.",
            "On instances turn on awsvpcTrunking or take a larger type; on Fargate raise the quota "
            "'Network interfaces per Region' of the VPC.",
            *(item[0] for item in (found, slow) if item),
        )


def network(case: Case) -> Iterator[Diagnosis]:
    yield from subnet_ips_exhausted(case)
    yield from eni_limit(case)


__all__ = ("network",)
