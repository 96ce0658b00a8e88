# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let each tool publish the same site into the same bucket, and write down what it took."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
import typing as t
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ecs.contestants import environment, play
from ecs.programs import MissingProgramError, awscli
from ecs.race import MemoryWatch
from stopwatch import PEAK

from publishing import built_site

BENCH = Path(__file__).resolve().parents[1]
BUCKET = "site"
SECONDS_A_RUN = 3600
READS = ("List", "Head", "Get")
STAGES = ("first", "again", "changed")

Words = list[str]


@dataclasses.dataclass(frozen=True)
class Lap:
    wall: float
    processor: float
    memory: float
    """Mebibytes all its processes held at once."""
    calls: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    @property
    def writes(self) -> int:
        return sum(number for action, number in self.calls.items() if not action.startswith(READS))


@dataclasses.dataclass(frozen=True)
class Contestant:
    key: str
    title: str
    how: str
    prepare: Callable[[Path, Path], Words]
    """Write what it needs into a folder, and return the command that publishes another one."""
    ours: bool = False


@dataclasses.dataclass(frozen=True)
class Line:
    """What lies between the tools and the bucket."""

    latency: float
    """Seconds."""
    bandwidth: float
    """Bytes a second."""


def our_role(folder: Path, site: Path) -> Words:
    sites = {"frontend": {"bucket": BUCKET, "source": str(site)}}
    return play(folder, {"vars": {"site_publish_sites": sites}, "roles": ["slipway.aws.site_publish"]})


def our_module(folder: Path, site: Path) -> Words:
    file = folder / "options.json"
    options = {"bucket": BUCKET, "source": str(site), "region": "us-east-1"}
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
    return [sys.executable, str(Path(__file__).with_name("run_module.py")), str(file)]


def community(folder: Path, site: Path) -> Words:
    task = {"community.aws.s3_sync": {"bucket": BUCKET, "file_root": f"{site}/"}}
    return play(folder, {"vars": {}, "tasks": [task]})


def everybody() -> tuple[list[Contestant], dict[str, str], list[str]]:
    """Return the contestants, the versions of what they use, and what cannot be had here."""
    found = [
        Contestant("role", "slipway.aws, role", "`ansible-playbook` with the role `site_publish`", our_role, ours=True),
        Contestant(
            "module", "slipway.aws, module", "the module alone, without Ansible around it", our_module, ours=True
        ),
    ]
    versions: dict[str, str] = {}
    missing: list[str] = []
    try:
        program, versions["aws-cli"] = awscli()
        found.append(
            Contestant(
                "aws",
                "aws s3 sync",
                "`aws s3 sync <folder> s3://<bucket>` as it comes",
                lambda _folder, site: [str(program), "s3", "sync", str(site), f"s3://{BUCKET}", "--only-show-errors"],
            )
        )
    except MissingProgramError as error:
        missing.append(f"aws-cli: {error}")
    found.append(Contestant("community", "community.aws.s3_sync", "one task with `s3_sync` as it comes", community))
    return found, versions, missing


class Store:
    """The bucket in its own process, as we ask it."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"

    def _ask(self, path: str, content: t.Any = None) -> bytes:
        body = None if content is None else json.dumps(content).encode()
        with urllib.request.urlopen(f"{self.endpoint}/_bench/{path}", data=body, timeout=60) as answer:
            told: bytes = answer.read()
        return told

    def reset(self, line: Line) -> None:
        self._ask("reset", dataclasses.asdict(line))

    def report(self) -> dict[str, t.Any]:
        told: dict[str, t.Any] = json.loads(self._ask("report"))
        return told


@contextlib.contextmanager
def store(folder: Path) -> Iterator[Store]:
    port_file, log = folder / "port", folder / "store.log"
    with (
        log.open("w", encoding="utf-8") as said,
        subprocess.Popen(
            [sys.executable, "-m", "publishing.store", str(port_file)],
            env={**os.environ, "PYTHONPATH": str(BENCH)},
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
                    raise RuntimeError(f"the bucket does not start: {log.read_text(encoding='utf-8')[-2000:]}")
                time.sleep(0.05)
            yield Store(int(port_file.read_text(encoding="utf-8")))
        finally:
            server.terminate()


def compete(one: Contestant, bucket: Store, line: Line, folder: Path, files: int, share: float) -> dict[str, Lap]:
    """Publish a site for the first time, once more with nothing changed, and with a share of its pages changed."""
    site = folder / "site"
    built_site.build(site, files)
    words = one.prepare(folder, site)
    variables = environment(bucket.endpoint, folder, os.environ)
    bucket.reset(line)
    laps: dict[str, Lap] = {}
    for stage in STAGES:
        if stage == "changed":
            # S3 tells times in seconds, and some tools compare times: what is changed must be newer by one.
            time.sleep(1.1)
            built_site.change(site, share)
        laps[stage] = _lap(words, variables, folder, bucket)
        _check(one, stage, bucket, site)
    return laps


def _check(one: Contestant, stage: str, bucket: Store, site: Path) -> None:
    """Refuse figures of a publication that did not happen."""
    held = {key: each[0] for key, each in bucket.report()["objects"].items()}
    wanted = built_site.contents(site)
    if held != wanted:
        wrong = sorted(key for key in {*held, *wanted} if held.get(key) != wanted.get(key))
        raise RuntimeError(f"{one.title}, {stage}: {len(wrong)} objects are not as they should be: {wrong[:5]}")


def _lap(words: Words, variables: Mapping[str, str], folder: Path, bucket: Store) -> Lap:
    before = bucket.report()["calls"]
    report, said = folder / "peak", folder / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PEAK), str(report), *words],
            env=dict(variables),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        watch = MemoryWatch(process.pid)
        try:
            process.wait(SECONDS_A_RUN)
        finally:
            watch.stop()
            process.kill()
            process.wait()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {said.read_text(encoding='utf-8', errors='replace')[-3000:]}")
    wall, processor, kibibytes = map(float, report.read_text(encoding="utf-8").split())
    after = bucket.report()["calls"]
    calls = {action: number - before.get(action, 0) for action, number in after.items()}
    return Lap(
        wall, processor, watch.highest or kibibytes / 1024, {name: number for name, number in calls.items() if number}
    )


__all__ = ("STAGES", "Contestant", "Lap", "Line", "compete", "everybody", "store")
