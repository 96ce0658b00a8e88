# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a contestant ship, watch its processes meanwhile, and ask the emulator what really happened."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from stopwatch import PEAK

from ecs.contestants import SECONDS_A_RUN, Contestant, Words, environment
from ecs.shop import Release

BENCH = Path(__file__).resolve().parents[1]
READS = ("Describe", "List", "Get")
SAMPLED_EVERY = 0.2


@dataclasses.dataclass(frozen=True)
class Lap:
    """One run of one contestant."""

    wall: float
    processor: float
    """Seconds of user and system, of all its processes."""
    memory: float
    """Mebibytes all its processes held at once, shared pages counted once."""
    calls: dict[str, int]
    lead: float
    """From the start until the last service was told to move."""
    lag: float
    """From the moment the last service was really done until the tool had said so and ended."""
    overhead: float
    """What is left of the time when the longest deployment is taken off."""
    others: float
    """Processors that were busy meanwhile with neither this tool nor the emulator."""

    @property
    def writes(self) -> int:
        return sum(number for action, number in self.calls.items() if not action.startswith(READS))

    @property
    def total(self) -> int:
        return sum(self.calls.values())


@dataclasses.dataclass(frozen=True)
class Setting:
    """What all of them face."""

    services: int
    seconds: float
    """How long a deployment takes."""
    latency: float
    """How long the emulator thinks before each answer, in seconds."""


@dataclasses.dataclass(frozen=True)
class Result:
    """A release, and the same once more with nothing changed."""

    shipped: Lap
    again: Lap | None


class Emulator:
    """The emulator in its own process, as we ask it."""

    def __init__(self, port: int, process: int) -> None:
        self.process = process
        self.endpoint = f"http://127.0.0.1:{port}"

    def _ask(self, path: str, content: t.Any = None) -> t.Any:
        body = None if content is None else json.dumps(content).encode()
        with urllib.request.urlopen(f"{self.endpoint}/_bench/{path}", data=body, timeout=60) as answer:
            return json.load(answer)

    def reset(self, setting: Setting) -> None:
        self._ask("reset", dataclasses.asdict(setting))

    def report(self) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = self._ask("report")
        return answer


@contextlib.contextmanager
def emulator(folder: Path) -> Iterator[Emulator]:
    port_file, log = folder / "port", folder / "emulator.log"
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    with (
        log.open("w", encoding="utf-8") as said,
        subprocess.Popen(
            [sys.executable, "-m", "ecs.emulator", str(port_file)],
            env=own | {"PYTHONPATH": str(BENCH)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        ) as server,
    ):
        try:
            deadline = time.monotonic() + 60
            while not port_file.exists():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the emulator does not start: {log.read_text(encoding='utf-8')[-2000:]}")
                time.sleep(0.05)
            yield Emulator(int(port_file.read_text(encoding="utf-8")), server.pid)
        finally:
            server.terminate()


def compete(contestant: Contestant, cloud: Emulator, setting: Setting) -> Result:
    """Ship a release to services that run another one, and then the same again."""
    release = Release(1)
    with tempfile.TemporaryDirectory(prefix="slipway-bench-ecs-") as place:
        folder = Path(place)
        words = contestant.prepare(folder, setting.services, release)
        variables = environment(cloud.endpoint, folder, os.environ)
        cloud.reset(setting)
        before = cloud.report()
        shipped = _lap(words, variables, folder, cloud, before)
        _check(contestant, cloud.report(), before, release, setting.services)
        again = None
        if contestant.twice:
            again = _lap(words, variables, folder, cloud, cloud.report())
            _check(contestant, cloud.report(), before, release, setting.services)
    return Result(shipped, again)


def _check(
    contestant: Contestant, after: Mapping[str, t.Any], before: Mapping[str, t.Any], release: Release, services: int
) -> None:
    """Refuse figures of a release that did not happen."""
    if len(after["services"]) != services:
        raise RuntimeError(f"{contestant.title}: {len(after['services'])} services instead of {services}")
    for name, state in after["services"].items():
        moved = state["revision"] > before["services"][name]["revision"] and state["image"] == release.image
        if not (moved and state["complete"]):
            raise RuntimeError(f"{contestant.title} said it was done, and {name} is not: {state}")


def _lap(words: Words, variables: Mapping[str, str], folder: Path, cloud: Emulator, before: Mapping[str, t.Any]) -> Lap:
    report = folder / "peak"
    said = folder / "said"
    with said.open("wb") as output:
        busy_before = _busy(cloud.process)
        started = time.time()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PEAK), str(report), *words],
            env=dict(variables),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        watch = MemoryWatch(process.pid)
        try:
            process.wait(SECONDS_A_RUN)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            ended = time.time()
            busy = _busy(cloud.process) - busy_before
            watch.stop()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {_complaints(said)}")
    wall, processor, kibibytes = map(float, report.read_text(encoding="utf-8").split())
    after = cloud.report()
    calls = [action for _moment, action in after["calls"][len(before["calls"]) :]]
    moved = [state for name, state in after["services"].items() if state["began"] > before["services"][name]["began"]]
    return Lap(
        wall=wall,
        processor=processor,
        memory=watch.highest or kibibytes / 1024,
        calls=dict(collections.Counter(calls)),
        lead=max((state["began"] for state in moved), default=started) - started,
        lag=ended - max((state["done"] for state in moved), default=ended),
        overhead=wall - max((state["done"] - state["began"] for state in moved), default=0.0),
        others=max(busy - processor, 0.0) / wall,
    )


def _complaints(said: Path) -> str:
    """Return what sounds like the reason, which may stand far above the end, and the end."""
    text = said.read_text(encoding="utf-8", errors="replace")
    telling = [line for line in text.splitlines() if re.search(r"error|fail|refused", line, re.IGNORECASE)]
    return "\n".join([*telling[:20], "…", text[-1000:]])


def _busy(besides: int) -> float:
    """Return the processor time all programs but one have used so far; only Linux says."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        tick = os.sysconf("SC_CLK_TCK")
        user, nice, system = map(int, Path("/proc/stat").read_text(encoding="utf-8").split()[1:4])
        own = Path(f"/proc/{besides}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (user + nice + system - int(own[11]) - int(own[12])) / tick
    return 0.0


class MemoryWatch:
    """Looks a few times a second at what a process and its descendants hold, and keeps the most it saw.

    The kernel's proportional figure counts a page that several processes share once. Where it has none (only Linux
    has it), the highest stays nothing.
    """

    def __init__(self, root: int) -> None:
        self.highest = 0.0
        self._root = root
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        pause = SAMPLED_EVERY
        while not self._over.wait(pause):
            begin = time.perf_counter()
            self.highest = max(self.highest, sum(map(_held, _tree(self._root))) / 1024)
            # Looking at a hundred processes costs something itself: a tenth of a core at most.
            pause = max(SAMPLED_EVERY, 10 * (time.perf_counter() - begin))


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = collections.defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name stands in brackets and may hold anything; the parent comes second after it.
            parent = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            children[parent].append(int(entry.name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting += children[process]
    return found[1:]  # the first is the stopwatch


def _held(process: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
