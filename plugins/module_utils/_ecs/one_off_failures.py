# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Why RunTask started nothing, in words. It answers 200 with C(failures), and no tasks."""

from __future__ import annotations

import typing as t

# By the beginning of the reason: ECS says RESOURCE:MEMORY and the like, and for Fargate whole sentences.
REASONS: tuple[tuple[str, str, str], ...] = (
    ("RESOURCE:MEMORY", "no container instance has enough free memory", "Ask for less memory, or add instances."),
    ("RESOURCE:CPU", "no container instance has enough free CPU", "Ask for less CPU, or add instances."),
    ("RESOURCE:PORT", "the host ports it wants are taken", "Use dynamic host ports or the network mode awsvpc."),
    ("RESOURCE:GPU", "no container instance has enough free GPUs", "Add instances with GPUs."),
    ("RESOURCE:ENI", "no container instance can take another network interface", "Add instances, or enable trunking."),
    ("RESOURCE", "no container instance has what it needs free", "Ask for less, or add instances."),
    ("AGENT", "the ECS agent of the instance is not connected", "Look at the agent, or replace the instance."),
    ("LOCATION", "the container instance is in another location than the task wants", "Choose subnets that fit."),
    ("ATTRIBUTE", "no container instance has an attribute that the task definition requires",
     "Compare the task definition's requiresAttributes with the instances' attributes."),
    ("MemberOf", "no container instance satisfies the placement constraints", "Loosen the constraints."),
    ("NO ACTIVE INSTANCES", "the capacity provider has no active instance", "Wait for it to scale out, or add one."),
    ("EMPTY CAPACITY PROVIDER", "the capacity provider has no instances", "Let it scale out, or add one."),
    ("INACTIVE", "what it refers to is inactive", "Name a cluster and a task definition that are active."),
    ("MISSING", "what it refers to does not exist", "Check cluster, region and account."),
    ("Capacity is unavailable", "Fargate has no capacity there at this time",
     "Try again later, or offer subnets in other availability zones."),
)  # fmt: skip


def in_words(failures: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """Return why nothing was started, each reason once, and what to do about it."""
    told: dict[str, None] = {}
    for failure in failures:
        told[_one(failure)] = None
    return " ".join(told) or "ECS started nothing and gave no reason."


def _one(failure: t.Mapping[str, t.Any]) -> str:
    reason = str(failure.get("reason") or "").strip()
    detail = str(failure.get("detail") or "").strip()
    said = ": ".join(part.rstrip(".") for part in (reason, detail) if part)
    about = f" about {failure['arn']}" if failure.get("arn") else ""
    for beginning, meaning, fix in REASONS:
        if reason.upper().startswith(beginning.upper()):
            return f"ECS started nothing, because {meaning} (it says {said}{about}). {fix}"
    return f"ECS started nothing: {said}{about}." if said else "ECS started nothing and gave no reason."


__all__ = ("REASONS", "in_words")
