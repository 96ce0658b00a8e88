from __future__ import annotations

import pytest
import run
from gate import Gate
from table import GATES


def test_names_are_unique_and_needs_exist() -> None:
    names = [gate.name for gate in GATES]
    assert len(names) == len(set(names))
    assert {need for gate in GATES for need in gate.needs} <= set(names)


def test_make_check_needs_nothing_outside_its_group() -> None:
    assert {gate.group for gate in run.select(GATES, "check", None)} == {"check"}


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_no_gate_goes_through_a_shell(gate: Gate) -> None:
    assert gate.command[0] not in ("sh", "bash", "env")


def test_an_unknown_gate_is_refused_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run.main(["--only", "nonsense"])
    assert end.value.code == run.EXIT_USAGE
    assert "no gate is called nonsense" in capsys.readouterr().err


def test_the_list_names_every_gate(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(GATES)
