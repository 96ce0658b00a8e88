# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure publishing a site beside other tools, and write docs/bench-site.md and its plot.

C(python tests/bench/publishing) takes a quarter of an hour; C(--quick) sees in a minute that every tool publishes, and
writes nothing into docs.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import os
import platform
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "bench")]

from publishing import built_site
from publishing.race import STAGES, Lap, Line, compete, everybody, store
from publishing.report import Outcome, page, plot


@dataclasses.dataclass(frozen=True)
class Sizes:
    files: int
    rounds: int
    line: Line
    share: float = 0.05


FULL = Sizes(files=10_000, rounds=2, line=Line(latency=0.01, bandwidth=12.5e6))
QUICK = Sizes(files=60, rounds=1, line=Line(latency=0.0, bandwidth=0.0))


def race(sizes: Sizes, only: list[str] | None, seed: int) -> Outcome:
    contestants, versions, missing = everybody()
    contestants = [one for one in contestants if not only or one.key in only]
    laps: dict[str, dict[str, list[Lap]]] = {stage: {} for stage in STAGES}
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    size = 0
    with tempfile.TemporaryDirectory(prefix="slipway-bench-site-") as place, store(Path(place)) as bucket:
        for turn in range(sizes.rounds):
            for one in chance.sample(contestants, len(contestants)):
                with tempfile.TemporaryDirectory(prefix="slipway-bench-site-") as folder:
                    result = compete(one, bucket, sizes.line, Path(folder), sizes.files, sizes.share)
                    size = built_site.size(Path(folder, "site"))
                for stage, lap in result.items():
                    laps[stage].setdefault(one.key, []).append(lap)
                told = ", ".join(f"{stage} {lap.wall:.1f} s ({lap.total} requests)" for stage, lap in result.items())
                print(f"… round {turn + 1}, {one.title}: {told}", file=sys.stderr, flush=True)
    return Outcome(contestants, laps, sizes.files, size, sizes.line, sizes.share, machine(versions), missing)


def machine(versions: dict[str, str]) -> dict[str, str]:
    known = {
        "cores": str(os.cpu_count()),
        "load at the end": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} on {platform.machine()}",
        "Python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("ansible-core", "boto3")},
    }
    return known | versions


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/bench/publishing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small and once: only to see that every tool publishes")
    parser.add_argument("--only", action="append", metavar="TOOL", help="only this contestant; repeatable")
    parser.add_argument("--files", type=int, help="how many files the site has")
    parser.add_argument("--rounds", type=int, help="how often each tool is measured")
    parser.add_argument("--latency", type=float, help="seconds the bucket waits before each answer")
    parser.add_argument("--bandwidth", type=float, help="bytes a second that the line carries; 0 for no limit")
    parser.add_argument("--seed", type=int, default=1, help="decides the order within each round")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write page and plot there; docs unless --quick")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    line = Line(
        sizes.line.latency if options.latency is None else options.latency,
        sizes.line.bandwidth if options.bandwidth is None else options.bandwidth,
    )
    sizes = dataclasses.replace(
        sizes, line=line, files=options.files or sizes.files, rounds=options.rounds or sizes.rounds
    )
    outcome = race(sizes, options.only, options.seed)
    text = page(outcome)
    print(text)
    docs = options.docs or (None if options.quick else ROOT / "docs")
    if docs:
        (docs / "bench-site.md").write_text(text, encoding="utf-8")
        (docs / "bench-site.svg").write_text(plot(outcome), encoding="utf-8")
    for line_missing in outcome.missing:
        print(f"not measured: {line_missing}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
