# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A task that runs, and is not found healthy: by the load balancer, or by its own check."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import (
    Case,
    Diagnosis,
    Quote,
    first_of,
    log_quote,
)
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import LoadBalancer, TargetGroup, Task
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.listening import Listening, listening, ready_line

if t.TYPE_CHECKING:
    from collections.abc import Iterator

BALANCER = re.compile(r"failed ELB health checks|health checks? fail\w* .{0,40}target.?group", re.IGNORECASE)
OWN_CHECK = re.compile(r"failed container health checks", re.IGNORECASE)
UNHEALTHY_EVENT = re.compile(r"is unhealthy in \(?target-group|is unhealthy in target group", re.IGNORECASE)
IN_TASK = re.compile(r"\(task (?P<task>[0-9a-f-]{20,})\)")
CODES = re.compile(r"with these codes: \[(?P<codes>[\d, ]+)\]")
TIMED_OUT = re.compile(r"timed out|Request timeout|Target\.Timeout", re.IGNORECASE)

UNHEALTHY = frozenset({"unhealthy", "unhealthy.draining"})
NO_SUCH_PATH = frozenset({"404", "405", "410"})
WILL_NOT_CHANGE = ("3", "401", "403")
"""Codes that waiting does not mend: redirects and logins. A 5xx may be a dependency that is still coming up."""


@dataclasses.dataclass(frozen=True)
class Failing:
    """A load balancer that finds a task unhealthy, and what is known about it."""

    balancer: LoadBalancer
    group: TargetGroup
    reason: str
    quotes: tuple[Quote, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        match = CODES.search(self.reason)
        return tuple(code.strip() for code in match["codes"].split(",")) if match else ()

    @property
    def timed_out(self) -> bool:
        return bool(TIMED_OUT.search(self.reason))

    @property
    def check(self) -> str:
        protocol = self.group.protocol or "HTTP"
        return f"{protocol} {self.group.path or '(connection only)'} every {self.group.interval} s"

    @property
    def known(self) -> str:
        return self.group.name or reading.last_part(self.group.arn) or "the target group"


def failing(case: Case) -> Failing | None:
    """Return what the load balancer has against the case's task, or against the service's tasks where there is none."""
    evidence, task = case.evidence, case.task
    quotes: list[Quote] = []
    if task is not None:
        if not BALANCER.search(task.stopped_reason):
            return None
        quotes.append(Quote(f"task {task.id}, stopped reason", task.stopped_reason))
    heard = _against(case)
    if task is None and not heard:
        return None
    quotes += heard
    arns = " ".join(quote.text for quote in quotes)
    balancers = evidence.service.load_balancers
    chosen = next((item for item in balancers if item.target_group and item.target_group in arns), None)
    chosen = chosen or next(iter(balancers), LoadBalancer("", "", None))
    group = next((item for item in evidence.target_groups if item.arn == chosen.target_group), None)
    reason = next((quote.text for quote in heard if CODES.search(quote.text)), heard[0].text if heard else "")
    return Failing(chosen, group or TargetGroup(chosen.target_group), reason, tuple(quotes))


def _against(case: Case) -> list[Quote]:
    evidence, task = case.evidence, case.task
    ours = {item.id for item in evidence.tasks}
    addresses = {item.address for item in evidence.tasks if item.address}
    quotes: list[Quote] = []
    for event in evidence.events:
        named = IN_TASK.search(event.message)
        about_us = not named or not ours or named["task"] in ours
        about_it = not named or task is None or named["task"] == task.id
        if UNHEALTHY_EVENT.search(event.message) and about_us and about_it:
            quotes.append(Quote(f"service event, {reading.clock(event.time)}", event.message))
    for target in evidence.targets:
        # A target of the deployment before says nothing about ours; instances are not told apart by address.
        about_us = not addresses or target.id in addresses or target.id.startswith("i-")
        if target.state not in UNHEALTHY or not about_us:
            continue
        words = f"{target.id}:{target.port} is {target.state}: {target.reason} {target.description}".strip()
        quotes.append(Quote(f"target group {reading.last_part(target.group)}", words))
    return quotes[:4]


def port_mismatch(case: Case) -> Iterator[Diagnosis]:
    found = failing(case)
    if not found or found.balancer.port is None:
        return
    balancer = found.balancer
    known = case.evidence.definition.container(balancer.container)
    heard = _listening(case, balancer.container)
    ports = sorted({item.port for item in heard})
    if known and known.ports and balancer.port not in known.ports:
        yield case.diagnosis(
            "port_mismatch",
            "certain",
            f"The load balancer sends to port {balancer.port} of container {balancer.container}, whose port mappings "
            f"are {_listed(known.ports)}.",
            f"Make containerPort of the service's load balancer and of the task definition the same ({found.known}).",
            *found.quotes,
            fatal=True,
        )
    elif ports and balancer.port not in ports and not found.codes:
        yield case.diagnosis(
            "port_mismatch",
            "likely",
            f"The load balancer sends to port {balancer.port} of container {balancer.container}; the program says it "
            f"listens on {_listed(ports)}.",
            f"Let the program listen on {balancer.port}, or change containerPort in the task definition, in the "
            "service's load balancer and in the security group of the tasks.",
            heard[0].quote,
            *found.quotes,
            fatal=True,
        )


def only_localhost(case: Case) -> Iterator[Diagnosis]:
    found = failing(case)
    heard = _listening(case, found.balancer.container) if found else []
    if found and not found.codes and heard and all(item.only_itself for item in heard):
        yield case.diagnosis(
            "port_not_open",
            "likely",
            f"The program listens on port {heard[0].port}, but only for itself: nobody outside the task reaches "
            "127.0.0.1 or localhost.",
            "Let it listen on 0.0.0.0 (for instance uvicorn --host 0.0.0.0, or HOST=0.0.0.0).",
            heard[0].quote,
            *found.quotes,
            fatal=True,
        )


def health_check_path(case: Case) -> Iterator[Diagnosis]:
    found = failing(case)
    if found and set(found.codes) & NO_SUCH_PATH:
        path = found.group.path or "the path"
        yield case.diagnosis(
            "health_check_path",
            "certain",
            f"The load balancer asks for {path} on port {found.balancer.port or '?'} and gets {_listed(found.codes)}: "
            "the program does not serve that path.",
            f"Set the health check path of target group {found.known} to one the program answers, or let the program "
            f"answer {path} with {found.group.codes or '200'}.",
            *found.quotes,
            fatal=True,
        )


def health_check_code(case: Case) -> Iterator[Diagnosis]:
    found = failing(case)
    if found and found.codes:
        lasting = all(code.startswith(WILL_NOT_CHANGE) for code in found.codes)
        redirect = all(code.startswith("3") for code in found.codes)
        fix = (
            "Let the check ask a path that needs neither a login nor a redirect (to HTTPS, or to a slash at the end), "
            f"or add the code to the matcher of target group {found.known}."
            if lasting or redirect
            else "Read the program's log around the check: with a 5xx it is up, and something it needs is not."
        )
        yield case.diagnosis(
            "health_check_code",
            "certain",
            f"The check {found.check} is answered with {_listed(found.codes)}; "
            f"{found.group.codes or '200'} counts as healthy.",
            fix,
            *found.quotes,
            fatal=lasting,
        )


def grace_period_too_short(case: Case) -> Iterator[Diagnosis]:
    found, task = failing(case), case.task
    if not found or not task or found.codes:
        return
    service = case.evidence.service
    ready = ready_line(task)
    needed = found.group.interval * found.group.healthy_after
    patience = max(service.grace, found.group.interval * found.group.unhealthy_after)
    if ready and ready[0] > patience:
        enough = int(ready[0] + needed) + 30
        yield case.diagnosis(
            "grace_period_too_short",
            "certain",
            f"The program needed {ready[0]:.0f} s to be ready; after {patience:.0f} s (grace period {service.grace} s, "
            f"{found.group.unhealthy_after} checks of {found.group.interval} s) it was given up.",
            f"Set healthCheckGracePeriodSeconds of service {service.name} to {enough} or more, or let it start faster.",
            ready[1],
            *found.quotes,
            fatal=True,
        )
    elif ready and ready[0] + needed > patience and service.grace:
        yield case.diagnosis(
            "grace_period_too_short",
            "possible",
            f"The program was ready after {ready[0]:.0f} s, and needs {needed} s more to be found healthy: longer than "
            f"the {patience:.0f} s it is given.",
            f"Set healthCheckGracePeriodSeconds of service {service.name} to {int(ready[0] + needed) + 30} or more.",
            ready[1],
            *found.quotes,
        )
    elif not ready:
        yield from _still_booting(case, task, found, patience)


def _still_booting(case: Case, task: Task, found: Failing, patience: float) -> Iterator[Diagnosis]:
    """Tell of a program that was still writing about its start when it was given up."""
    ended = task.stopping or task.stopped
    lines = [(line.time, item, line.text) for item in task.containers for line in item.log if line.time is not None]
    if not lines or task.started is None or ended is None:
        return
    when, container, text = max(lines, key=lambda item: item[0])
    if ended - when <= found.group.interval and ended - task.started <= patience + 2 * found.group.interval:
        yield case.diagnosis(
            "grace_period_too_short",
            "possible",
            f"The task was given up {ended - task.started:.0f} s after its start, while the program was still writing "
            "to its log and had not said that it is ready.",
            f"If it was still starting, raise healthCheckGracePeriodSeconds of service {case.evidence.service.name} "
            f"(now {case.evidence.service.grace} s) above its boot time.",
            log_quote(task, container, text),
            *found.quotes,
        )


def health_check_timeout(case: Case) -> Iterator[Diagnosis]:
    found = failing(case)
    if found and found.timed_out:
        groups = ", ".join(case.evidence.service.security_groups) or "the tasks' security groups"
        yield case.diagnosis(
            "health_check_timeout",
            "likely",
            f"The check {found.check} got no answer within {found.group.timeout} s on port "
            f"{found.balancer.port or '?'}.",
            f"Let the load balancer's security group into {groups} on that port; if it is let in already, the program "
            f"answers too slowly: raise its CPU, or the check's timeout (target group {found.known}).",
            *found.quotes,
        )


def port_not_open(case: Case) -> Iterator[Diagnosis]:
    found = failing(case)
    if found:
        heard = _listening(case, found.balancer.container)
        # A program that says it listens where it should may be right, and the way to it closed.
        there = any(item.port == found.balancer.port and not item.only_itself for item in heard)
        yield case.diagnosis(
            "port_not_open",
            "possible" if there or not found.reason else "likely",
            f"The load balancer finds nobody on port {found.balancer.port or '?'} of container "
            f"{found.balancer.container or 'of the task'} ({found.check}).",
            "See that the program gets as far as listening there, on 0.0.0.0, and that it speaks the check's protocol "
            f"({found.group.protocol or 'HTTP'}).",
            *(item.quote for item in heard[:1]),
            *found.quotes,
        )


def container_health_check_failed(case: Case) -> Iterator[Diagnosis]:
    task = case.task
    if task is None:
        return
    said = case.find(OWN_CHECK)
    unhealthy = [item for item in task.containers if item.health == "UNHEALTHY"]
    if not said and (not unhealthy or task.told_to_go):
        return
    named = (
        unhealthy[0].name
        if unhealthy
        else next((item.name for item in case.evidence.definition.containers if item.health_command), "")
    )
    known = case.evidence.definition.container(named)
    command = " ".join(known.health_command) if known else ""
    missing = next((tool for tool in ("curl", "wget", "nc") if re.search(rf"\b{tool}\b", command)), "")
    logs = [log_quote(task, item, item.log[-1].text) for item in unhealthy if item.log][:1]
    yield case.diagnosis(
        "container_health_check_failed",
        "certain" if said else "likely",
        f"Container {named or 'of the task'} runs, but its own health check fails: `{command or 'unknown'}`.",
        f"Run the command inside the container (aws ecs execute-command). "
        f"{f'It needs {missing}, which slim images lack. ' if missing else ''}"
        f"Raise startPeriod (now {(known.health_start_period if known else None) or 0} s) if the program starts "
        "slowly.",
        *([said[0]] if said else [Quote(f"task {task.id}, container {named}", "health UNHEALTHY")]),
        *logs,
    )


def _listening(case: Case, container: str) -> list[Listening]:
    tasks = [case.task] if case.task else list(case.evidence.tasks)
    return [
        heard for task in tasks for item in task.containers if item.name == container for heard in listening(task, item)
    ]


def _listed(values: t.Iterable[t.Any]) -> str:
    return ", ".join(str(value) for value in values)


by_load_balancer = first_of(
    port_mismatch,
    health_check_path,
    health_check_code,
    only_localhost,
    grace_period_too_short,
    health_check_timeout,
    port_not_open,
)


def health(case: Case) -> Iterator[Diagnosis]:
    yield from container_health_check_failed(case)
    yield from by_load_balancer(case)


__all__ = ("health",)
