# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""How long a rollout may take by the service's own settings, while all is well."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk, find_all
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import (
    TargetGroup,
    TargetGroupAttributes,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.rollout import Rounds, bounds_of, rounds
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import (
    DEFAULT_STOP_TIMEOUT,
    Answer,
    Subject,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# What it takes until a container runs: a network interface, and pulling an image of usual size.
LAUNCH_ON_FARGATE = 45
LAUNCH_ON_INSTANCES = 15
DEFAULT_DEREGISTRATION = 300
DEFAULT_INTERVAL = 30


@dataclasses.dataclass(frozen=True)
class Pace:
    """The seconds each part may take: until a task is healthy, and until an old one is gone."""

    rounds: Rounds
    launch: int
    boot: int = 0
    checks: int = 0
    deregistration: int = 0
    stop: int = 0
    bake: int = 0


@dataclasses.dataclass(frozen=True)
class Prediction:
    seconds: int
    sentence: str


def predict_seconds(pace: Pace) -> Prediction:
    """Add it up, and say how it came to be."""
    up = pace.launch + pace.boot + pace.checks
    down = pace.deregistration + pace.stop
    seconds = pace.rounds.starts * up + pace.rounds.stops * down + pace.bake
    starting = [f"launch {pace.launch}"]
    starting += [f"grace or start period {pace.boot}"] if pace.boot else []
    starting += [f"health checks {pace.checks}"] if pace.checks else []
    parts = [f"{_times(pace.rounds.starts, 'round')} of starting at {up} s ({', '.join(starting)})"]
    if pace.rounds.stops:
        stopping = [f"deregistration {pace.deregistration}"] if pace.deregistration else []
        stopping.append(f"stopping {pace.stop}")
        parts.append(f"{_times(pace.rounds.stops, 'round')} of draining at {down} s ({', '.join(stopping)})")
    if pace.bake:
        parts.append(f"baking {pace.bake} s")
    return Prediction(seconds, f"{seconds} s: {', '.join(parts)}")


def _times(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def timeout_long_enough(subject: Subject, setting: Setting) -> Iterator[Told]:
    if subject.desired:
        yield _long_enough(subject, setting.region_of(subject))


def _long_enough(subject: Subject, region: str) -> Talk:
    walked = rounds(bounds_of(subject))
    if walked is None:
        return []  # it stalls, which is another check's to say
    arns = subject.target_groups
    groups = yield from find_all(TargetGroup(region, arn) for arn in arns)
    if None in groups:
        return []  # and so is this
    attributes = yield from find_all(TargetGroupAttributes(region, arn) for arn in arns)
    key = "deregistration_delay.timeout_seconds"
    delays = [_number((each or {}).get(key), DEFAULT_DEREGISTRATION) for each in attributes]
    prediction = predict_seconds(pace_of(subject, walked, [group or {} for group in groups], max(delays, default=0)))
    if prediction.seconds <= subject.timeout:
        return []
    return [
        Problem(
            f"The rollout may take {prediction.sentence}. That is longer than the timeout of {subject.timeout:.0f} s.",
            f"Set wait_timeout to {prediction.seconds} or more, or shorten what takes so long.",
        )
    ]


def pace_of(subject: Subject, walked: Rounds, groups: t.Sequence[Answer], deregistration: int) -> Pace:
    checks = [
        _number(container["healthCheck"].get("interval"), DEFAULT_INTERVAL)
        for container in subject.containers
        if container.get("healthCheck")
    ]
    checks += [
        _number(group.get("HealthCheckIntervalSeconds"), DEFAULT_INTERVAL)
        * _number(group.get("HealthyThresholdCount"), 1)
        for group in groups
    ]
    boots = [_number((container.get("healthCheck") or {}).get("startPeriod"), 0) for container in subject.containers]
    boots += [_number(subject.service.get("healthCheckGracePeriodSeconds"), 0)] if groups else []
    stops = [_number(container.get("stopTimeout"), DEFAULT_STOP_TIMEOUT) for container in subject.containers]
    return Pace(
        rounds=walked,
        launch=LAUNCH_ON_FARGATE if subject.on_fargate else LAUNCH_ON_INSTANCES,
        boot=max(boots, default=0),
        checks=max(checks, default=0),
        deregistration=deregistration,
        stop=max(stops, default=DEFAULT_STOP_TIMEOUT),
        bake=bake_seconds(subject.rollout),
    )


def bake_seconds(rollout: Answer) -> int:
    """Return how long a blue/green, linear or canary deployment waits on purpose."""
    strategy = rollout.get("strategy")
    if strategy in (None, "ROLLING"):
        return 0
    minutes = _number(rollout.get("bakeTimeInMinutes"), 0)
    canary, linear = rollout.get("canaryConfiguration") or {}, rollout.get("linearConfiguration") or {}
    if strategy == "CANARY":
        minutes += _number(canary.get("canaryBakeTimeInMinutes"), 0)
    if strategy == "LINEAR":
        percent = float(linear.get("stepPercent") or 100)
        # The last step is all of the traffic, and is followed by the bake time of the deployment.
        steps = max(1, -int(-100 // percent)) - 1
        minutes += steps * _number(linear.get("stepBakeTimeInMinutes"), 0)
    return minutes * 60


def _number(value: t.Any, default: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


__all__ = ("Pace", "Prediction", "bake_seconds", "pace_of", "predict_seconds", "timeout_long_enough")
