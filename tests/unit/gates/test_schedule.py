from __future__ import annotations

import asyncio

import pytest
from gate import Gate, Outcome, Result, with_needs
from report import Reporter
from schedule import longest_first, run_all


def gate(name: str, *, seconds: int = 1, needs: tuple[str, ...] = (), exclusive: str | None = None) -> Gate:
    return Gate(name=name, command=("true",), seconds=seconds, needs=needs, exclusive=exclusive)


class Stage:
    """Gates that take moments, and a record of what ran beside what."""

    def __init__(self, outcomes: dict[str, Outcome] | None = None) -> None:
        self.outcomes = outcomes or {}
        self.running: set[str] = set()
        self.order: list[str] = []
        self.together: list[set[str]] = []

    async def run(self, gate: Gate) -> Result:
        self.order.append(gate.name)
        self.running.add(gate.name)
        self.together.append(set(self.running))
        await asyncio.sleep(0.01)
        self.running.remove(gate.name)
        return Result(gate, self.outcomes.get(gate.name, Outcome.PASSED), 0.01, reason="said so")

    def play(self, *gates: Gate, jobs: int = 2) -> dict[str, Result]:
        results = asyncio.run(run_all(gates, jobs=jobs, run=self.run, reporter=Reporter()))
        assert [result.gate for result in results] == list(gates)
        return {result.gate.name: result for result in results}


def test_the_longest_chain_starts_first() -> None:
    short, build, slow = gate("short", seconds=5), gate("build", seconds=1), gate("slow", seconds=9, needs=("build",))
    assert longest_first([short, slow, build]) == [build, slow, short]


def test_what_prepares_the_machine_starts_before_all() -> None:
    slow, prepares = gate("slow", seconds=500), Gate(name="prepares", command=("true",), seconds=1, first=True)
    assert longest_first([slow, prepares]) == [prepares, slow]


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_no_more_than_jobs_run_at_once(jobs: int) -> None:
    stage = Stage()
    stage.play(*(gate(name) for name in "abcdef"), jobs=jobs)
    assert max(len(names) for names in stage.together) == jobs


def test_what_is_exclusive_runs_alone_beside_others() -> None:
    stage = Stage()
    stage.play(gate("a", exclusive="engine"), gate("b", exclusive="engine"), gate("c"), gate("d"), jobs=3)
    assert not any({"a", "b"} <= names for names in stage.together)
    assert any(len(names) > 1 for names in stage.together)


def test_a_gate_waits_for_what_it_needs() -> None:
    stage = Stage()
    stage.play(gate("second", needs=("first",), seconds=9), gate("first"))
    assert stage.order == ["first", "second"]
    assert {"first", "second"} not in stage.together


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.FAILED, "needs first, which failed"),
        (Outcome.SKIPPED, "needs first, which was skipped: said so"),
    ],
)
def test_a_gate_whose_need_is_not_met_is_skipped_by_name(outcome: Outcome, reason: str) -> None:
    stage = Stage({"first": outcome})
    results = stage.play(gate("third", needs=("second",)), gate("second", needs=("first",)), gate("first"))
    assert stage.order == ["first"]
    assert results["second"].outcome is Outcome.SKIPPED
    assert results["second"].reason == reason
    assert results["third"].outcome is Outcome.SKIPPED


def test_when_interrupted_every_gate_still_has_a_result() -> None:
    stopped: list[str] = []

    async def hang(gate: Gate) -> Result:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(gate.name)
        raise AssertionError("not reached")

    async def interrupt() -> list[Result]:
        gates = [gate("a"), gate("b"), gate("c")]
        work = asyncio.ensure_future(run_all(gates, jobs=2, run=hang, reporter=Reporter()))
        await asyncio.sleep(0.05)
        work.cancel()
        return await work

    results = asyncio.run(interrupt())
    assert sorted(stopped) == ["a", "b"]
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.FAILED, Outcome.SKIPPED]
    assert all("interrupted" in result.reason for result in results)


def test_choosing_a_gate_brings_what_it_needs() -> None:
    gates = [gate("a"), gate("b", needs=("a",)), gate("c", needs=("b",)), gate("d")]
    assert [chosen.name for chosen in with_needs([gates[2]], gates)] == ["a", "b", "c"]
