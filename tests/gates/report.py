"""What people see: a line when a gate starts and ends, the reason when it fails, one summary."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence

from gate import ROOT, Gate, Outcome, Result

TAIL = 60
SKIP_LINE = re.compile(r"^SKIPPED (?:\[\d+\] )?(.+)$", re.MULTILINE)


def skips_in(log: str) -> tuple[str, ...]:
    """Return what a log says was skipped: pytest's short summary and the lines our own steps print."""
    return tuple(dict.fromkeys(match.strip() for match in SKIP_LINE.findall(log)))


class Reporter:
    def __init__(self) -> None:
        self.interrupted = False
        self._begin = time.monotonic()
        self._starts: dict[str, float] = {}

    def started(self, gate: Gate) -> None:
        self._starts[gate.name] = time.monotonic()
        self._say("start", gate.name)

    def ended(self, result: Result) -> None:
        took = f"{result.seconds:.1f} s" if result.seconds else ""
        reason = f"  {result.reason}" if result.reason else ""
        self._say(
            result.outcome.upper() if result.outcome is Outcome.FAILED else result.outcome,
            result.gate.name,
            took + reason,
        )
        log = result.gate.log
        if result.outcome is Outcome.FAILED and result.gate.name in self._starts and log.exists():
            for line in log.read_text(errors="replace").splitlines()[-TAIL:]:
                print(f"           | {line}", flush=True)
            print(f"           | all of it: {os.path.relpath(log, ROOT)}", flush=True)

    def waiting_for(self, gates: Sequence[Gate]) -> None:
        now = time.monotonic()
        names = (f"{gate.name} ({now - self._starts[gate.name]:.0f} s)" for gate in gates)
        self._say("running", ", ".join(names))

    def summary(self, results: Sequence[Result]) -> None:
        width = max((len(result.gate.name) for result in results), default=0)
        print(f"\n{'gate':{width}}  outcome  seconds  tests skipped")
        for result in results:
            skipped = str(len(result.skips) or "")
            print(f"{result.gate.name:{width}}  {result.outcome:7}  {result.seconds:7.1f}  {skipped}".rstrip())
        for title, outcome in (("Skipped", Outcome.SKIPPED), ("Failed", Outcome.FAILED)):
            for result in results:
                if result.outcome is outcome:
                    print(f"{title}: {result.gate.name}: {result.reason}")
                for skip in result.skips if outcome is Outcome.SKIPPED else ():
                    print(f"Skipped in {result.gate.name}: {skip}")
        print(f"\nAll of it in {time.monotonic() - self._begin:.0f} s.")
        print(totals(results), flush=True)

    def _say(self, what: str, name: str, more: str = "") -> None:
        print(f"{time.monotonic() - self._begin:7.1f} s  {what:8} {name}  {more}".rstrip(), flush=True)


def totals(results: Sequence[Result]) -> str:
    count = {outcome: sum(result.outcome is outcome for result in results) for outcome in Outcome}
    return ", ".join(f"{number} {outcome}" for outcome, number in count.items())
