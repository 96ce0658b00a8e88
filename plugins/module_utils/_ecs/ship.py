# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Ship services: plan every one, start each as soon as what it comes after is up, and follow all to their ends."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import as_result
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.telling import cause
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import register_task_definition, update_service
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import (
    ASKED_TAG,
    FINGERPRINT_TAG,
    RELEASE_TAG,
    asked,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.doctor import Doctor
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import (
    GOOD,
    Release,
    ServiceResult,
    ServiceState,
    Target,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import (
    ROLLING,
    Hook,
    Pause,
    continue_deployment,
    stop_deployment,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.pinning import pin
from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan, Planner
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock, Report, Verdict, Watch, Watched
from ansible_collections.slipway.aws.plugins.module_utils._ecs.waves import waves
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import refuse
from ansible_collections.slipway.aws.plugins.module_utils._preflight.inspect import inspect
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import Policy
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

RollBack = t.Literal["release", "service", "none"]
# Ends after which a deployment of ours may still be what the service is set to. Not superseded: that is another's.
OURS_TO_UNDO = frozenset({"failed", "timed_out"})
# Neither good nor bad yet: somebody has to decide.
OPEN = frozenset({"paused"})
# More at once would only meet ECS's limits sooner: it registers twenty revisions at once, and then one a second.
STARTED_AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class Voyage:
    """Everything a shipment needs besides its services."""

    release: Release
    timeout: float
    rollback: RollBack = "service"
    max_parallel: int | None = None
    fail_fast: bool = True
    on_pause: Pause = "report"
    pin_images: bool = True
    # Without one, nobody looks before the first write.
    preflight: Policy | None = None
    check_mode: bool = False
    clock: Clock = dataclasses.field(default_factory=Clock)


def ship(clients: Clients, targets: t.Sequence[Target], voyage: Voyage, report: Report) -> dict[str, ServiceResult]:
    """Bring every target to what it should run, in dependency order, and say how each one ended.

    All plans are made, and looked at, before the first write: bad input stops the release while nothing has happened.
    """
    if voyage.pin_images:
        targets = pin(clients, targets, report, check_mode=voyage.check_mode)
    ordered = waves(targets)
    plans = Planner(clients("ecs"), voyage.release).plan_all(targets)
    if voyage.preflight is not None:
        look_before(clients, plans.values(), voyage, voyage.preflight, report)
    shipment = Shipment(clients, [plans[target.name] for wave in ordered for target in wave], voyage, report)
    try:
        shipment.ship()
        if not voyage.check_mode:
            shipment.go_back([[target.name for target in wave] for wave in reversed(ordered)])
    except KeyboardInterrupt:
        shipment.say_what_goes_on()
        raise
    return {target.name: shipment.results[target.name] for target in targets}


def look_before(clients: Clients, plans: t.Iterable[Plan], voyage: Voyage, policy: Policy, report: Report) -> None:
    """Find what would go wrong, all of it at once, and refuse to begin where it would. What runs already is left."""
    subjects = [
        Subject(
            name=plan.target.name,
            service=plan.state.answer,
            definition=plan.definition or {},
            running=plan.running_definition,
            timeout=voyage.timeout,
            # A service that never served has no way back, and nobody expects one.
            rollback=voyage.rollback != "none" and plan.state.serves,
        )
        for plan in plans
        if plan.action in ("register", "revision")
    ]
    findings = inspect(clients, subjects, policy)
    for line in findings.warning_lines():
        report("preflight", line)
    refuse(findings)


class Shipment:
    """One run: what waits, what is under way, and how the rest ended."""

    def __init__(self, clients: Clients, plans: t.Sequence[Plan], voyage: Voyage, report: Report) -> None:
        self._clients, self._voyage, self._report = clients, voyage, report
        self._plans = {plan.target.name: plan for plan in plans}
        self._waiting = list(plans)
        self._started: dict[str, float] = {}
        self._watch = Watch(clients("ecs"), timeout=voyage.timeout, report=report, clock=voyage.clock)
        self._doctor = Doctor(clients, voyage.clock)
        self._answers: set[str] = set()
        self._starts: dict[str, concurrent.futures.Future[tuple[str, Watched]]] = {}
        self.results: dict[str, ServiceResult] = {}

    def ship(self) -> None:
        while self._waiting or self._watch.open:
            while self._start_what_can():
                pass
            for name, verdict in self._watch.look().items():
                if verdict.hook is None or not self._answered(name, verdict.hook):
                    self._conclude(name, verdict)
            self._stop_what_is_hopeless()
            if self._watch.open:
                self._watch.rest()

    def go_back(self, waves_back: t.Sequence[t.Sequence[str]]) -> None:
        """Bring back what failed, or all that this run changed, the last that started first."""
        names = self._to_bring_back()
        for wave in waves_back:
            for name in wave:
                if name in names:
                    self._bring_back(name)
            while self._watch.open:
                for name, verdict in self._watch.look().items():
                    self._conclude_way_back(name, verdict)
                if self._watch.open:
                    self._watch.rest()

    def say_what_goes_on(self) -> None:
        for name in list(self._starts):
            # The threads have ended by now: what they started goes on as well.
            self._follow_start(self._plans[name])
        for name, watched in self._watch.open.items():
            self._report(
                name,
                f"interrupted: deployment {watched.deployment_id} to {short(watched.task_definition)} goes on by "
                "itself; run this again to follow it.",
            )
        if self._waiting:
            self._report(", ".join(plan.target.name for plan in self._waiting), "interrupted before it was touched")

    def _start_what_can(self) -> bool:
        """Start or settle everything that need not wait any longer. Tell whether that may let others go on."""
        most = self._voyage.max_parallel
        settled = False
        starting: list[Plan] = []
        for plan in list(self._waiting):
            name, before = plan.target.name, [self.results.get(needed) for needed in plan.target.after]
            broken = [
                needed for needed, result in zip(plan.target.after, before, strict=True)
                if result and result.outcome not in GOOD
            ]  # fmt: skip
            if not broken and None in before:
                continue
            if not broken and most and len(self._watch.open) + len(starting) >= most:
                continue
            self._waiting.remove(plan)
            self._started[name] = self._voyage.clock.now()
            if broken:
                why = f"Not started, because {', '.join(broken)} did not get there."
                self.results[name] = _result(plan, "stopped", cause=why)
            elif plan.action == "nothing":
                self._report(name, f"already runs this: {short(plan.running)}")
                self.results[name] = _result(plan, "no_op")
            elif self._voyage.check_mode:
                self.results[name] = self._would_ship(plan)
            else:
                starting.append(plan)
            settled = settled or name in self.results
        self._start_all(starting)
        return settled or any(plan.target.name in self.results for plan in starting)

    def _start_all(self, plans: t.Sequence[Plan]) -> None:
        """Start services side by side. Only the calls are made in threads; what they say is told and kept here."""
        ecs = self._clients("ecs")
        with concurrent.futures.ThreadPoolExecutor(max_workers=STARTED_AT_ONCE) as pool:
            self._starts = {plan.target.name: pool.submit(self._start, ecs, plan) for plan in plans}
            for plan in plans:
                self._follow_start(plan)

    def _follow_start(self, plan: Plan) -> None:
        try:
            line, watched = self._starts.pop(plan.target.name).result()
        except SlipwayError as error:
            # One service that cannot start must not hide the ones that already did.
            self.results[plan.target.name] = _result(plan, "failed", cause=error.message)
        else:
            self._report(plan.target.name, line)
            self._watch.follow(watched)

    def _start(self, ecs: t.Any, plan: Plan) -> tuple[str, Watched]:
        """Make the calls that start a deployment. Returns what to say of it, and what to follow."""
        target = plan.target
        if plan.action == "join":
            state, revision = plan.state, plan.running
            line = f"joins the deployment already under way: {short(revision)}"
        elif plan.action == "anew":
            revision = plan.running
            line = f"starts anew with what it runs: {short(revision)}"
            state = update_service(ecs, target.cluster, target.service, revision, anew=True)
        else:
            revision = plan.revision or register_task_definition(ecs, plan.definition or {}, self._tags(plan))
            line = f"{short(plan.running)} -> {short(revision)}"
            state = update_service(ecs, target.cluster, target.service, revision)
        if state.primary is None:
            raise SlipwayError(f"ECS accepted the update of {target.service} but names no deployment for it.")
        return line, _watched(plan, state, revision)

    def _tags(self, plan: Plan) -> dict[str, str]:
        return {
            **plan.base_tags,
            ASKED_TAG: asked(plan.target),
            FINGERPRINT_TAG: plan.fingerprint or "",
            RELEASE_TAG: self._voyage.release.id,
        }

    def _answered(self, name: str, hook: Hook) -> bool:
        """Decide for whoever is asked, as far as we were told to. What was answered may take a moment to move."""
        watched, decision = self._watch.followed[name], self._voyage.on_pause
        if decision == "report" or watched.native is None:
            return False
        if hook.id not in self._answers:
            continues = decision == "continue"
            self._report(name, f"pauses and is told to {'go on' if continues else 'go back'}")
            action: t.Literal["CONTINUE", "ROLLBACK"] = "CONTINUE" if continues else "ROLLBACK"
            continue_deployment(self._clients("ecs"), watched.native, hook.id, action)
            self._answers.add(hook.id)
        self._watch.stay(name)
        return True

    def _conclude(self, name: str, verdict: Verdict) -> None:
        plan = self._plans[name]
        good = verdict.outcome == "succeeded"
        result = _result(
            plan,
            verdict.outcome,
            changed=plan.action != "join",
            after=verdict.state.task_definition if verdict.state else None,
            release_id=plan.release_after(self._voyage.release) if good else plan.running_release,
            diff=plan.diff,
            seconds=self._seconds(name),
        )
        followed = self._watch.followed[name]
        result.deployment_id, result.service_deployment = followed.deployment_id, followed.native
        if verdict.hook is not None:
            result.hook, result.cause = verdict.hook.id, _waits(verdict.hook, verdict.reason)
        elif not good:
            self._explain(result, self._watch.followed[name], verdict.reason)
        self.results[name] = result
        self._report(name, _ending(result))

    def _explain(self, result: ServiceResult, watched: Watched, reason: str | None) -> None:
        found = self._doctor.conclude(watched)
        result.reason = reason
        result.evidence = as_result(found.evidence)
        result.diagnoses = [item.as_result() for item in found.diagnoses]
        result.cause = cause(watched.name, found.diagnoses)

    def _stop_what_is_hopeless(self) -> None:
        if not self._voyage.fail_fast:
            return
        for name, watched in list(self._watch.open.items()):
            state = self._watch.states.get(name)
            if state is None or (found := self._doctor.visit(watched, state)) is None:
                continue
            self._report(name, f"given up, because waiting will not mend it: {found.explanation}")
            self._watch.leave(name)
            reason = f"Given up after {self._seconds(name):.0f} s: {found.code} will not mend itself."
            self._conclude(name, Verdict("failed", state, reason))

    def _to_bring_back(self) -> set[str]:
        """Return the services whose deployment of ours still stands, as far as the policy wants them back."""
        policy = self._voyage.rollback
        failed = {name for name, result in self.results.items() if result.outcome in OURS_TO_UNDO}
        wanted = set() if policy == "none" else failed
        if policy == "release" and any(result.outcome not in GOOD | OPEN for result in self.results.values()):
            wanted |= {name for name, result in self.results.items() if result.outcome == "succeeded"}
        return {name for name in wanted if self._can_go_back(name)}

    def _can_go_back(self, name: str) -> bool:
        plan, result = self._plans[name], self.results[name]
        # Joined or started anew, there is no revision before to go back to; a placeholder is none either.
        return result.changed and plan.state.serves and plan.action in ("register", "revision")

    def _bring_back(self, name: str) -> None:
        plan = self._plans[name]
        target = plan.target
        self._report(name, f"goes back to {short(plan.running)}")
        if plan.state.strategy != ROLLING and self._stopped(name):
            return
        try:
            state = update_service(self._clients("ecs"), target.cluster, target.service, plan.running)
        except SlipwayError as error:
            self._could_not_go_back(name, error.message)
            return
        if state.primary is None:
            self._could_not_go_back(name, "ECS names no deployment for it.")
        else:
            last = self._watch.followed[name].native
            self._watch.follow(_watched(plan, state, plan.running, before=last))

    def _stopped(self, name: str) -> bool:
        """Have ECS take back a deployment that shifts traffic: it does so at once, and the way it came."""
        watched = self._watch.followed[name]
        if watched.native is None or self.results[name].outcome not in OURS_TO_UNDO:
            return False
        try:
            stop_deployment(self._clients("ecs"), watched.native)
        except SlipwayError as error:
            self._report(name, f"{error.message} It is deployed back instead.")
            return False
        self._watch.follow(watched)
        return True

    def _conclude_way_back(self, name: str, verdict: Verdict) -> None:
        result, plan = self.results[name], self._plans[name]
        if verdict.outcome not in ("succeeded", "rolled_back"):
            self._could_not_go_back(name, verdict.reason or verdict.outcome.replace("_", " "))
            return
        if result.outcome == "succeeded":
            result.cause = "Brought back, because another service of this release failed."
        result.outcome, result.after, result.release_id = "rolled_back", plan.running, plan.running_release
        result.seconds = self._seconds(name)
        self._report(name, f"rolled back: {short(plan.running)} runs again after {result.seconds:.1f} s")

    def _could_not_go_back(self, name: str, why: str) -> None:
        result = self.results[name]
        result.outcome = "failed"
        result.cause = f"{result.cause or ''} It could not be brought back either: {why}".strip()
        self._report(name, _ending(result))

    def _would_ship(self, plan: Plan) -> ServiceResult:
        return _result(
            plan,
            "succeeded",
            changed=plan.action != "join",
            after=plan.revision,  # a revision that is not registered yet has no name
            release_id=plan.release_after(self._voyage.release),
            diff=plan.diff,
        )

    def _seconds(self, name: str) -> float:
        return round(self._voyage.clock.now() - self._started[name], 1)


def _result(plan: Plan, outcome: t.Any, **rest: t.Any) -> ServiceResult:
    """Return how a service ended; what is not said is as it was before."""
    known = {"changed": False, "after": plan.running, "release_id": plan.running_release, **rest}
    return ServiceResult(outcome=outcome, before=plan.running, ran_before=plan.state.serves, **known)


def _watched(plan: Plan, state: ServiceState, revision: str, *, before: str | None = None) -> Watched:
    """Return what to follow after an update was answered with a state; of a joined one that is the plan's own.

    The service may go on naming the service deployment C(before) for a moment.
    """
    before = before or (None if state is plan.state else plan.state.native)
    return Watched(
        name=plan.target.name,
        cluster=plan.target.cluster,
        service=plan.target.service,
        deployment_id=state.primary.id if state.primary else "",
        task_definition=revision,
        previous=plan.running,
        native=None if state.native == before else state.native,
        native_before=before,
    )


def _waits(hook: Hook, reason: str | None) -> str:
    until = f" until {hook.expires}" if hook.expires else ""
    then = f", and goes {'back' if hook.otherwise == 'ROLLBACK' else 'on'} then" if hook.otherwise else ""
    return f"{reason or 'It is paused.'} It waits{until}{then}. Run this again with on_pause: continue, or roll_back."


def _ending(result: ServiceResult) -> str:
    told = f"{result.outcome.replace('_', ' ')} after {result.seconds:.1f} s"
    return f"{told}. {result.cause}" if result.cause else told


def short(arn: str | None) -> str:
    """Return the part of an ARN that people say: C(family:revision)."""
    return (arn or "nothing").rsplit("/", 1)[-1]


__all__ = ("RollBack", "Shipment", "Voyage", "ship", "short")
