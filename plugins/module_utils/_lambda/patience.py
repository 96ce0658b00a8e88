# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Waiting: for how long, how often to look, what ends it, and how the end is told."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._lambda.diagnosis import Diagnosis
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Outcome

CONFLICT = "ResourceConflictException"
# Somebody else may have changed it, or it is being changed right now.
CONTESTED = frozenset({CONFLICT, "PreconditionFailedException"})
# Without an answer there is no news; the time goes on.
PASSING = frozenset({
    "TooManyRequestsException", "ThrottlingException", "ServiceException", "InternalFailure", "ServiceUnavailable",
    "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError",
})  # fmt: skip
SHORTEST, LONGEST, GROWTH = 0.5, 5.0, 1.3
SLICE = 1.0


class Ended(Exception):
    """The way ends here, with an outcome that is not success."""

    def __init__(self, outcome: Outcome, reason: str, found: Diagnosis | None = None) -> None:
        super().__init__(reason)
        self.outcome, self.reason, self.found = outcome, reason, found


class Interrupted(Exception):
    """Somebody wants us to stop. What was begun stays as it is, and is taken up again by the next run."""


def superseded(function: str) -> Ended:
    return Ended("superseded", f"Somebody else changed function {function} meanwhile, and theirs was left alone.")


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long one journey waits for anything, and whom it tells meanwhile."""

    timeout: float
    clock: Clock
    stop: threading.Event
    say: Callable[[str], None]

    def wait(self) -> Wait:
        return Wait(self)

    def rest(self, seconds: float) -> None:
        """Wait in slices, so that whoever wants us to stop does not wait for long."""
        left = seconds
        while left > 0 and not self.stop.is_set():
            self.clock.sleep(min(left, SLICE))
            left -= SLICE
        if self.stop.is_set():
            raise Interrupted


class Wait:
    """One thing that is waited for: looked at often in the beginning, and told whenever it looks different."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._deadline = patience.clock.now() + patience.timeout
        self._pause, self._told = SHORTEST, ""

    def tell(self, line: str) -> None:
        if line != self._told:
            self._told = line
            self._patience.say(line)

    def rest(self, still: str) -> None:
        """Wait a moment, or give up: C(still) says what it is that takes too long."""
        left = self._deadline - self._patience.clock.now()
        if left <= 0:
            raise Ended("timed_out", f"{still.rstrip('.')}, after {self._patience.timeout:.0f} s.")
        self._patience.rest(min(self._pause, max(0.1, left)))
        self._pause = min(self._pause * GROWTH, LONGEST)


__all__ = ("CONFLICT", "CONTESTED", "PASSING", "Ended", "Interrupted", "Patience", "Wait", "superseded")
