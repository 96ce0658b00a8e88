# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Ship services: plan every one, start a wave, watch it to its end, then the next."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import register_task_definition, update_service
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import FINGERPRINT_TAG, RELEASE_TAG
from ansible_collections.slipway.aws.plugins.module_utils._ecs.evidence import cause, gather
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import GOOD, Release, ServiceResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan, Planner
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock, Report, Verdict, Watched, watch
from ansible_collections.slipway.aws.plugins.module_utils._ecs.waves import waves
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


@dataclasses.dataclass(frozen=True)
class Voyage:
    """Everything a shipment needs besides its services."""

    release: Release
    timeout: float
    check_mode: bool = False
    clock: Clock = dataclasses.field(default_factory=Clock)


def ship(clients: Clients, targets: t.Sequence[Target], voyage: Voyage, report: Report) -> dict[str, ServiceResult]:
    """Bring every target to what it should run, in dependency order, and say how each one ended.

    All plans are made before the first write, so that bad input stops the release while nothing has happened yet.
    """
    ordered = waves(targets)
    planner = Planner(clients("ecs"), voyage.release)
    plans = planner.plan_all(targets)
    results: dict[str, ServiceResult] = {}
    broken: list[str] = []
    for wave in ordered:
        if broken:
            results |= {target.name: _not_started(plans[target.name], broken) for target in wave}
            continue
        results |= _ship_wave(clients, [plans[target.name] for target in wave], voyage, report)
        broken = [name for name, result in results.items() if result.outcome not in GOOD]
    return results


def _ship_wave(clients: Clients, plans: t.Sequence[Plan], voyage: Voyage, report: Report) -> dict[str, ServiceResult]:
    started_at = voyage.clock.now()
    results: dict[str, ServiceResult] = {}
    watched: dict[str, Watched] = {}
    for plan in plans:
        name = plan.target.name
        if plan.action == "nothing":
            report(name, f"already runs this: {short(plan.running)}")
            results[name] = _unchanged(plan)
        elif voyage.check_mode:
            results[name] = _would_ship(plan, voyage)
        else:
            try:
                watched[name] = _start(clients, plan, voyage.release, report)
            except SlipwayError as error:
                # One service that cannot start must not hide the ones that already did.
                results[name] = _not_startable(plan, error)
    verdicts = watch(clients("ecs"), watched.values(), timeout=voyage.timeout, report=report, clock=voyage.clock)
    for plan in plans:
        name = plan.target.name
        if name in verdicts:
            results[name] = _conclude(clients, plan, watched[name], verdicts[name], voyage)
            results[name].seconds = round(voyage.clock.now() - started_at, 1)
            report(name, _ending(results[name]))
    return results


def _start(clients: Clients, plan: Plan, release: Release, report: Report) -> Watched:
    ecs, target = clients("ecs"), plan.target
    if plan.action == "join":
        deployment = plan.state.primary
        report(target.name, f"joins the deployment already under way: {short(plan.running)}")
        revision = plan.running
    else:
        revision = plan.revision or register_task_definition(ecs, plan.definition or {}, _tags(plan, release))
        report(target.name, f"{short(plan.running)} -> {short(revision)}")
        deployment = update_service(ecs, target.cluster, target.service, revision).primary
    if deployment is None:
        raise SlipwayError(f"ECS accepted the update of {target.service} but names no deployment for it.")
    return Watched(
        name=target.name,
        cluster=target.cluster,
        service=target.service,
        deployment_id=deployment.id,
        task_definition=revision,
        previous=plan.running,
    )


def _tags(plan: Plan, release: Release) -> dict[str, str]:
    return {**plan.base_tags, FINGERPRINT_TAG: plan.fingerprint or "", RELEASE_TAG: release.id}


def _conclude(clients: Clients, plan: Plan, watched: Watched, verdict: Verdict, voyage: Voyage) -> ServiceResult:
    result = ServiceResult(
        outcome=verdict.outcome,
        changed=plan.action != "join",
        before=plan.running,
        ran_before=plan.state.serves,
        after=verdict.state.task_definition if verdict.state else None,
        release_id=plan.release_after(voyage.release) if verdict.outcome == "succeeded" else plan.running_release,
        deployment_id=watched.deployment_id,
        diff=plan.diff,
    )
    if verdict.outcome != "succeeded":
        result.evidence = gather(clients, plan.target, watched.task_definition, verdict)
        result.cause = cause(plan.target.name, result.evidence)
    return result


def _unchanged(plan: Plan) -> ServiceResult:
    return ServiceResult(
        outcome="no_op",
        changed=False,
        before=plan.running,
        after=plan.running,
        ran_before=plan.state.serves,
        release_id=plan.running_release,
    )


def _would_ship(plan: Plan, voyage: Voyage) -> ServiceResult:
    return ServiceResult(
        outcome="succeeded",
        changed=plan.action != "join",
        before=plan.running,
        ran_before=plan.state.serves,
        after=plan.revision,  # a revision that is not registered yet has no name
        release_id=plan.release_after(voyage.release),
        diff=plan.diff,
    )


def _not_started(plan: Plan, broken: t.Sequence[str]) -> ServiceResult:
    return ServiceResult(
        outcome="stopped",
        changed=False,
        before=plan.running,
        ran_before=plan.state.serves,
        after=plan.running,
        release_id=plan.running_release,
        cause=f"Not started, because {', '.join(broken)} failed.",
    )


def _not_startable(plan: Plan, error: SlipwayError) -> ServiceResult:
    return ServiceResult(
        outcome="failed",
        changed=False,
        before=plan.running,
        ran_before=plan.state.serves,
        after=plan.running,
        release_id=plan.running_release,
        cause=error.message,
    )


def _ending(result: ServiceResult) -> str:
    told = f"{result.outcome.replace('_', ' ')} after {result.seconds:.1f} s"
    return f"{told}. {result.cause}" if result.cause else told


def short(arn: str | None) -> str:
    """Return the part of an ARN that people say: C(family:revision)."""
    return (arn or "nothing").rsplit("/", 1)[-1]


__all__ = ("Voyage", "ship", "short")
