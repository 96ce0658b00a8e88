# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service looks like at any moment: a function of what was done to it, of a script, and of the time.

Nothing runs in the background, and nothing has to be advanced. A timeline is a value: each update makes a new one.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
import typing as t

from .course import ROLLING, Answer, Course, Failure, Hook, Passage, Rising, Situation, Stop

if t.TYPE_CHECKING:
    from .behaviours import Behaviour
    from .course import Counts

Status = t.Literal[
    "IN_PROGRESS", "SUCCESSFUL", "STOPPED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"
]  # fmt: skip
State = t.Literal["IN_PROGRESS", "COMPLETED", "FAILED"]

HESITATION = 0.2
"""Between the moment a deployment has failed and the one at which its way back is primary, in seconds."""


@dataclasses.dataclass(frozen=True)
class Begun:
    """A deployment somebody asked for, and what was said to it since."""

    identifier: str
    definition: str
    moment: float
    behaviour: Behaviour
    situation: Situation
    others: str
    """The revision that somebody else deploys, where the script has somebody do so."""

    @functools.cached_property
    def course(self) -> Course:
        return self.behaviour.course(self.situation)


@dataclasses.dataclass(frozen=True)
class Reign:
    """A deployment from the moment on at which it is the primary one. One that comes back reigns twice."""

    identifier: str
    definition: str
    desired: int
    created: float
    since: float
    course: Course
    returns_from: str = ""
    begun: int = 0
    """Which deployment of the timeline brought it about."""

    @property
    def completes(self) -> float:
        return self.since + self.course.completes

    @property
    def fails(self) -> float:
        return self.since + self.course.failure.after if self.course.failure else math.inf

    def state(self, now: float) -> State:
        if now >= self.fails:
            return "FAILED"
        return "COMPLETED" if now >= self.completes else "IN_PROGRESS"

    def counts(self, now: float) -> Counts:
        # Nothing is started any more once it has failed.
        return self.course.counts(min(now, self.fails) - self.since, self.desired)


@dataclasses.dataclass(frozen=True)
class Seen:
    """A deployment as DescribeServices lists it at one moment."""

    reign: Reign
    primary: bool
    state: State
    reason: str
    counts: Counts


@dataclasses.dataclass(frozen=True)
class Native:
    """A service deployment at one moment, as DescribeServiceDeployments answers it."""

    key: str
    begun: Reign
    source: Reign | None
    status: Status
    reason: str
    counts: Counts
    passage: Passage | None
    hooks: tuple[Hook, ...]
    ended: float | None
    failure: Failure | None
    back: Reign | None


@dataclasses.dataclass(frozen=True)
class Timeline:
    """The deployments of one service, in the order in which they were asked for."""

    service: str
    begun: tuple[Begun, ...] = ()

    @property
    def latest(self) -> Begun:
        return self.begun[-1]

    def begin(
        self, definition: str, now: float, behaviour: Behaviour, situation: Situation, others: str = ""
    ) -> Timeline:
        """Start a deployment, which supersedes the one under way, if there is one."""
        identifier = self._identifier(len(self.begun), "asked", now)
        situation = dataclasses.replace(situation, key=identifier)
        begun = Begun(identifier, definition, now, behaviour, situation, others or definition)
        return dataclasses.replace(self, begun=(*self.begun, begun))

    def scale(self, desired: int) -> Timeline:
        """Change how many tasks there shall be, which is no deployment."""
        return self._with_situation(dataclasses.replace(self.latest.situation, desired=desired))

    def answer(self, hook: str, action: t.Literal["CONTINUE", "ROLLBACK"], now: float) -> Timeline:
        situation = self.latest.situation
        given = (*situation.answers, Answer(hook, action, now - self.latest.moment))
        return self._with_situation(dataclasses.replace(situation, answers=given))

    def stop(self, how: t.Literal["ROLLBACK", "ABORT"], now: float) -> Timeline:
        stop = Stop(how, now - self.latest.moment)
        return self._with_situation(dataclasses.replace(self.latest.situation, stop=stop))

    def _with_situation(self, situation: Situation) -> Timeline:
        latest = dataclasses.replace(self.latest, situation=situation)
        return dataclasses.replace(self, begun=(*self.begun[:-1], latest))

    def _identifier(self, number: int, role: str, moment: float) -> str:
        digits = hashlib.sha256(f"{self.service} {number} {role} {moment}".encode()).hexdigest()
        return f"ecs-svc/{int(digits[:15], 16):019}"

    def reigns(self) -> list[Reign]:
        """Return who is primary from when on, now and in all time to come."""
        return self._reigns

    @functools.cached_property
    def _reigns(self) -> list[Reign]:
        found: list[Reign] = []
        for number, begun in enumerate(self.begun):
            until = self.begun[number + 1].moment if number + 1 < len(self.begun) else math.inf
            situation, course = begun.situation, begun.course
            first = Reign(
                begun.identifier, begun.definition, situation.desired, begun.moment, begun.moment, course, begun=number
            )
            after = self._after(begun, first, found)
            found.append(first)
            if after and after.since < until:
                found.append(after)
        return found

    def _after(self, begun: Begun, reign: Reign, before: list[Reign]) -> Reign | None:
        """Return what takes a deployment's place without anybody asking through this timeline."""
        course = reign.course
        overtaken = reign.since + course.overtaken
        if overtaken < min(reign.fails, reign.completes):
            other = self._identifier(reign.begun, "another", reign.since)
            rising = Course.rolling(course.others_take)
            return Reign(other, begun.others, reign.desired, overtaken, overtaken, rising, begun=reign.begun)
        failure = course.failure
        good = _last_good(before, reign.since)
        if failure is None or failure.back is None or good is None or reign.completes <= reign.fails:
            return None
        since = reign.fails + HESITATION
        way_back = Course.rolling(failure.back)
        if failure.same_again:
            # The tasks of before were never taken away.
            way_back = dataclasses.replace(way_back, tasks=Rising(0.0, 0.0))
        return Reign(
            identifier=good.identifier if failure.same_again else self._identifier(reign.begun, "back", since),
            definition=good.definition,
            desired=reign.desired,
            created=good.created if failure.same_again else since,
            since=since,
            course=way_back,
            returns_from=reign.identifier,
            begun=reign.begun,
        )

    def primary(self, now: float) -> Reign:
        return self._reigned(now)[-1]

    def _reigned(self, now: float) -> list[Reign]:
        reigns = self.reigns()
        return [reign for reign in reigns if reign.since <= now] or reigns[:1]

    def seen(self, now: float) -> list[Seen]:
        """Return what is listed now: the primary deployment first, then those that still have to do with it."""
        reigned = self._reigned(now)
        current = reigned[-1]
        listed = [self._seen(current, now, primary=True)]
        if current.state(now) == "COMPLETED":
            return listed
        for before, after in zip(reversed(reigned[:-1]), reversed(reigned[1:]), strict=True):
            # What ran when it was superseded runs on until the primary one is complete.
            entry = self._seen(before, after.since, primary=False)
            known = {item.reign.identifier for item in listed}
            if before.identifier not in known and (entry.counts.running or entry.state == "FAILED"):
                listed.append(entry)
            if entry.state == "COMPLETED":
                break
        return listed

    def _seen(self, reign: Reign, now: float, *, primary: bool) -> Seen:
        state, failure = reign.state(now), reign.course.failure
        reason = f"ECS deployment {reign.identifier} {'completed' if state == 'COMPLETED' else 'in progress'}."
        if state == "FAILED" and failure:
            reason = failure.reason
            back = self.way_back_of(reign) if primary else None
            if back and failure.breaker:
                reason = f"ECS deployment circuit breaker: rolling back to deploymentId {back.identifier}."
        return Seen(reign, primary, state, reason, reign.counts(now))

    def way_back_of(self, reign: Reign) -> Reign | None:
        return next((item for item in self.reigns() if item.returns_from == reign.identifier), None)

    def good_definitions(self, now: float) -> set[str]:
        """Return the revisions that this service has run, completely."""
        return {reign.definition for reign in self.reigns() if reign.since <= now and self.completed(reign, now)}

    def completed(self, reign: Reign, now: float) -> bool:
        return reign.completes < reign.fails and reign.completes <= min(now, self.replaced(reign))

    def replaced(self, reign: Reign) -> float:
        """Return when another deployment took its place."""
        reigns = self.reigns()
        number = reigns.index(reign) + 1
        return reigns[number].since if number < len(reigns) else math.inf

    def gone(self, now: float) -> str:
        """Return what became of the service, or nothing while it is there."""
        course, since = self.latest.course, self.latest.moment
        return course.gone_as if now >= since + course.gone else ""

    def natives(self, now: float) -> list[Native]:
        """Return the service deployments that there are by now, the newest first."""
        # A way back belongs to the service deployment that failed.
        reigns = [reign for reign in self._reigned(now) if not reign.returns_from]
        sources: list[Reign | None] = [None, *reigns[:-1]]
        found = [self._native(reign, source, now) for reign, source in zip(reigns, sources, strict=True)]
        return found[::-1]

    def _native(self, reign: Reign, source: Reign | None, now: float) -> Native:
        back, failure = self.way_back_of(reign), reign.course.failure
        last = back or reign
        replaced = self.replaced(last)
        status: Status = "IN_PROGRESS"
        reason, ended = "", None
        if min(now, replaced) >= reign.completes and reign.completes < reign.fails:
            status, ended = "SUCCESSFUL", reign.completes
        elif failure and now >= reign.fails and reign.fails <= replaced:
            reason = failure.reason
            if back is None:
                status, ended = "STOPPED", reign.fails
            elif min(now, replaced) >= back.completes:
                status, ended = "ROLLBACK_SUCCESSFUL", back.completes
            elif now < replaced:
                status = "ROLLBACK_IN_PROGRESS"
        if ended is None and now >= replaced:
            status, ended, reason = "STOPPED", replaced, "A newer service deployment took its place."
        moment = min(now, replaced, reign.fails)
        hooks = reign.course.hooks(now - reign.since) if now < min(reign.fails, replaced) else ()
        passage = reign.course.passage(moment - reign.since)
        counts = reign.counts(min(now, replaced))
        if ended is not None and status != "SUCCESSFUL":
            counts = counts._replace(running=0, pending=0)
        known = failure if failure and now >= reign.fails else None
        return Native(
            reign.identifier, reign, source, status, reason, counts, passage, hooks, ended, known,
            back if known else None,
        )  # fmt: skip

    def strategy(self) -> str:
        return self.latest.course.strategy if self.begun else ROLLING


def _last_good(reigns: list[Reign], until: float) -> Reign | None:
    """Return the last deployment that was complete before another one took its place."""
    ends = [*(reign.since for reign in reigns), until][1:]
    good = [reign for reign, end in zip(reigns, ends, strict=True) if reign.completes <= end < math.inf]
    return good[-1] if good else None
