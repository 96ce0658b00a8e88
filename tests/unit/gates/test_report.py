from __future__ import annotations

from pathlib import Path

import gate
import pytest
from gate import Gate, Outcome, Result
from report import Reporter, skips_in, totals

LOG = """
tests/test_a.py ..s
SKIPPED [1] tests/test_a.py:12: no container engine
SKIPPED [3] tests/test_a.py:12: no container engine
SKIPPED target slow/
not SKIPPED at all
"""


def result(name: str, outcome: Outcome, **more: object) -> Result:
    return Result(Gate(name=name, command=("true",), seconds=1), outcome, **more)  # type: ignore[arg-type]


def test_skips_are_read_from_the_log_once_each() -> None:
    assert skips_in(LOG) == ("tests/test_a.py:12: no container engine", "target slow/")


def test_totals_have_all_three_numbers() -> None:
    results = [result("a", Outcome.PASSED), result("b", Outcome.PASSED), result("c", Outcome.SKIPPED)]
    assert totals(results) == "2 passed, 0 failed, 1 skipped"
    assert totals([]) == "0 passed, 0 failed, 0 skipped"


def test_the_summary_names_what_did_not_run_and_ends_with_the_totals(capsys: pytest.CaptureFixture[str]) -> None:
    Reporter().summary(
        [
            result("fine", Outcome.PASSED, seconds=1.5, skips=("test_x: needs root",)),
            result("broken", Outcome.FAILED, reason="ended with code 2"),
            result("sandbox", Outcome.SKIPPED, reason="not asked for"),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert "Skipped: sandbox: not asked for" in lines
    assert "Skipped in fine: test_x: needs root" in lines
    assert "Failed: broken: ended with code 2" in lines
    assert lines[-1] == "1 passed, 1 failed, 1 skipped"


def test_a_failure_shows_the_end_of_its_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gate, "STATE", tmp_path)
    failed = result("probe", Outcome.FAILED, reason="ended with code 1")
    failed.gate.log.write_text("".join(f"line {number}\n" for number in range(100)))
    reporter = Reporter()
    reporter.started(failed.gate)
    reporter.ended(failed)
    shown = capsys.readouterr().out
    assert "line 99" in shown
    assert "line 40" in shown
    assert "line 39" not in shown
