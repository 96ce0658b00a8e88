# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of a service at one moment: those that run, those on their way, and those that died or were let go."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import typing as t

from .course import Dying

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .causes import Cause
    from .timeline import Reign, Timeline

REMEMBERED = 3600.0
"""ECS tells of a stopped task for about an hour."""
AT_MOST = 100


@dataclasses.dataclass(frozen=True)
class Life:
    """One task of a deployment."""

    reign: Reign
    number: int
    created: float
    started: float | None = None
    stopped: float | None = None
    cause: Cause | None = None
    """Nothing where the scheduler let it go."""

    @property
    def status(self) -> str:
        if self.stopped is not None:
            return "STOPPED"
        return "PENDING" if self.started is None else "RUNNING"

    @property
    def identity(self) -> str:
        return hashlib.sha256(f"{self.reign.identifier} {self.number}".encode()).hexdigest()[:32]


def lives(timeline: Timeline, now: float) -> list[Life]:
    """Return every task that ECS would tell of now."""
    found: list[Life] = []
    alive = {item.reign.identifier: item.reign for item in timeline.seen(now)}
    seen: set[str] = set()
    for reign in reversed([item for item in timeline.reigns() if item.since <= now]):
        if reign.identifier in seen:
            continue
        seen.add(reign.identifier)
        end = min(now, timeline.replaced(reign))
        if isinstance(reign.course.tasks, Dying):
            found += _dying(reign, reign.course.tasks, end, runs=end == now and reign.identifier in alive)
        else:
            found += _rising(reign, end, _let_go(timeline, reign, now))
    return [life for life in found if life.stopped is None or now - life.stopped < REMEMBERED]


def _let_go(timeline: Timeline, reign: Reign, now: float) -> float | None:
    """Return when the tasks of a deployment were stopped, because another one was complete."""
    later = [item for item in timeline.reigns() if reign.since < item.since <= now]
    done = [item.completes for item in later if timeline.completed(item, now)]
    return min(done, default=None)


def _rising(reign: Reign, end: float, let_go: float | None) -> Iterator[Life]:
    counts = reign.counts(end)
    for number in range(counts.running + counts.pending):
        runs = number < counts.running
        if let_go is not None and not runs:
            continue
        yield Life(reign, number, reign.created, reign.created if runs else None, let_go)


def _dying(reign: Reign, tasks: Dying, end: float, *, runs: bool) -> Iterator[Life]:
    last = min(end, reign.fails) - reign.since
    deaths = tasks.deaths(last)
    for round_number, death in list(enumerate(deaths))[-max(1, AT_MOST // max(reign.desired, 1)) :]:
        created = reign.since + round_number * tasks.round
        started = created + tasks.starting if tasks.cause.ran else None
        for number in range(reign.desired):
            whole = round_number * reign.desired + number
            yield Life(reign, whole, created, started, reign.since + death, tasks.cause)
    counts = reign.counts(end)
    if runs:
        created = reign.since + len(deaths) * tasks.round
        for number in range(counts.running + counts.pending):
            started = created + tasks.starting if number < counts.running else None
            yield Life(reign, len(deaths) * reign.desired + number, created, started)


@dataclasses.dataclass(frozen=True)
class ServiceTask:
    """A task as moto answers it: with the names it looks for."""

    task_arn: str
    task_definition_arn: str
    cluster_arn: str
    started_by: str
    group: str
    launch_type: str
    last_status: str
    desired_status: str
    health_status: str
    created_at: datetime.datetime
    containers: list[dict[str, t.Any]]
    started_at: datetime.datetime | None = None
    stopping_at: datetime.datetime | None = None
    stopped_at: datetime.datetime | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a service's tasks are, and what their containers are called."""

    service: str
    cluster_arn: str
    launch_type: str


def as_task(life: Life, place: Place, containers: t.Sequence[t.Mapping[str, t.Any]]) -> ServiceTask:
    arn = f"{place.cluster_arn.replace(':cluster/', ':task/')}/{life.identity}"
    code, reason = _why(life, str(containers[0].get("image", "")) if containers else "")
    return ServiceTask(
        task_arn=arn,
        task_definition_arn=life.reign.definition,
        cluster_arn=place.cluster_arn,
        started_by=life.reign.identifier,
        group=f"service:{place.service}",
        launch_type=place.launch_type,
        last_status=life.status,
        desired_status="STOPPED" if life.stopped is not None else "RUNNING",
        health_status=life.cause.health if life.cause else "UNKNOWN",
        created_at=moment(life.created),
        containers=[_container(life, item, arn, number) for number, item in enumerate(containers)],
        started_at=None if life.started is None else moment(life.started),
        stopping_at=None if life.stopped is None else moment(life.stopped),
        stopped_at=None if life.stopped is None else moment(life.stopped),
        stop_code=code,
        stopped_reason=reason,
    )


def _why(life: Life, image: str) -> tuple[str | None, str | None]:
    if life.stopped is None:
        return None, None
    if life.cause is None:
        return "ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {life.reign.identifier})"
    return life.cause.stop_code, life.cause.stopped_reason.replace("{image}", image)


def _container(life: Life, definition: t.Mapping[str, t.Any], task: str, number: int) -> dict[str, t.Any]:
    name, image = str(definition.get("name", "app")), str(definition.get("image", ""))
    container: dict[str, t.Any] = {
        "containerArn": f"{task.replace(':task/', ':container/')}/{number}",
        "taskArn": task,
        "name": name,
        "image": image,
        "lastStatus": life.status,
        "healthStatus": life.cause.health if life.cause else "UNKNOWN",
    }
    if life.stopped is not None:
        # The one that dies is the first; its neighbours are told to go.
        cause = life.cause
        code = cause.exit_code if cause and number == 0 else 143
        if cause is None or cause.ran:
            container["exitCode"] = code
        if cause and cause.reason and number == 0:
            container["reason"] = cause.reason
    return container


def moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
