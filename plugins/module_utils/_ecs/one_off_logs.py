# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What the main container of a one-off task writes: live while it runs, and its last lines afterwards."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker, secrets_in
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_tasks import last_log_lines, log_lines_after
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import Job, last_part

if t.TYPE_CHECKING:
    from collections.abc import Callable

LIVE_LINES = 1000
PAGES_PER_LOOK = 5
LINE_LENGTH = 2000

# Shorter values of variables with harmless names are everyday words: masking them would make logs unreadable.
LONG = 8

NOT_THERE = "ResourceNotFoundException"


@dataclasses.dataclass(frozen=True)
class Stream:
    """Where in CloudWatch Logs one container of one task writes to."""

    group: str
    name: str
    region: str | None


def stream_of(definition: t.Mapping[str, t.Any], container: str, task_arn: str) -> Stream | None:
    """Return the stream of a container, or nothing if it logs elsewhere or under a name nobody can tell."""
    for item in definition.get("containerDefinitions", []):
        configuration = item.get("logConfiguration") or {}
        given = configuration.get("options") or {}
        prefix, group = given.get("awslogs-stream-prefix"), given.get("awslogs-group")
        if item.get("name") == container and configuration.get("logDriver") == "awslogs" and prefix and group:
            return Stream(group, f"{prefix}/{container}/{last_part(task_arn)}", given.get("awslogs-region"))
    return None


def masker(job: Job, definition: t.Mapping[str, t.Any]) -> Masker:
    """Return what takes the secrets out of a task's words: those of its definition, and of this run's overrides."""
    secrets: list[str] = []
    for container in definition.get("containerDefinitions", []):
        for item in container.get("environment") or []:
            secrets += secrets_in(str(item.get("name", "")), str(item.get("value", "")))
    for name, value in job.environment.items():
        secrets += [value] if len(value) >= LONG else secrets_in(name, value)
    return Masker(secrets)


class Log:
    """The log of one container. What cannot be read is told once, and never hides how the task ended."""

    def __init__(self, clients: Clients, stream: Stream | None, mask: Masker) -> None:
        self._clients = clients
        self._stream = stream
        self._mask = mask
        self._token: str | None = None
        self._shown = 0
        self._over = stream is None

    def show_new(self, say: Callable[[str], None]) -> bool:
        """Say the lines written since the last time, within bounds, and tell whether there were any."""
        if self._over or self._stream is None:
            return False
        try:
            return self._show(self._stream, say)
        except AwsError as error:
            if error.code != NOT_THERE:  # a stream begins with the first line
                self._over = True
                say(f"its log cannot be shown: {error.message}")
            return False

    def _show(self, stream: Stream, say: Callable[[str], None]) -> bool:
        moved = False
        for dummy in range(PAGES_PER_LOOK):
            lines, token = log_lines_after(self._logs(stream), stream.group, stream.name, self._token)
            end, self._token = token == self._token, token
            for line in self._mask.lines(lines):
                if self._shown >= LIVE_LINES:
                    self._over = True
                    say(
                        f"(more than {LIVE_LINES} lines: the rest is in log group {stream.group}, stream {stream.name})"
                    )
                    return True
                say(f"| {line[:LINE_LENGTH]}")
                self._shown += 1
                moved = True
            if end or not lines:
                break
        return moved

    def last_lines(self, limit: int) -> list[str]:
        """Return the last lines, or none if there is no log to read."""
        if self._stream is None or limit <= 0:
            return []
        try:
            lines = last_log_lines(self._logs(self._stream), self._stream.group, self._stream.name, limit)
        except AwsError:
            return []  # a task that never started has no stream
        return [line[:LINE_LENGTH] for line in self._mask.lines(lines)]

    def where(self) -> dict[str, str | None]:
        return {
            "group": self._stream.group if self._stream else None,
            "stream": self._stream.name if self._stream else None,
        }

    def _logs(self, stream: Stream) -> t.Any:
        return self._clients("logs", region=stream.region)


__all__ = ("Log", "Stream", "masker", "stream_of")
