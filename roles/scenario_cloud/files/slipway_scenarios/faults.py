# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on the way: which calls are refused, lost, slow, or answered with what was true before.

Choosing is pure: it depends on the script, and on which calls came before.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import random
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence

Kind = t.Literal[
    "throttled", "crowded", "server_error", "denied", "error", "reset", "lost_answer", "slow", "stale"
]  # fmt: skip


class Refusal(t.NamedTuple):
    """An error that is answered instead."""

    status: int
    code: str
    message: str


REFUSALS: dict[str, Refusal] = {
    "throttled": Refusal(400, "ThrottlingException", "Rate exceeded"),
    "crowded": Refusal(
        400,
        "ClientException",
        "Too many concurrent attempts to create a new revision of the specified family.",
    ),
    "server_error": Refusal(500, "ServerException", "Service Unavailable. Please try again later."),
    "denied": Refusal(400, "AccessDeniedException", "The caller is not authorized to perform this operation."),
    "error": Refusal(400, "ClientException", "The request was refused."),
}


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with some calls of an operation."""

    fault: Kind
    operation: str = "*"
    first: int | None = None
    """Only so many calls; all of them where neither this nor C(share) is given."""
    share: float | None = None
    """Each call with this chance, between 0 and 1; the script's seed decides which."""
    skip: int = 0
    """So many calls go well before."""
    seconds: float = 1.0
    """How much slower a slow answer is, or how long after a write answers are stale."""
    calls: int | None = None
    """How many answers after a write are stale, instead of for how long."""
    status: int | None = None
    code: str | None = None
    message: str | None = None

    @property
    def refusal(self) -> Refusal | None:
        usual = REFUSALS.get(self.fault)
        if usual is None:
            return None
        return Refusal(self.status or usual.status, self.code or usual.code, self.message or usual.message)


@dataclasses.dataclass(frozen=True)
class Stale:
    """How old an answer may be: so many seconds, or so many answers, after the last write."""

    seconds: float = 0.0
    calls: int = 0


@dataclasses.dataclass(frozen=True)
class Effects:
    """All that happens to one call."""

    names: tuple[str, ...] = ()
    refusal: Refusal | None = None
    reset: bool = False
    lost: bool = False
    slower: float = 0.0
    stale: Stale | None = None


class Chance:
    """Decides for one fault after the other, call after call."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self._faults = faults
        self._seen = [0] * len(faults)
        # The order of the calls, and nothing else, decides.
        self._dice = [random.Random(f"{seed} {number}") for number in range(len(faults))]  # noqa: S311 - a test's dice

    def next(self, operation: str) -> Effects:
        """Return what happens to the next call of an operation."""
        effects = Effects()
        for number, fault in enumerate(self._faults):
            if fnmatch.fnmatchcase(operation, fault.operation) and self._falls(number, fault):
                effects = _with(effects, fault)
        return effects

    def _falls(self, number: int, fault: Fault) -> bool:
        self._seen[number] += 1
        count = self._seen[number] - fault.skip
        if count < 1 or (fault.first is not None and count > fault.first):
            return False
        return fault.share is None or self._dice[number].random() < fault.share


def _with(effects: Effects, fault: Fault) -> Effects:
    ended = effects.refusal or effects.reset or effects.lost
    if ended and fault.fault not in ("slow", "stale"):
        return effects
    changes: dict[str, t.Any] = {"names": (*effects.names, fault.fault)}
    if fault.fault == "slow":
        changes["slower"] = effects.slower + fault.seconds
    elif fault.fault == "stale":
        changes["stale"] = Stale(calls=fault.calls) if fault.calls is not None else Stale(seconds=fault.seconds)
    elif fault.fault == "reset":
        changes["reset"] = True
    elif fault.fault == "lost_answer":
        changes["lost"] = True
    else:
        changes["refusal"] = fault.refusal
    return dataclasses.replace(effects, **changes)
