"""Fuzz the reader of Pulumi state for a bounded number of runs, the same ones every time."""

from __future__ import annotations

import importlib.util
import re
import sys

from step import ROOT, report, skip, watch

HARNESSES = ("fuzz_checkpoint", "fuzz_secrets")
RUNS = 20_000
OPTIONS = (f"-runs={RUNS}", "-seed=1", "-timeout=10", "-rss_limit_mb=1500", "-verbosity=0", "-print_final_stats=1")

DONE = re.compile(rf"^stat::number_of_executed_units: {RUNS}$", re.MULTILINE)


def problems(name: str) -> list[str]:
    command = [sys.executable, str(ROOT / "tests" / "fuzz" / f"{name}.py"), *OPTIONS]
    print(f"+ {' '.join(command)}", flush=True)
    code, output = watch(command, cwd=ROOT)
    if code:
        return [f"{name} ended with code {code}: the input is in the log, and in .slipway/fuzz/"]
    return [] if DONE.search(output) else [f"{name} shows no sign of having run"]


if __name__ == "__main__":
    if importlib.util.find_spec("atheris") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        skip(f"fuzzing with coverage: atheris is not there for Python {version}")
    found = [problem for name in HARNESSES for problem in problems(name)]
    report(found, f"{len(HARNESSES)} harnesses, {RUNS} runs each, and every one ended as it should")
