"""Decide which gate runs when: side by side, longest chain first, one at a time on what cannot be shared."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from gate import Gate, Outcome, Result
from report import Reporter

HEARTBEAT = 60.0


def longest_first(gates: Sequence[Gate]) -> list[Gate]:
    """Order gates by the time from their start to the end of all that waits for them; what prepares comes first."""

    def chain(gate: Gate) -> int:
        return gate.seconds + max((chain(other) for other in gates if gate.name in other.needs), default=0)

    return sorted(gates, key=lambda gate: (gate.first, chain(gate)), reverse=True)


def next_gate(waiting: Sequence[Gate], running: Sequence[Gate], results: Mapping[str, Result]) -> Gate | None:
    """Return the first gate in line whose needs are met and whose exclusive resource is free."""
    taken = {gate.exclusive for gate in running if gate.exclusive}
    for gate in waiting:
        if gate.exclusive not in taken and all(name in results for name in gate.needs):
            return gate
    return None


def unmet_need(gate: Gate, results: Mapping[str, Result]) -> str | None:
    for name in gate.needs:
        need = results[name]
        if need.outcome is Outcome.FAILED:
            return f"needs {name}, which failed"
        if need.outcome is Outcome.SKIPPED:
            return f"needs {name}, which was skipped: {need.reason}"
    return None


async def run_all(
    gates: Sequence[Gate], *, jobs: int, run: Callable[[Gate], Awaitable[Result]], reporter: Reporter
) -> list[Result]:
    """Run the gates and return one result for each. When cancelled, stop those that run and return all the same."""
    waiting = longest_first(gates)
    running: dict[asyncio.Task[Result], Gate] = {}
    results: dict[str, Result] = {}

    def finish(result: Result) -> None:
        results[result.gate.name] = result
        reporter.ended(result)

    try:
        while waiting or running:
            while len(running) < jobs and (gate := next_gate(waiting, list(running.values()), results)):
                waiting.remove(gate)
                if reason := unmet_need(gate, results):
                    finish(Result(gate, Outcome.SKIPPED, reason=reason))
                    continue
                reporter.started(gate)
                running[asyncio.ensure_future(run(gate))] = gate
            if not running:
                continue
            done, _ = await asyncio.wait(running, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del running[task]
                finish(task.result())
            if not done:
                reporter.waiting_for(list(running.values()))
    except asyncio.CancelledError:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for gate in running.values():
            finish(Result(gate, Outcome.FAILED, reason="interrupted"))
        for gate in waiting:
            finish(Result(gate, Outcome.SKIPPED, reason="interrupted before it began"))
    return [results[gate.name] for gate in gates]
