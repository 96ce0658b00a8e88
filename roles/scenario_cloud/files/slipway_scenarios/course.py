# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The course of one deployment, by the seconds since it began: its tasks, its stages, and how it ends."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .causes import Cause

Action = t.Literal["CONTINUE", "ROLLBACK"]
ROLLING = "ROLLING"


class Counts(t.NamedTuple):
    """How many tasks of a deployment run, are on their way, and have died."""

    running: int
    pending: int
    failed: int


@dataclasses.dataclass(frozen=True)
class Answer:
    """What somebody said to a hook, and when."""

    hook: str
    action: Action
    after: float


@dataclasses.dataclass(frozen=True)
class Stop:
    """Somebody stopped the deployment."""

    how: t.Literal["ROLLBACK", "ABORT"]
    after: float


@dataclasses.dataclass(frozen=True)
class Situation:
    """What a deployment finds, and what happens to it from outside."""

    desired: int
    key: str = ""
    """The deployment's own id, which its hooks are named after."""
    breaker: bool = False
    rolls_back: bool = False
    answers: tuple[Answer, ...] = ()
    stop: Stop | None = None


@dataclasses.dataclass(frozen=True)
class Rising:
    """Tasks that come up one after another: pending from C(placed) on, and all that ever run by C(up)."""

    placed: float
    up: float
    share: float = 1.0

    def counts(self, passed: float, desired: int) -> Counts:
        most = math.floor(desired * self.share)
        if passed >= self.up:
            running = most
        elif passed <= self.placed:
            running = 0
        else:
            running = int(most * (passed - self.placed) / (self.up - self.placed))
        return Counts(running, desired - running if passed >= self.placed else 0, 0)


@dataclasses.dataclass(frozen=True)
class Dying:
    """Tasks that are started all together, die all together, and are started again."""

    cause: Cause
    starting: float
    living: float
    resting: float

    @property
    def round(self) -> float:
        return max(self.starting + self.living + self.resting, 0.05)

    def deaths(self, passed: float) -> list[float]:
        """Return when the tasks died, round by round."""
        first = self.starting + self.living
        rounds = math.floor((passed - first) / self.round) + 1 if passed >= first else 0
        return [first + number * self.round for number in range(rounds)]

    def counts(self, passed: float, desired: int) -> Counts:
        failed = len(self.deaths(passed)) * desired
        within = passed % self.round
        if passed < 0 or within >= self.starting + self.living:
            return Counts(0, 0, failed)
        if within < self.starting or not self.cause.ran:
            return Counts(0, desired, failed)
        return Counts(desired, 0, failed)


@dataclasses.dataclass(frozen=True)
class Failure:
    """The moment at which ECS gives a deployment up, and what follows."""

    after: float
    reason: str
    event: str = ""
    back: float | None = None
    """How long the way back takes; None where nothing goes back."""
    same_again: bool = True
    """Whether the deployment of before comes back under its own id, as the ECS documentation has it."""
    breaker: bool = False
    alarms: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Hook:
    """What holds a deployment at a stage until somebody answers, or its time is over."""

    identifier: str
    begins: float
    expires: float
    otherwise: Action


@dataclasses.dataclass(frozen=True)
class Passage:
    """One stage of a deployment that shifts traffic."""

    stage: str
    begins: float
    ends: float
    weight: float
    """Percent of the production traffic that goes to the new revision."""
    hook: Hook | None = None


@dataclasses.dataclass(frozen=True)
class Course:
    """All that will happen to a deployment as long as nobody interferes."""

    tasks: Rising | Dying
    completes: float = math.inf
    failure: Failure | None = None
    overtaken: float = math.inf
    others_take: float = 1.0
    gone: float = math.inf
    gone_as: str = ""
    strategy: str = ROLLING
    passages: tuple[Passage, ...] = ()
    events: tuple[tuple[float, str], ...] = ()
    alarms: tuple[str, ...] = ()

    @classmethod
    def rolling(cls, seconds: float) -> Course:
        """Return an ordinary one: most of the time tasks come up, and then those of before are drained."""
        return cls(tasks=Rising(placed=seconds * 0.1, up=seconds * 0.7), completes=seconds)

    def counts(self, passed: float, desired: int) -> Counts:
        return self.tasks.counts(passed, desired)

    def passage(self, passed: float) -> Passage | None:
        return next((item for item in reversed(self.passages) if item.begins <= passed), None)

    def hooks(self, passed: float) -> tuple[Hook, ...]:
        """Return the hooks that wait now."""
        waiting = (item.hook for item in self.passages if item.hook and item.begins <= passed < item.ends)
        return tuple(waiting)

    def stopped(self, stop: Stop | None) -> Course:
        """Return the course after somebody stopped the deployment, if that was in time."""
        over = min(self.completes, self.overtaken, self.gone, self.failure.after if self.failure else math.inf)
        if stop is None or stop.after >= over:
            return self
        back = (self.failure.back if self.failure else None) or 1.0
        reason = "Service deployment stopped by the user."
        failure = Failure(stop.after, reason, back=back if stop.how == "ROLLBACK" else None)
        return dataclasses.replace(self, completes=math.inf, overtaken=math.inf, gone=math.inf, failure=failure)


@dataclasses.dataclass(frozen=True)
class Pause:
    """At which stages a deployment waits, for how long, and what happens then."""

    stages: frozenset[str]
    expires_after: float
    otherwise: Action
    key: str


class Walk(t.NamedTuple):
    """Stages with their moments, and where they lead."""

    passages: tuple[Passage, ...]
    completes: float
    fails: float


def walk(stages: Sequence[tuple[str, float, float]], pause: Pause, answers: Sequence[Answer]) -> Walk:
    """Go through stages (name, seconds, weight), and wait at the hooks until they are answered."""
    at = 0.0
    passages: list[Passage] = []
    for number, (stage, seconds, weight) in enumerate(stages):
        hook = _hook(pause, stage, number, at) if stage in pause.stages else None
        ends, fails = at + seconds, math.inf
        if hook:
            answer = next((item for item in answers if item.hook == hook.identifier), None)
            decided = min(hook.expires, answer.after) if answer else hook.expires
            action = answer.action if answer and answer.after <= hook.expires else hook.otherwise
            ends = max(ends, decided) if action == "CONTINUE" else decided
            fails = decided if action == "ROLLBACK" else math.inf
        passages.append(Passage(stage, at, ends, weight, hook))
        if fails < math.inf:
            return Walk(tuple(passages), math.inf, fails)
        at = ends
    return Walk(tuple(passages), at, math.inf)


def _hook(pause: Pause, stage: str, number: int, at: float) -> Hook:
    identifier = hashlib.sha256(f"{pause.key} {stage} {number}".encode()).hexdigest()[:32]
    return Hook(identifier, at, at + pause.expires_after, pause.otherwise)
