"""What people see while it runs: one line a resource, and one line at the end."""

from __future__ import annotations

import sys
import threading
import time
import typing as t
from collections import Counter

from local_engine.planning import Step

SIGNS = {Step.CREATE: "+", Step.UPDATE: "~", Step.REPLACE: "+-", Step.DELETE: "-", Step.READ: ">"}
DONE = {
    Step.CREATE: "created",
    Step.UPDATE: "updated",
    Step.REPLACE: "replaced",
    Step.DELETE: "deleted",
    Step.READ: "read",
}
PLANNED = {
    Step.CREATE: "create",
    Step.UPDATE: "update",
    Step.REPLACE: "replace",
    Step.DELETE: "delete",
    Step.READ: "read",
}
SECONDS_WORTH_SAYING = 0.05


class Display:
    """Prints from several threads at once, a line at a time."""

    def __init__(self, stream: t.TextIO | None = None, *, preview: bool = False) -> None:
        self._stream = stream or sys.stdout
        self._preview = preview
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self.counts: Counter[Step] = Counter()

    def step(self, step: Step, type_: str, name: str, *, seconds: float = 0, note: str = "") -> None:
        with self._lock:
            self.counts[step] += 1
        if step is Step.SAME:
            return
        word = (PLANNED if self._preview else DONE)[step]
        details = [note] if note else []
        if seconds >= SECONDS_WORTH_SAYING:
            details.append(f"{seconds:.1f}s")
        tail = f" ({', '.join(details)})" if details else ""
        self.line(f" {SIGNS[step]:<2} {type_} {name} {word}{tail}")

    def line(self, text: str) -> None:
        with self._lock:
            print(text, file=self._stream, flush=True)

    def summary(self, writing_calls: int) -> None:
        counts = self.counts
        changed = counts[Step.UPDATE] + counts[Step.REPLACE]
        word = "would be " if self._preview else ""
        self.line(
            f"+ {counts[Step.CREATE]} {word}created, {changed} {word}changed, {counts[Step.DELETE]} {word}deleted, "
            f"{counts[Step.SAME]} unchanged; {writing_calls} writing API calls, "
            f"{time.monotonic() - self._started:.1f}s"
        )

    def changes(self) -> dict[str, int]:
        """Return the numbers as a history entry keeps them."""
        return {step.value: number for step, number in self.counts.items()}


__all__ = ("Display",)
