# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What happened to the deployment as a whole, or was done to its tasks from outside."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Case, Diagnosis, Quote

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ALARM = re.compile(
    r"alarms? (?:was |were )?(?:detected|triggered|breached|in ALARM)|alarm\(s\)|due to .{0,30}alarm|deployment alarm",
    re.IGNORECASE,
)
BREAKER = re.compile(r"circuit breaker|tasks failed to start", re.IGNORECASE)
SPOT = re.compile(r"Spot (?:Task|Instance) was interrupted|spot interruption", re.IGNORECASE)
GONE = re.compile(
    r"Host EC2 \(instance [^)]*\) (?:stopped|terminated|was)|instance .{0,40}(?:terminated|deregistered)", re.IGNORECASE
)
AGENT = re.compile(r"error \"?AGENT\"?|agent .{0,30}disconnected|RESOURCE:AGENT", re.IGNORECASE)


def superseded(case: Case) -> Iterator[Diagnosis]:
    by = case.evidence.superseded_by
    ours = case.evidence.deployment
    if case.task is None and by and ours:
        yield case.diagnosis(
            "superseded",
            "certain",
            f"Another deployment, {by.id}, took the place of {ours.id} at {reading.clock(by.created)}.",
            f"Find out who started it (CloudTrail, UpdateService) and let one of you go first. It ships "
            f"{reading.last_part(by.definition) or 'another revision'}.",
            Quote("service, deployments", f"{by.id} is PRIMARY, {ours.id} is {ours.status}"),
        )


def deployment_alarm(case: Case) -> Iterator[Diagnosis]:
    found = case.find(ALARM) if case.task is None else None
    if found:
        names = ", ".join(case.evidence.service.alarms)
        yield case.diagnosis(
            "deployment_alarm",
            "certain",
            "A CloudWatch alarm that guards this deployment went off.",
            f"Look at the alarms {names or 'of the service (deploymentConfiguration.alarms)'} around "
            f"{found[0].where.partition(', ')[2] or 'that time'}: the new revision made them go off, or they were near "
            "it before.",
            found[0],
        )


def service_gone(case: Case) -> Iterator[Diagnosis]:
    service = case.evidence.service
    if case.task is None and service.name and service.status != "ACTIVE":
        yield case.diagnosis(
            "service_gone",
            "certain",
            f"Service {service.name} was deleted, or is being deleted.",
            "CloudTrail says who did it (event DeleteService). Bring the infrastructure up again, and release then.",
            Quote("service", f"status {service.status or 'MISSING'}"),
        )


def desired_zero(case: Case) -> Iterator[Diagnosis]:
    service, ours = case.evidence.service, case.evidence.deployment
    asleep = service.status == "ACTIVE" and service.desired == 0
    if case.task is None and asleep and (ours is None or ours.rollout != "FAILED"):
        yield case.diagnosis(
            "desired_zero",
            "certain",
            f"Service {service.name} is asked to run no task at all.",
            f"Set its desired count: aws ecs update-service --cluster {service.cluster} --service {service.name} "
            "--desired-count <number>. Or see what scaled it in (Application Auto Scaling, a schedule, a person).",
            Quote("service", "desiredCount 0"),
        )


def task_stopped_by_person(case: Case) -> Iterator[Diagnosis]:
    task = case.task
    if task and task.stop_code == "UserInitiated":
        yield case.diagnosis(
            "task_stopped_by_person",
            "certain",
            "Somebody, or a program of theirs, stopped the task by StopTask.",
            "CloudTrail says who (event StopTask). ECS starts another one by itself.",
            Quote(f"task {task.id}, stop code", f"UserInitiated: {task.stopped_reason or 'no reason given'}"),
        )


def spot_interruption(case: Case) -> Iterator[Diagnosis]:
    task = case.task
    found = case.find(SPOT)
    if task and (task.stop_code == "SpotInterruption" or found):
        yield case.diagnosis(
            "spot_interruption",
            "certain",
            "AWS took the Spot capacity back that the task ran on.",
            "Nothing is wrong with the task, and ECS replaces it when there is capacity. Give the service a base of "
            "FARGATE (or On-Demand) besides FARGATE_SPOT if it must not be interrupted.",
            found[0] if found else Quote(f"task {task.id}, stop code", task.stop_code),
        )


def instance_gone(case: Case) -> Iterator[Diagnosis]:
    task = case.task
    found = case.find(GONE)
    if task and (found or task.stop_code in ("TerminationNotice", "InfrastructureHealth")) and not case.find(SPOT):
        yield case.diagnosis(
            "instance_gone",
            "certain",
            "The instance or host the task ran on went away.",
            "ECS places the task elsewhere. See the Auto Scaling group's activity, and turn on managed draining.",
            found[0] if found else Quote(f"task {task.id}, stop code", task.stop_code),
        )


def ec2_agent_disconnected(case: Case) -> Iterator[Diagnosis]:
    found = case.find(AGENT)
    if found:
        yield case.diagnosis(
            "ec2_agent_disconnected",
            "certain",
            "The ECS agent of the instance that should run the task is not connected.",
            "Restart it there (systemctl restart ecs), and see that the instance reaches the ECS endpoints and has its "
            "instance profile; or replace the instance.",
            found[0],
        )


def circuit_breaker_no_cause(case: Case) -> Iterator[Diagnosis]:
    # Dead tasks that nobody understands are unknown, with all they left; they are not gone.
    found = case.find(BREAKER) if case.task is None and not case.evidence.dead_tasks else None
    if found:
        yield case.diagnosis(
            "circuit_breaker_no_cause",
            "possible",
            "The deployment circuit breaker stopped the deployment, and no stopped task of it is left to say why.",
            "Deploy again and diagnose while it runs: ECS forgets stopped tasks after about an hour.",
            found[0],
        )


def deployment(case: Case) -> Iterator[Diagnosis]:
    for rule in (
        superseded,
        deployment_alarm,
        service_gone,
        desired_zero,
        task_stopped_by_person,
        spot_interruption,
        instance_gone,
        ec2_agent_disconnected,
        circuit_breaker_no_cause,
    ):
        yield from rule(case)


__all__ = ("deployment",)
