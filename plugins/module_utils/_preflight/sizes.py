# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""CPU and memory as Fargate sells them, and as a task's containers share them."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Iterator

GIB = 1024
# CPU units: the least and the most memory in MiB, and the step between. The smallest has a half more to choose from.
FARGATE: dict[int, tuple[int, int, int]] = {
    256: (512, 2 * GIB, GIB),
    512: (GIB, 4 * GIB, GIB),
    1024: (2 * GIB, 8 * GIB, GIB),
    2048: (4 * GIB, 16 * GIB, GIB),
    4096: (8 * GIB, 30 * GIB, GIB),
    8192: (16 * GIB, 60 * GIB, 4 * GIB),
    16384: (32 * GIB, 120 * GIB, 8 * GIB),
}
AMOUNT = re.compile(r"\s*(\d*\.?\d+)\s*([a-z]*)\s*", re.IGNORECASE)
UNITS = {"": 1, "vcpu": 1024, "gb": GIB, "mb": 1}


def amount(value: t.Any) -> int | None:
    """Read C(256), C(.25 vCPU), C(512) or C(2 GB) as CPU units or MiB."""
    found = AMOUNT.fullmatch(str(value))
    if not found or found[2].lower() not in UNITS:
        return None
    return round(float(found[1]) * UNITS[found[2].lower()])


def memory_choices(cpu: int) -> list[int]:
    least, most, step = FARGATE[cpu]
    # 512 MiB is the one size that is no whole number of GiB.
    return [least, *range(least + step if least % GIB == 0 else GIB, most + 1, step)]


def cpu_memory_valid(subject: Subject, _setting: Setting) -> Iterator[Told]:
    definition = subject.definition
    cpu, memory = (amount(definition[key]) if definition.get(key) else None for key in ("cpu", "memory"))
    if subject.on_fargate or "FARGATE" in (definition.get("requiresCompatibilities") or []):
        yield from _sold(definition.get("cpu"), definition.get("memory"), cpu, memory)
    yield from _shared(subject, cpu, memory)


def _sold(told_cpu: t.Any, told_memory: t.Any, cpu: int | None, memory: int | None) -> Iterator[Problem]:
    if cpu is None or memory is None:
        yield Problem(
            f"Fargate needs cpu and memory of the whole task; it has cpu {told_cpu or 'not set'}, "
            f"memory {told_memory or 'not set'}.",
            "Set both in the task definition, for instance cpu 256 and memory 512.",
        )
    elif cpu not in FARGATE:
        if cpu <= max(FARGATE):  # larger ones may have come since this was written
            yield Problem(
                f"Fargate has no tasks of {cpu} CPU units.", f"Choose one of {', '.join(map(str, sorted(FARGATE)))}."
            )
    elif memory not in memory_choices(cpu):
        choices = memory_choices(cpu)
        nearest = min((size for size in choices if size >= memory), default=choices[-1])
        yield Problem(
            f"With {cpu} CPU units Fargate takes {choices[0]} to {choices[-1]} MiB in fixed steps, not {memory}.",
            f"Set memory to {nearest}.",
        )


def _shared(subject: Subject, cpu: int | None, memory: int | None) -> Iterator[Problem]:
    parts = sum(amount(container.get("cpu") or 0) or 0 for container in subject.containers)
    if cpu and parts > cpu:
        yield Problem(
            f"The containers ask for {parts} CPU units, but the task has {cpu}.",
            "Give the containers less or the task more.",
        )
    for container in subject.containers:
        limit = amount(container.get("memory") or container.get("memoryReservation") or 0) or 0
        if memory and limit > memory:
            yield Problem(
                f"Container {container.get('name')} asks for {limit} MiB of memory, but the task has {memory}.",
                "Give the container less or the task more.",
            )
        if not memory and not limit:
            yield Problem(
                f"Neither the task nor container {container.get('name')} says how much memory it has.",
                "Set memory of the task, or memory or memoryReservation of the container.",
            )


__all__ = ("amount", "cpu_memory_valid", "memory_choices")
