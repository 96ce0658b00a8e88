"""Run the quality gates: ``make check`` the quick ones, ``make test`` all of them."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from gate import STATE, Gate, Outcome, Result, with_needs
from process import run_gate
from report import Reporter
from schedule import run_all
from table import GATES

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", choices=sorted({gate.group for gate in GATES}), help="only the gates of this group")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this gate and what it needs; repeatable")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 2, help="how many run side by side (default: cores)"
    )
    parser.add_argument("--list", action="store_true", help="name the gates and end")
    chosen = parser.parse_args(words)
    unknown = sorted(set(chosen.only or ()) - {gate.name for gate in GATES})
    if unknown:
        parser.error(f"no gate is called {', '.join(unknown)}; --list names them all")
    if chosen.jobs < 1:
        parser.error("--jobs must be at least 1")
    return chosen


def select(gates: Sequence[Gate], group: str | None, only: Sequence[str] | None) -> list[Gate]:
    wanted = [gate for gate in gates if group in (None, gate.group) and (not only or gate.name in only)]
    return with_needs(wanted, gates)


async def run(gates: Sequence[Gate], jobs: int, reporter: Reporter) -> list[Result]:
    work = asyncio.ensure_future(run_all(gates, jobs=jobs, run=run_gate, reporter=reporter))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        # Once: an impatient second Ctrl-C must not cut the cleaning up short.
        if not reporter.interrupted:
            reporter.interrupted = True
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    return await work


def main(words: Sequence[str] | None = None) -> int:
    options = arguments(words)
    gates = select(GATES, options.group, options.only)
    if options.list:
        for gate in gates:
            print(f"{gate.group:6} {gate.name:24} about {gate.seconds} s")
        return 0
    STATE.mkdir(parents=True, exist_ok=True)
    reporter = Reporter()
    results = asyncio.run(run(gates, options.jobs, reporter))
    reporter.summary(results)
    if reporter.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FAILED if any(result.outcome is Outcome.FAILED for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
