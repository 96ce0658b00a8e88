"""What a gate is, and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".slipway" / "gates"
EXIT_SKIPPED = 77
"""A gate that ends with this code says: I could not run here, my last SKIPPED line says why."""


class Outcome(enum.StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One thing that must hold. The command is a list of words: no shell ever reads it."""

    name: str
    command: tuple[str, ...]
    seconds: int
    """About what it takes on two cores; the schedule starts the longest chain first."""
    group: str = "test"
    """``check`` for the quick ones, which ``make check`` runs alone."""
    folder: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)
    inherits: tuple[str, ...] = ()
    """Prefixes of environment variables that pass through although gates normally do not see them."""
    paths: tuple[str, ...] = ()
    """What it looks at. A gate whose subject is missing fails: passing on nothing would be a lie."""
    needs: tuple[str, ...] = ()
    exclusive: str | None = None
    """Of the gates that name the same thing here only one runs at a time."""
    first: bool = False
    """It prepares the machine, so it begins before everything that may run long."""
    timeout: int = 900

    @property
    def home(self) -> Path:
        return STATE / "home" / self.name

    @property
    def log(self) -> Path:
        return STATE / f"{self.name}.log"


@dataclass(frozen=True)
class Result:
    gate: Gate
    outcome: Outcome
    seconds: float = 0.0
    reason: str = ""
    skips: tuple[str, ...] = ()
    """The tests inside the gate that did not run, each with its reason."""


def with_needs(wanted: Iterable[Gate], gates: Iterable[Gate]) -> list[Gate]:
    """Return the wanted gates and all they need, in the order of the table."""
    table = {gate.name: gate for gate in gates}
    chosen: set[str] = set()
    open_names = [gate.name for gate in wanted]
    while open_names:
        name = open_names.pop()
        if name not in chosen:
            chosen.add(name)
            open_names.extend(table[name].needs)
    return [gate for gate in table.values() if gate.name in chosen]
