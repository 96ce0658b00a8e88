# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a container is well: the check of its own that its definition names."""

from __future__ import annotations

import dataclasses
import time
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping

Health = t.Literal["UNKNOWN", "HEALTHY", "UNHEALTHY"]


class HealthCheck(t.NamedTuple):
    """A command, and how its failures count; what is not said is as ECS has it."""

    command: list[str]
    interval: float
    timeout: float
    retries: int
    start_period: float

    @classmethod
    def of(cls, given: Mapping[str, t.Any]) -> HealthCheck:
        kind, *words = given["command"]
        command = {"CMD": words, "CMD-SHELL": ["/bin/sh", "-c", *words]}.get(kind, [kind, *words])
        return cls(
            command=command,
            interval=float(given.get("interval") or 30),
            timeout=float(given.get("timeout") or 5),
            retries=int(given.get("retries") or 3),
            start_period=float(given.get("startPeriod") or 0),
        )


@dataclasses.dataclass
class HealthRecord:
    """What the checks of one container have told so far."""

    check: HealthCheck
    began: float
    status: Health = "UNKNOWN"
    failures: int = 0

    # A container in doubt is asked far more often than its interval says, or every start here would take that long;
    # how long it must fail to be unhealthy is measured in its own intervals.
    SOON: t.ClassVar[float] = 0.5

    def learn(self, passed: bool, now: float) -> Health:
        if passed:
            self.status, self.failures = "HEALTHY", 0
            return self.status
        self.failures += 1
        patience = self.check.interval * self.check.retries
        if self.status == "UNKNOWN":
            if now - self.began >= self.check.start_period + patience:
                self.status = "UNHEALTHY"
        elif self.failures >= self.check.retries:
            self.status = "UNHEALTHY"
        return self.status

    @property
    def pause(self) -> float:
        return min(self.SOON, self.check.interval) if self.status == "UNKNOWN" else self.check.interval


def ask(container: t.Any, check: HealthCheck) -> bool:
    """Run the command once inside the container."""
    api, deadline = container.client.api, time.monotonic() + check.timeout
    try:
        run = api.exec_create(container.id, check.command)["Id"]
        api.exec_start(run, detach=True)
        while time.monotonic() < deadline:
            state = api.exec_inspect(run)
            if not state["Running"]:
                return bool(state["ExitCode"] == 0)
            time.sleep(0.05)
    except Exception:  # whatever the engine's client throws: a container that cannot be asked is not well
        return False
    return False
