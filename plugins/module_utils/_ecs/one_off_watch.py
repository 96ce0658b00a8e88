# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Follow one task until it has an outcome with a name."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_tasks import Answer, describe_tasks, stop_task
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import Clock

Outcome = t.Literal["succeeded", "failed", "timed_out", "not_started"]

# Stopped by somebody or something else than its own containers: an exit code of 0 then only says that it went politely.
FROM_OUTSIDE = frozenset({
    "UserInitiated", "ServiceSchedulerInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth",
})  # fmt: skip

TIMEOUT_REASON = "Slipway: not finished within"

SHORTEST, LONGEST = 1.0, 5.0

# How long a task may be missing from the answers. ECS is eventually consistent, and says nothing at first.
UNSEEN = 60.0

# ECS kills a container this long after it asked it to stop: stopTimeout is two minutes at most.
STOPPING = 150.0


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a task ended, and what it looked like then."""

    outcome: Outcome
    task: Answer | None
    exit_code: int | None
    reason: str
    stopped: bool = True
    """Whether it runs no more, as far as we know."""


def judge(task: t.Mapping[str, t.Any], main: str) -> Verdict | None:
    """Return the outcome of a task, or nothing while it is open.

    Only the main container's exit code counts: others get a signal when it is done. A task that never started has no
    exit code at all, which is not 0.
    """
    if task.get("lastStatus") not in ("STOPPED", "DELETED"):
        return None
    stopped = dict(task)
    code = exit_code(task, main)
    why = _reasons(task, main)
    if str(task.get("stoppedReason") or "").startswith(TIMEOUT_REASON):
        return Verdict("timed_out", stopped, code, f"It was stopped because it took too long.{why}")
    if code is None and not (task.get("startedAt") or _any_exit_code(task)):
        return Verdict("not_started", stopped, None, f"Container {main} never started.{why}")
    if code is None:
        return Verdict("failed", stopped, None, f"Container {main} ended without an exit code.{why}")
    if task.get("stopCode") in FROM_OUTSIDE:
        return Verdict("failed", stopped, code, f"It was stopped from outside before it was done.{why}")
    if code != 0:
        return Verdict("failed", stopped, code, f"Container {main} exited with code {code}{_signal(code)}.{why}")
    return Verdict("succeeded", stopped, 0, f"Container {main} exited with code 0.")


def exit_code(task: t.Mapping[str, t.Any], name: str) -> int | None:
    for container in task.get("containers", []):
        code = container.get("exitCode")
        if container.get("name") == name and isinstance(code, int):
            return int(code)
    return None


def _any_exit_code(task: t.Mapping[str, t.Any]) -> bool:
    return any(container.get("exitCode") is not None for container in task.get("containers", []))


def _reasons(task: t.Mapping[str, t.Any], main: str) -> str:
    """Return what ECS says about it, the main container's own reason first."""
    containers = sorted(task.get("containers", []), key=lambda item: item.get("name") != main)
    told = {f"{item.get('name')}: {item['reason']}": None for item in containers if item.get("reason")}
    if task.get("stoppedReason"):
        code = f" ({task['stopCode']})" if task.get("stopCode") else ""
        told[f"{task['stoppedReason']}{code}"] = None
    return f" ECS says: {'; '.join(reason.rstrip('.') for reason in told)}." if told else ""


def _signal(code: int) -> str:
    meanings = {126: "not executable", 127: "command not found", 137: "killed", 139: "crashed", 143: "told to stop"}
    return f" ({meanings[code]})" if code in meanings else ""


class Watcher:
    """Looks at one task, often while it moves."""

    def __init__(
        self, ecs: t.Any, cluster: str, arn: str, main: str, *, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._ecs = ecs
        self._cluster = cluster
        self._arn = arn
        self._main = main
        self._clock = clock
        self._say = say
        self._said = ""
        self._last: Answer | None = None
        self._heard_at = clock.monotonic()

    def follow(self, timeout: float, meanwhile: Callable[[], bool]) -> Verdict:
        """Look until the task has ended, or stop it when the time is over.

        C(meanwhile) is called at every look, and tells whether it saw anything move.
        """
        deadline = self._clock.monotonic() + timeout
        verdict = self._until(deadline, meanwhile)
        if verdict is not None:
            return verdict
        return self._stop(timeout, meanwhile)

    def _until(self, deadline: float, meanwhile: Callable[[], bool]) -> Verdict | None:
        pause = SHORTEST
        while True:
            task, moved = self._look()
            wrote = meanwhile()
            verdict = judge(task or {}, self._main)
            if verdict is not None:
                return verdict
            now = self._clock.monotonic()
            if now - self._heard_at >= UNSEEN:
                return Verdict("failed", self._last, None, "ECS no longer knows the task, and how it ended is lost.")
            if now >= deadline:
                return None
            pause = SHORTEST if moved or wrote else min(pause * 1.3, LONGEST)
            self._clock.sleep(min(pause, max(0.1, deadline - now)))

    def _look(self) -> tuple[Answer | None, bool]:
        """Return the task, if it was to be seen, and whether it is in another state than before."""
        try:
            found = describe_tasks(self._ecs, self._cluster, [self._arn])
        except AwsError as error:
            if not error.passing:
                raise
            # Without an answer there is no news of it: the task runs on, and so does the time.
            self._heard_at = self._clock.monotonic()
            self._tell(f"cannot be seen at the moment ({error.code})")
            return self._last, False
        if not found:
            return None, False
        self._last, self._heard_at = found[0], self._clock.monotonic()
        return found[0], self._tell(str(found[0].get("lastStatus", "")).lower())

    def _tell(self, line: str) -> bool:
        moved = line != self._said
        if moved:
            self._said = line
            self._say(line)
        return moved

    def _stop(self, timeout: float, meanwhile: Callable[[], bool]) -> Verdict:
        told = f"{timeout:.0f} s"
        self._say(f"not finished after {told}: stopping it")
        try:
            stop_task(self._ecs, self._cluster, self._arn, f"{TIMEOUT_REASON} {told}")
        except AwsError as error:
            reason = f"It was not finished within {told}, and could not be stopped: {error.message}"
            return Verdict("timed_out", self._last, None, reason, stopped=False)
        ended = self._until(self._clock.monotonic() + STOPPING, meanwhile)
        if ended is None:
            reason = f"It was not finished within {told}. ECS was asked to stop it, and it has not stopped yet."
            return Verdict("timed_out", self._last, None, reason, stopped=False)
        if ended.outcome == "succeeded":
            return ended  # it was done just when its time was over
        return Verdict("timed_out", ended.task, ended.exit_code, f"It was not finished within {told} and was stopped.")


def known(ecs: t.Any, cluster: str, arns: t.Sequence[str]) -> list[Answer]:
    """Return those of the tasks that ECS knows, those that run first, and the youngest first among them."""
    if not arns:
        return []
    tasks = describe_tasks(ecs, cluster, arns)
    tasks.sort(key=lambda task: str(task.get("createdAt") or ""), reverse=True)
    tasks.sort(key=lambda task: task.get("lastStatus") == "STOPPED")
    return tasks


def way_to_stop(region: str, cluster: str, arn: str) -> str:
    """Return the command that stops a task."""
    return f"aws ecs stop-task --region {region} --cluster {cluster} --task {arn}"


def still_runs(region: str, cluster: str, arn: str) -> str:
    return f"the task goes on without us; to stop it: {way_to_stop(region, cluster, arn)}"


def lost_sight(error: AwsError, region: str, cluster: str, arn: str) -> SlipwayError:
    """Return the error of a watch that cannot go on, although the task does."""
    return SlipwayError(
        f"{error.message} Task {arn} may still run.",
        hint=f"To stop it: {way_to_stop(region, cluster, arn)}",
        details={**error.details, "task_arn": arn},
    )


__all__ = (
    "Outcome", "Verdict", "Watcher", "exit_code", "judge", "known", "lost_sight", "still_runs", "way_to_stop",
)  # fmt: skip
