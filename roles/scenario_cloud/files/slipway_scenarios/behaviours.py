# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How deployments may go. Each behaviour is a few numbers, and says what course a deployment takes with them.

All times are seconds. The fields, their defaults and their one-line descriptions are what a script may say:
docs/scenarios.md lists them.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .causes import CAUSES, Cause
from .course import Course, Dying, Failure, Pause, Rising, Situation, walk

Breaker = t.Literal["as_configured", "rollback", "stop", "off"]
Same = t.Literal["same", "new"]
Check = t.Literal["container", "load_balancer"]
CauseName = t.Literal[
    "exit", "silent_exit", "out_of_memory", "command_not_found", "image_not_found", "secret_missing",
    "role_not_assumable",
]  # fmt: skip
Stage = t.Literal[
    "RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP",
]  # fmt: skip
WHY = {
    "instances": (
        " because no container instance met all of its requirements. Reason: No Container Instances were found in "
        "your cluster. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    ),
    "capacity": (
        ". Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone. "
        "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    ),
}
# ECS gives up after half as many failures as there are tasks, but at least 3 and at most 200.
FEWEST_FAILURES, MOST_FAILURES = 3, 200


class Behaviour(t.Protocol):
    """What a deployment does, given what it finds and what happens to it."""

    def course(self, situation: Situation) -> Course: ...


@dataclasses.dataclass(frozen=True)
class Rolling:
    """Comes up task by task, and is complete in the end; as slow as you like."""

    seconds: float = 2.0

    def course(self, situation: Situation) -> Course:
        return Course.rolling(self.seconds).stopped(situation.stop)


@dataclasses.dataclass(frozen=True)
class Stalled:
    """Gets a share of its tasks up, and then nothing moves any more: no failure, no event, no end."""

    share: float = 0.5
    seconds: float = 1.0

    def course(self, situation: Situation) -> Course:
        return Course(tasks=Rising(0.0, self.seconds, self.share)).stopped(situation.stop)


@dataclasses.dataclass(frozen=True)
class _Failing:
    """The numbers of all behaviours whose tasks die."""

    starting: float = 0.2
    living: float = 0.5
    resting: float = 0.3
    breaker: Breaker = "as_configured"
    threshold: int = 0
    back: float = 1.0
    back_as: Same = "same"

    def _course(self, situation: Situation, cause: Cause) -> Course:
        dying = Dying(cause, self.starting, self.living, self.resting)
        return Course(tasks=dying, failure=self._failure(situation, dying)).stopped(situation.stop)

    def _failure(self, situation: Situation, dying: Dying) -> Failure | None:
        configured = situation.breaker if self.breaker == "as_configured" else self.breaker != "off"
        if not configured or not situation.desired:
            return None
        rolls_back = situation.rolls_back if self.breaker == "as_configured" else self.breaker == "rollback"
        usual = min(max(math.ceil(situation.desired / 2), FEWEST_FAILURES), MOST_FAILURES)
        rounds = math.ceil((self.threshold or usual) / situation.desired)
        return Failure(
            after=dying.starting + dying.living + (rounds - 1) * dying.round,
            reason="ECS deployment circuit breaker: tasks failed to start.",
            event="deployment failed: tasks failed to start.",
            back=self.back if rolls_back else None,
            same_again=self.back_as == "same",
            breaker=True,
        )


@dataclasses.dataclass(frozen=True)
class CrashLoop(_Failing):
    """Its tasks die of one cause, again and again, until the circuit breaker has had enough, if it is on."""

    cause: CauseName = "exit"
    exit_code: int | None = None
    reason: str | None = None
    stopped_reason: str | None = None
    log: tuple[str, ...] | None = None

    def course(self, situation: Situation) -> Course:
        own = {key: getattr(self, key) for key in ("exit_code", "reason", "stopped_reason", "log")}
        cause = dataclasses.replace(
            CAUSES[self.cause], **{key: value for key, value in own.items() if value is not None}
        )
        return self._course(situation, cause)


@dataclasses.dataclass(frozen=True)
class NeverHealthy(_Failing):
    """Its tasks run, but fail a health check, and are replaced."""

    check: Check = "container"

    def course(self, situation: Situation) -> Course:
        return self._course(situation, CAUSES[f"{self.check}_health"])


@dataclasses.dataclass(frozen=True)
class Unplaceable:
    """No task finds a place; an event says so, and says it again."""

    why: t.Literal["instances", "capacity"] = "instances"
    every: float = 5.0

    def course(self, situation: Situation) -> Course:
        told = f"was unable to place a task{WHY[self.why]}"
        events = tuple((0.1 + number * self.every, told) for number in range(20))
        return Course(tasks=Rising(math.inf, math.inf), events=events).stopped(situation.stop)


@dataclasses.dataclass(frozen=True)
class Alarm:
    """Comes up, and then an alarm that watches the deployment goes off."""

    seconds: float = 1.0
    after: float = 2.0
    alarms: tuple[str, ...] = ("errors",)
    back: float = 1.0
    back_as: Same = "same"

    def course(self, situation: Situation) -> Course:
        failure = Failure(
            after=self.after,
            reason="ECS deployment failed: alarm detected.",
            event="deployment failed: alarm detected.",
            back=self.back,
            same_again=self.back_as == "same",
            alarms=self.alarms,
        )
        tasks = Rising(self.seconds * 0.1, self.seconds)
        return Course(tasks=tasks, failure=failure, alarms=self.alarms).stopped(situation.stop)


@dataclasses.dataclass(frozen=True)
class Superseded:
    """Somebody else deploys another revision before this deployment is complete."""

    after: float = 1.0
    seconds: float = 2.0

    def course(self, situation: Situation) -> Course:
        # Half of our tasks run by then.
        mine = Course(tasks=Rising(0.0, self.after * 2), overtaken=self.after, others_take=self.seconds)
        return mine.stopped(situation.stop)


@dataclasses.dataclass(frozen=True)
class Vanished:
    """The service is deleted while it is being deployed."""

    after: float = 1.0
    leaves: t.Literal["nothing", "inactive"] = "nothing"

    def course(self, situation: Situation) -> Course:
        mine = Course(tasks=Rising(0.0, self.after * 2), gone=self.after, gone_as=self.leaves)
        return mine.stopped(situation.stop)


@dataclasses.dataclass(frozen=True)
class _Shifting:
    """The numbers of the deployments that shift traffic."""

    seconds: float = 2.0
    pause_at: tuple[Stage, ...] = ()
    pause_expires: float = 86400.0
    pause_then: t.Literal["ROLLBACK", "CONTINUE"] = "ROLLBACK"
    back: float = 1.0

    STRATEGY: t.ClassVar[str] = ""
    WEIGHTS: t.ClassVar[tuple[float, ...]] = ()

    def course(self, situation: Situation) -> Course:
        pause = Pause(frozenset(self.pause_at), self.pause_expires, self.pause_then, situation.key)
        stages = self._stages()
        each = self.seconds / len(stages)
        walked = walk([(stage, each, weight) for stage, weight in stages], pause, situation.answers)
        failure = None
        if walked.fails < math.inf:
            failure = Failure(walked.fails, "A lifecycle hook ended the deployment: ROLLBACK.", back=self.back)
        course = Course(
            tasks=Rising(each, each * 3),
            completes=walked.completes,
            failure=failure,
            strategy=self.STRATEGY,
            passages=walked.passages,
        )
        return course.stopped(situation.stop)

    def _stages(self) -> list[tuple[str, float]]:
        before = ["RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP"]
        before += ["TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"]
        shifts = [("PRODUCTION_TRAFFIC_SHIFT", weight) for weight in self.WEIGHTS]
        after = ["POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"]
        return [*((stage, 0.0) for stage in before), *shifts, *((stage, 100.0) for stage in after)]


@dataclasses.dataclass(frozen=True)
class BlueGreen(_Shifting):
    """All traffic moves at once; the deployment may pause at stages until somebody answers."""

    STRATEGY: t.ClassVar[str] = "BLUE_GREEN"
    WEIGHTS: t.ClassVar[tuple[float, ...]] = (100.0,)


@dataclasses.dataclass(frozen=True)
class Canary(_Shifting):
    """A tenth of the traffic moves first, then the rest; may pause as blue/green does."""

    STRATEGY: t.ClassVar[str] = "CANARY"
    WEIGHTS: t.ClassVar[tuple[float, ...]] = (10.0, 100.0)


@dataclasses.dataclass(frozen=True)
class Linear(_Shifting):
    """The traffic moves in five equal steps; may pause as blue/green does."""

    STRATEGY: t.ClassVar[str] = "LINEAR"
    WEIGHTS: t.ClassVar[tuple[float, ...]] = (20.0, 40.0, 60.0, 80.0, 100.0)


SHIFTING: dict[str, type[_Shifting]] = {kind.STRATEGY: kind for kind in (BlueGreen, Canary, Linear)}
BEHAVIOURS: dict[str, type[Behaviour]] = {
    "rolling": Rolling,
    "stalled": Stalled,
    "crash_loop": CrashLoop,
    "never_healthy": NeverHealthy,
    "unplaceable": Unplaceable,
    "alarm": Alarm,
    "superseded": Superseded,
    "vanished": Vanished,
    "blue_green": BlueGreen,
    "canary": Canary,
    "linear": Linear,
}
