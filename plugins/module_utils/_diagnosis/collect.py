# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Gather the evidence of one deployment from AWS. One function is one call; what may not be read is named."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients, aws_call
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import (
    Container,
    Definition,
    Deployment,
    Event,
    Evidence,
    LogLine,
    Policy,
    Service,
    Target,
    TargetGroup,
    Task,
)
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker

if t.TYPE_CHECKING:
    from collections.abc import Callable

P = t.ParamSpec("P")
R = t.TypeVar("R")
Answer = dict[str, t.Any]

TASKS_PER_CALL = 100
NOTHING_THERE = frozenset({"ResourceNotFoundException"})


@dataclasses.dataclass(frozen=True)
class Subject:
    """The deployment to look at. Without an id it is the one in trouble, or the one that runs."""

    cluster: str
    service: str
    deployment: str | None = None
    definition: str | None = None
    """The revision it deploys; needed for a deployment that the service lists no more."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much to read: enough to understand, and never more than a person would."""

    tasks: int = 5
    log_lines: int = 50
    line_bytes: int = 2000


@aws_call("describe the ECS service")
def describe_service(ecs: t.Any, cluster: str, service: str) -> Answer | None:
    found = reading.mappings(ecs.describe_services(cluster=cluster, services=[service]).get("services"))
    return found[0] if found else None


@aws_call("describe the task definition")
def describe_definition(ecs: t.Any, identifier: str) -> Answer:
    return reading.mapping(ecs.describe_task_definition(taskDefinition=identifier).get("taskDefinition"))


@aws_call("list the service's tasks")
def list_tasks(ecs: t.Any, cluster: str, service: str, status: str) -> list[str]:
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service, desiredStatus=status)
    return [arn for page in pages for arn in reading.words(page.get("taskArns"))]


@aws_call("describe the tasks")
def describe_tasks(ecs: t.Any, cluster: str, arns: t.Sequence[str]) -> list[Answer]:
    found: list[Answer] = []
    for start in range(0, len(arns), TASKS_PER_CALL):
        answer = ecs.describe_tasks(cluster=cluster, tasks=list(arns[start : start + TASKS_PER_CALL]))
        found += reading.mappings(answer.get("tasks"))
    return found


@aws_call("read the log")
def log_events(logs: t.Any, group: str, stream: str, limit: int) -> list[Answer]:
    answer = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=limit, startFromHead=False)
    return reading.mappings(answer.get("events"))


@aws_call("read the health of the targets")
def target_health(elb: t.Any, group: str) -> list[Answer]:
    return reading.mappings(elb.describe_target_health(TargetGroupArn=group).get("TargetHealthDescriptions"))


@aws_call("describe the target groups")
def describe_target_groups(elb: t.Any, arns: t.Sequence[str]) -> list[Answer]:
    return reading.mappings(elb.describe_target_groups(TargetGroupArns=list(arns)).get("TargetGroups"))


@aws_call("list the role's own policies")
def inline_policies(iam: t.Any, role: str) -> list[str]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    return [name for page in pages for name in reading.words(page.get("PolicyNames"))]


@aws_call("read a policy of the role")
def inline_policy(iam: t.Any, role: str, name: str) -> Answer:
    return _document(iam.get_role_policy(RoleName=role, PolicyName=name).get("PolicyDocument"))


@aws_call("list the role's attached policies")
def attached_policies(iam: t.Any, role: str) -> list[Answer]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [item for page in pages for item in reading.mappings(page.get("AttachedPolicies"))]


@aws_call("read an attached policy")
def attached_policy(iam: t.Any, arn: str) -> Answer:
    version = reading.mapping(iam.get_policy(PolicyArn=arn).get("Policy")).get("DefaultVersionId")
    answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return _document(reading.mapping(answer.get("PolicyVersion")).get("Document"))


def _document(value: t.Any) -> Answer:
    if isinstance(value, str):
        try:
            value = json.loads(urllib.parse.unquote(value))
        except ValueError:
            return {}
    return reading.mapping(value)


def gather(
    clients: Clients, subject: Subject, limits: Limits | None = None, *, service: t.Mapping[str, t.Any] | None = None
) -> Evidence:
    """Return the evidence of a deployment. ``service`` is DescribeServices' answer, where somebody has it already."""
    return _Gathering(clients, subject, limits or Limits()).evidence(service)


class _Gathering:
    """One pass over the API, which goes on past what it may not read."""

    def __init__(self, clients: Clients, subject: Subject, limits: Limits) -> None:
        self._clients = clients
        self._subject = subject
        self._limits = limits
        self._masker = Masker()
        self._unreadable: list[str] = []

    def evidence(self, known: t.Mapping[str, t.Any] | None) -> Evidence:
        subject = self._subject
        answer = known or self._try(describe_service, self._clients("ecs"), subject.cluster, subject.service)
        if answer is None and not self._unreadable:
            self._unreadable.append(f"There is no service {subject.service} in cluster {subject.cluster}.")
        service = reading.mapping(answer)
        listed = reading.mappings(service.get("deployments"))
        chosen = _chosen(listed, subject.deployment)
        wanted = subject.deployment or reading.text(chosen.get("id"))
        revision = subject.definition or reading.text(chosen.get("taskDefinition"))
        stopped, running, others = self._tasks(wanted, revision, reading.moment(chosen.get("createdAt")))
        revision = revision or next((reading.text(task.get("taskDefinitionArn")) for task in (*stopped, *running)), "")
        definition = self._definition(revision)
        masked = self._masker
        state = dataclasses.replace(Service.from_api(service), name=subject.service.rsplit("/", 1)[-1])
        balancers = sorted({item.target_group for item in state.load_balancers if item.target_group})
        events, earlier = self._events(service, reading.moment(chosen.get("createdAt")))
        deployments = tuple(Deployment.from_api(item, masked) for item in listed)
        ours = next((item for item in deployments if item.id == wanted), None)
        return Evidence(
            service=dataclasses.replace(state, cluster=state.cluster or subject.cluster),
            deployment=ours,
            deployments=deployments,
            definition=definition,
            tasks=self._with_logs(definition, stopped, running),
            events=events,
            earlier_events=earlier,
            targets=self._targets(balancers),
            target_groups=self._target_groups(balancers),
            other_deployments=others,
            unreadable=tuple(dict.fromkeys(masked.text(item) for item in self._unreadable)),
        )

    def _try(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return call(*args, **kwargs)
        except AwsError as error:
            self._unreadable.append(error.message)
            return None

    def _tasks(
        self, deployment: str, revision: str, began: float | None
    ) -> tuple[list[Answer], list[Answer], tuple[str, ...]]:
        ecs, subject = self._clients("ecs"), self._subject
        arns = [
            arn
            for status in ("STOPPED", "RUNNING")
            for arn in self._try(list_tasks, ecs, subject.cluster, subject.service, status) or []
        ]
        described = (self._try(describe_tasks, ecs, subject.cluster, list(dict.fromkeys(arns))) or []) if arns else []
        ours = [task for task in described if _belongs(task, deployment, revision, began)]
        stopped = [task for task in ours if task.get("lastStatus") == "STOPPED" or task.get("stopCode")]
        started_by = {reading.text(task.get("startedBy")) for task in described if task.get("lastStatus") == "STOPPED"}
        others = sorted(item for item in started_by if item.startswith("ecs-svc/") and item != deployment)
        stopped.sort(key=_tells_most, reverse=True)
        running = [task for task in ours if task not in stopped]
        return stopped, running, tuple(others)

    def _definition(self, revision: str) -> Definition:
        if not revision:
            return Definition()
        answer = self._try(describe_definition, self._clients("ecs"), revision) or {}
        self._masker = Masker.of_definition(answer)
        return Definition.from_api(answer, self._masker)

    def _events(self, service: Answer, began: float | None) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        now: list[Event] = []
        earlier: list[Event] = []
        for item in reading.mappings(service.get("events")):
            event = Event(reading.moment(item.get("createdAt")), self._masker.text(reading.text(item.get("message"))))
            # Whole seconds are all that some answers have.
            after = began is None or event.time is None or event.time >= int(began)
            if not after and "has reached a steady state" in event.message:
                break
            (now if after else earlier).append(event)
        return tuple(now), tuple(earlier)

    def _with_logs(self, definition: Definition, stopped: list[Answer], running: list[Answer]) -> tuple[Task, ...]:
        tasks = [Task.from_api(answer, definition, self._masker) for answer in (*stopped, *running)]
        asked = [task for task in tasks if not task.told_to_go][: self._limits.tasks]
        return tuple(self._read(task, definition) if task in asked else task for task in tasks)

    def _read(self, task: Task, definition: Definition) -> Task:
        containers = tuple(dataclasses.replace(item, log=self._log(task, item, definition)) for item in task.containers)
        return dataclasses.replace(task, containers=containers)

    def _log(self, task: Task, container: Container, definition: Definition) -> tuple[LogLine, ...]:
        known = definition.container(container.name)
        if known is None or not known.log_driver or self._limits.log_lines < 1:
            return ()
        group, prefix = known.log_options.get("awslogs-group"), known.log_options.get("awslogs-stream-prefix")
        if known.log_driver != "awslogs" or not group or not prefix:
            self._unreadable.append(
                f"The log of container {container.name}: it goes to {known.log_driver}"
                f"{' without awslogs-stream-prefix' if known.log_driver == 'awslogs' else ''}, where it is not read."
            )
            return ()
        logs = self._clients("logs", region=known.log_options.get("awslogs-region") or None)
        stream = f"{prefix}/{container.name}/{task.id}"
        # A container that never started has no stream, and that is no gap in the evidence.
        started = container.exit_code is not None or task.started is not None
        try:
            events = log_events(logs, group, stream, self._limits.log_lines)
        except AwsError as error:
            if started or error.code not in NOTHING_THERE:
                self._unreadable.append(f"The log of container {container.name}, {group} {stream}: {error.message}")
            return ()
        return self._lines(events[-self._limits.log_lines :])

    def _lines(self, events: list[Answer]) -> tuple[LogLine, ...]:
        # A message may have several lines; each must be masked as a whole before it is cut.
        told = self._masker.lines([reading.text(event.get("message")).rstrip("\n") for event in events])
        found: list[LogLine] = []
        for event, message in zip(events, told, strict=True):
            stamp = reading.moment(event.get("timestamp"))
            milliseconds = event.get("timestamp")
            time = float(milliseconds) / 1000 if isinstance(milliseconds, (int, float)) else stamp
            for line in message.splitlines() or [""]:
                found.append(LogLine(time, _cut(line, self._limits.line_bytes)))
        return tuple(found[-self._limits.log_lines :])

    def _targets(self, groups: list[str]) -> tuple[Target, ...]:
        elb = self._clients("elbv2") if groups else None
        return tuple(
            Target.from_api(group, answer) for group in groups for answer in self._try(target_health, elb, group) or []
        )

    def _target_groups(self, groups: list[str]) -> tuple[TargetGroup, ...]:
        elb = self._clients("elbv2") if groups else None
        found = (self._try(describe_target_groups, elb, groups) or []) if groups else []
        return tuple(TargetGroup.from_api(answer) for answer in found)


def with_policies(clients: Clients, evidence: Evidence) -> Evidence:
    """Return the evidence with the task role's policies, as far as they may be read."""
    role = reading.last_part(evidence.definition.task_role)
    if not role:
        return evidence
    found: list[Policy] = []
    unreadable = list(evidence.unreadable)
    iam = clients("iam")
    try:
        found += [Policy(role, name, inline_policy(iam, role, name)) for name in inline_policies(iam, role)]
        for item in attached_policies(iam, role):
            arn, name = reading.text(item.get("PolicyArn")), reading.text(item.get("PolicyName"))
            # What AWS itself manages names no bucket of ours.
            if ":iam::aws:" not in arn:
                found.append(Policy(role, name, attached_policy(iam, arn)))
    except AwsError as error:
        unreadable.append(error.message)
    return dataclasses.replace(evidence, policies=tuple(found), unreadable=tuple(unreadable))


def _chosen(listed: list[Answer], wanted: str | None) -> Answer:
    """Return the deployment asked for; else one that failed (its rollback is primary by then), else the primary one."""
    if wanted:
        return next((item for item in listed if item.get("id") == wanted), {})
    for fits in (
        lambda item: item.get("rolloutState") == "FAILED",
        lambda item: item.get("status") == "PRIMARY",
    ):
        found = next((item for item in listed if fits(item)), None)
        if found:
            return found
    return listed[0] if listed else {}


def _belongs(task: Answer, deployment: str, revision: str, began: float | None) -> bool:
    """Tell whether a task is of this deployment: by who started it, else by its revision and its time."""
    started_by = reading.text(task.get("startedBy"))
    if started_by.startswith("ecs-svc/"):
        return started_by == deployment
    if not revision or reading.text(task.get("taskDefinitionArn")) != revision:
        return False
    created = reading.moment(task.get("createdAt"))
    # The same revision may have been deployed before.
    return began is None or created is None or created >= int(began)


def _tells_most(task: Answer) -> tuple[bool, float]:
    # A task the scheduler ended says nothing about why the others died, unless its health was the reason.
    code, reason = task.get("stopCode"), reading.text(task.get("stoppedReason")).lower()
    when = reading.moment(task.get("stoppedAt")) or reading.moment(task.get("createdAt")) or 0.0
    return code != "ServiceSchedulerInitiated" or "health check" in reason, when


def _cut(line: str, limit: int) -> str:
    encoded = line.encode(errors="replace")
    return line if len(encoded) <= limit else encoded[:limit].decode(errors="ignore") + "…"


__all__ = ("Limits", "Subject", "gather", "with_policies")
