# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure shipping to ECS beside other tools, and write docs/bench-ecs.md and its plot.

C(python tests/bench/ecs) takes about an hour; C(--quick) sees in less than a minute that every tool ships, and writes
nothing into docs.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "bench")]

from ecs.contestants import everybody
from ecs.race import Result, Setting, compete, emulator
from ecs.report import Outcome, as_json, from_json, page, plot


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How many services, how many rounds, and how long a deployment takes in each."""

    services: tuple[int, ...]
    rollouts: tuple[float, ...]
    latency: float


FULL = Sizes(services=(1, 10, 100), rollouts=(9.0, 4.0, 14.0), latency=0.04)
# So short that whoever waits for 15 s between two looks finds it done at the first.
QUICK = Sizes(services=(2,), rollouts=(0.2,), latency=0.0)


def race(sizes: Sizes, only: list[str] | None, seed: int, figures: Path | None) -> Outcome:
    contestants, versions, missing = everybody(only)
    results: dict[int, dict[str, list[Result]]] = {services: {} for services in sizes.services}
    outcome = Outcome(contestants, results, sorted(sizes.rollouts), sizes.latency, machine(versions), missing)
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    with tempfile.TemporaryDirectory(prefix="slipway-bench-ecs-") as folder, emulator(Path(folder)) as cloud:
        for services in sizes.services:
            for turn, seconds in enumerate(sizes.rollouts):
                for one in chance.sample(contestants, len(contestants)):
                    fewest, most = one.sizes
                    if not fewest <= services <= most or (turn and services >= one.once_from):
                        continue
                    begin = time.monotonic()
                    result = compete(one, cloud, Setting(services, seconds, sizes.latency))
                    results[services].setdefault(one.key, []).append(result)
                    again = f", again {result.again.wall:.1f} s" if result.again else ""
                    print(
                        f"… {services} services, {seconds:g} s, {one.title}: {result.shipped.wall:.1f} s{again} "
                        f"({time.monotonic() - begin:.0f} s in all)",
                        file=sys.stderr,
                        flush=True,
                    )
                    if figures:
                        figures.write_text(json.dumps(as_json(outcome), indent=1) + "\n", encoding="utf-8")
    return outcome


def machine(versions: dict[str, str]) -> dict[str, str]:
    packages = ("ansible-core", "boto3", "moto")
    known = {
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} on {platform.machine()}",
        "Python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
        "community.aws": _collection("community.aws"),
    }
    return known | versions


def _collection(name: str) -> str:
    manifest = Path("ansible_collections", *name.split("."), "MANIFEST.json")
    for place in sys.path:
        if (Path(place) / manifest).is_file():
            content = json.loads((Path(place) / manifest).read_text(encoding="utf-8"))
            return str(content["collection_info"]["version"])
    return "unknown"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/ecs", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small and once: only to see that every tool ships")
    parser.add_argument("--only", action="append", metavar="TOOL", help="only this contestant; repeatable")
    parser.add_argument("--services", type=int, action="append", help="only this many services; repeatable")
    parser.add_argument("--rollout", type=float, help="only this duration of a deployment, in seconds")
    parser.add_argument("--latency", type=float, help="seconds the emulator waits before each answer")
    parser.add_argument("--rounds", type=int, help="at most so many rounds")
    parser.add_argument("--seed", type=int, default=1, help="decides the order within each round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, after each run")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="measure nothing, take what --json wrote")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write page and plot there; docs unless --quick")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    sizes = QUICK if options.quick else FULL
    if options.services:
        sizes = dataclasses.replace(sizes, services=tuple(sorted(options.services)))
    if options.rollout is not None:
        sizes = dataclasses.replace(sizes, rollouts=(options.rollout,) * (options.rounds or 1))
    if options.latency is not None:
        sizes = dataclasses.replace(sizes, latency=options.latency)
    if options.rounds:
        sizes = dataclasses.replace(sizes, rollouts=sizes.rollouts[: options.rounds])
    if options.figures:
        outcome = from_json(json.loads(options.figures.read_text(encoding="utf-8")))
    else:
        outcome = race(sizes, options.only, options.seed, options.json)
    text = page(outcome)
    print(text)
    docs = options.docs or (None if options.quick else ROOT / "docs")
    if docs:
        (docs / "bench-ecs.md").write_text(text, encoding="utf-8")
        (docs / "bench-ecs.svg").write_text(plot(outcome), encoding="utf-8")
    for line in outcome.missing:
        print(f"not measured: {line}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
