# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a diagnosis is, and the case a rule looks at: one task, or the service as a whole."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Container, Evidence, Task

if t.TYPE_CHECKING:
    from collections.abc import Iterator

Code = t.Literal[
    "image_not_found",
    "image_platform_mismatch",
    "image_pull_denied",
    "image_no_route",
    "image_rate_limited",
    "image_pull_failed",
    "secret_missing",
    "secret_denied",
    "secret_json_key_missing",
    "secret_no_route",
    "role_not_assumable",
    "out_of_memory",
    "application_exit",
    "command_not_found",
    "command_not_executable",
    "exec_format_error",
    "port_not_open",
    "port_mismatch",
    "health_check_path",
    "health_check_code",
    "health_check_timeout",
    "container_health_check_failed",
    "grace_period_too_short",
    "dependency_dns",
    "dependency_refused",
    "dependency_timeout",
    "database_auth",
    "aws_access_denied",
    "bedrock_access_denied",
    "capacity_none",
    "capacity_no_instance_fits",
    "eni_limit",
    "subnet_ips_exhausted",
    "efs_mount_failed",
    "volume_or_log_driver",
    "disk_full",
    "deployment_alarm",
    "superseded",
    "service_gone",
    "desired_zero",
    "task_stopped_by_person",
    "spot_interruption",
    "instance_gone",
    "ec2_agent_disconnected",
    "circuit_breaker_no_cause",
    "unknown",
]
Confidence = t.Literal["certain", "likely", "possible"]
RANK: dict[Confidence, int] = {"certain": 0, "likely": 1, "possible": 2}

Statement = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Quote:
    """Words of somebody else, and where they stand."""

    where: str
    text: str


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """A cause, how sure we are of it, what says so, and what to do next."""

    code: Code
    confidence: Confidence
    explanation: str
    fix: str
    evidence: tuple[Quote, ...] = ()
    fatal: bool = False
    """Waiting will not mend it: the next task will die of it too."""
    tasks: tuple[str, ...] = ()
    """The tasks that died of it."""
    statement: Statement | None = None
    """The policy statement that would allow what was denied."""
    faulty_statement: Statement | None = None
    """The statement that was meant to, where the role's policies could be read."""

    def as_result(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Case:
    """What a rule looks at, with what ECS says about it."""

    evidence: Evidence
    task: Task | None
    says: tuple[Quote, ...]

    @classmethod
    def of_task(cls, evidence: Evidence, task: Task) -> Case:
        says = [Quote(f"task {task.id}, stopped reason", task.stopped_reason)] if task.stopped_reason else []
        says += [
            Quote(f"task {task.id}, container {item.name}, reason", item.reason)
            for item in task.containers
            if item.reason
        ]
        return cls(evidence, task, tuple(says))

    @classmethod
    def of_service(cls, evidence: Evidence) -> Case:
        ours = evidence.deployment
        says = [Quote(f"deployment {ours.id}, reason", ours.reason)] if ours and ours.reason else []
        says += [Quote(f"service event, {reading.clock(item.time)}", item.message) for item in evidence.events]
        return cls(evidence, None, tuple(says))

    @property
    def tasks(self) -> tuple[str, ...]:
        return (self.task.id,) if self.task and self.task.died else ()

    def find(self, pattern: re.Pattern[str]) -> tuple[Quote, re.Match[str]] | None:
        """Return the first thing ECS says that fits, and how it fits."""
        for quote in self.says:
            match = pattern.search(quote.text)
            if match:
                return quote, match
        return None

    @functools.cached_property
    def culprits(self) -> tuple[Container, ...]:
        """Return the containers to blame: those that failed by themselves, before those that were killed with them."""
        if self.task is None:
            return ()
        failed = [item for item in self.task.containers if item.failed]
        by_itself = [item for item in failed if item.exit_code not in KILLED]
        chosen = by_itself or failed or [item for item in self.task.containers if item.log]
        return tuple(sorted(chosen, key=lambda item: (not item.essential, item.name)))

    def diagnosis(
        self,
        code: Code,
        confidence: Confidence,
        explanation: str,
        fix: str,
        *quotes: Quote,
        fatal: bool = False,
        statement: Statement | None = None,
        faulty_statement: Statement | None = None,
    ) -> Diagnosis:
        return Diagnosis(
            code=code,
            confidence=confidence,
            explanation=explanation,
            fix=fix,
            evidence=tuple(dict.fromkeys(quotes)),
            fatal=fatal,
            tasks=self.tasks,
            statement=statement,
            faulty_statement=faulty_statement,
        )


KILLED = frozenset({137, 143})
"""Exit codes of a container that was ended from outside: SIGKILL and SIGTERM."""

Rule = t.Callable[[Case], "Iterator[Diagnosis]"]


def log_quote(task: Task, container: Container, text: str) -> Quote:
    return Quote(f"task {task.id}, container {container.name}, log", text.strip())


def first_of(*rules: Rule) -> Rule:
    """Return a rule that tells what the first of several is sure of, and what those before it hold possible."""

    def told(case: Case) -> Iterator[Diagnosis]:
        for rule in rules:
            found = list(rule(case))
            yield from found
            if any(item.confidence != "possible" for item in found):
                return

    return told


__all__ = (
    "KILLED",
    "RANK",
    "Case",
    "Code",
    "Confidence",
    "Diagnosis",
    "Quote",
    "Rule",
    "Statement",
    "first_of",
    "log_quote",
)
