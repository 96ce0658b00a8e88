# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which targets of a load balancer may have traffic: the ones that answered their health check."""

from __future__ import annotations

import dataclasses
import http.client
import random
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

State = t.Literal["initial", "healthy", "unhealthy"]


class Target(t.NamedTuple):
    """One registration in a target group."""

    group: str
    address: str
    port: int


class Check(t.NamedTuple):
    """How a target group tells a healthy target."""

    path: str
    codes: str
    interval: float
    timeout: float
    unhealthy_threshold: int

    @classmethod
    def of(cls, group: Mapping[str, t.Any]) -> Check:
        return cls(
            path=group.get("HealthCheckPath") or "/",
            codes=(group.get("Matcher") or {}).get("HttpCode", "200"),
            interval=float(group.get("HealthCheckIntervalSeconds") or 30),
            timeout=float(group.get("HealthCheckTimeoutSeconds") or 5),
            unhealthy_threshold=int(group.get("UnhealthyThresholdCount") or 2),
        )


def accepts(codes: str, status: int) -> bool:
    """Tell whether a matcher such as ``200,202`` or ``200-299`` accepts a status."""
    for part in codes.split(","):
        first, dummy, last = part.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


class Answer(t.NamedTuple):
    """What one look at a target told, in the load balancer's words where it told nothing good."""

    passed: bool
    reason: str = ""
    description: str = ""


LOOKING = Answer(False, "Elb.InitialHealthChecking", "Initial health checks in progress")
SILENT = Answer(False, "Target.FailedHealthChecks", "Health checks failed")
SLOW = Answer(False, "Target.Timeout", "Request timed out")


def ask(target: Target, check: Check) -> Answer:
    """Ask a target once, as the load balancer does."""
    connection = http.client.HTTPConnection(target.address, target.port, timeout=check.timeout)
    try:
        connection.request("GET", check.path, headers={"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close"})
        status = connection.getresponse().status
    except TimeoutError:
        return SLOW
    except (OSError, http.client.HTTPException):
        return SILENT
    else:
        wrong = Answer(False, "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")
        return Answer(True) if accepts(check.codes, status) else wrong
    finally:
        connection.close()


@dataclasses.dataclass
class Record:
    """What the checks of one target have told so far."""

    state: State = "initial"
    failing_since: float | None = None
    next_look: float = 0.0
    last: Answer = LOOKING

    def learn(self, answer: Answer, check: Check, now: float, soon: float) -> None:
        """Take in one answer. As on AWS, a new target is healthy after its first good one."""
        self.last = answer
        if answer.passed:
            self.state, self.failing_since = "healthy", None
        else:
            self.failing_since = now if self.failing_since is None else self.failing_since
            if now - self.failing_since >= check.interval * check.unhealthy_threshold:
                self.state = "unhealthy"
        # A target in doubt is looked at far more often than its interval says, or every start here would take
        # half a minute; how long it must fail to be unhealthy is measured in the group's own intervals.
        self.next_look = now + (check.interval if self.state == "healthy" and answer.passed else soon)


class TargetHealth:
    """Looks after all registered targets, in the background, from the first time somebody asks."""

    SOON = 0.2

    def __init__(
        self,
        registered: Callable[[], Mapping[Target, Check]],
        *,
        probe: Callable[[Target, Check], Answer] = ask,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registered, self._probe, self._now = registered, probe, now
        self._records: dict[Target, Record] = {}
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="target-health")

    def start(self) -> None:
        threading.Thread(target=self._watch, name="target-health", daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.look()
            time.sleep(self.SOON)

    def look(self) -> None:
        """Ask every target that is due, and forget those that are no longer registered."""
        registered = dict(self._registered())
        now = self._now()
        self._records = {target: self._records.get(target) or Record() for target in registered}
        due = [target for target in registered if self._records[target].next_look <= now]
        answers = self._pool.map(lambda target: self._probe(target, registered[target]), due)
        for target, answer in zip(due, answers, strict=True):
            self._records[target].learn(answer, registered[target], self._now(), self.SOON)

    def state(self, target: Target) -> State:
        record = self._records.get(target)
        return record.state if record else "initial"

    def why(self, target: Target) -> Answer:
        """Return what the load balancer has against a target that is not healthy."""
        record = self._records.get(target)
        return record.last if record and record.state == "unhealthy" else LOOKING

    def choose(self, targets: Sequence[Target]) -> Target | None:
        """Return a target for one request: a healthy one; where all are unhealthy, any, for the balancer fails open."""
        healthy = [target for target in targets if self.state(target) == "healthy"]
        if healthy:
            return random.choice(healthy)  # noqa: S311 - it spreads load
        unhealthy = [target for target in targets if self.state(target) == "unhealthy"]
        return random.choice(unhealthy) if unhealthy and len(unhealthy) == len(targets) else None  # noqa: S311
