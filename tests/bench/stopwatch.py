# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long something takes, and how much memory a program needs at most."""

from __future__ import annotations

import dataclasses
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PEAK = Path(__file__).with_name("peak.py")
Words = Sequence[str]
T = t.TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a program."""

    seconds: float
    processor: float
    """Seconds of all processors, its children's included: what other programs do hardly changes it."""
    peak: float
    """Mebibytes of memory it held at once."""
    output: str


def run(command: Words, environment: Mapping[str, str], folder: str) -> Run:
    """Run a program, named by its path, to its end, which has to be a good one."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report")
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(PEAK), str(report), *command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        seconds, processor, kibibytes = report.read_text(encoding="utf-8").split()
    return Run(float(seconds), float(processor), int(kibibytes) / 1024, done.stdout)


def timed(work: Callable[[], t.Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def side_by_side(contestants: Mapping[str, Callable[[], T]], repeats: int) -> dict[str, list[T]]:
    """Let all of them go in turn, again and again: whatever else the machine does, it does to all."""
    for work in contestants.values():
        work()  # files into memory, bytecode onto the disk
    figures: dict[str, list[T]] = {name: [] for name in contestants}
    for _round in range(repeats):
        for name, work in contestants.items():
            figures[name].append(work())
    return figures


median = statistics.median
