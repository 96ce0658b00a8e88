# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why tasks die, in the words that ECS, the container engine and the program use for it."""

from __future__ import annotations

import dataclasses

ESSENTIAL = "Essential container in task exited"


@dataclasses.dataclass(frozen=True)
class Cause:
    """How a task that died looks. C({image}) in a reason becomes the image of its first container."""

    stopped_reason: str
    stop_code: str = "EssentialContainerExited"
    exit_code: int | None = None
    """None where the container never ran."""
    reason: str = ""
    """What the container engine says of the container."""
    log: tuple[str, ...] = ()
    health: str = "UNKNOWN"

    @property
    def ran(self) -> bool:
        return self.exit_code is not None


def _not_started(stopped_reason: str) -> Cause:
    return Cause(stopped_reason, stop_code="TaskFailedToStart")


def _unhealthy(stopped_reason: str) -> Cause:
    return Cause(stopped_reason, stop_code="ServiceSchedulerInitiated", exit_code=143, health="UNHEALTHY")


CAUSES: dict[str, Cause] = {
    "exit": Cause(
        ESSENTIAL,
        exit_code=1,
        log=(
            "Traceback (most recent call last):",
            '  File "/app/main.py", line 12, in <module>',
            '    url = os.environ["DATABASE_URL"]',
            "KeyError: 'DATABASE_URL'",
        ),
    ),
    "silent_exit": Cause(ESSENTIAL, exit_code=1),
    "out_of_memory": Cause(
        "OutOfMemoryError: Container killed due to memory usage",
        exit_code=137,
        reason="OutOfMemoryError: Container killed due to memory usage",
    ),
    "command_not_found": Cause(
        "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed "
        'to create shim task: OCI runtime create failed: exec: "serve": executable file not found in $PATH',
        stop_code="TaskFailedToStart",
        exit_code=127,
    ),
    "image_not_found": _not_started(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: "
        "not found"
    ),
    "secret_missing": _not_started(
        "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: "
        "ResourceNotFoundException: Secrets Manager can't find the specified secret."
    ),
    "role_not_assumable": _not_started(
        "ECS was unable to assume the role that was provided for this task. Please verify that the role being passed "
        "has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    ),
    "container_health": _unhealthy("Task failed container health checks"),
    "load_balancer_health": _unhealthy("Task failed ELB health checks"),
}
