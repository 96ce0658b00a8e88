# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Ship services: plan every one, start each as soon as what it comes after is up, and follow all to their ends."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import as_result
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.telling import cause
from ansible_collections.slipway.aws.plugins.module_utils._ecs.controllers import Controllers
from ansible_collections.slipway.aws.plugins.module_utils._ecs.doctor import Doctor
from ansible_collections.slipway.aws.plugins.module_utils._ecs.endings import (
    OURS_TO_UNDO,
    ending,
    result_of,
    short,
    waits,
    witnessed,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.going_back import RollBack, WayBack, to_bring_back
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import GOOD, Release, ServiceResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.pinning import pin
from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan, Planner
from ansible_collections.slipway.aws.plugins.module_utils._ecs.scaling import Scaling
from ansible_collections.slipway.aws.plugins.module_utils._ecs.starting import Started, Starter
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock, Report, Verdict, Watch, Watched
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Findings, refuse
from ansible_collections.slipway.aws.plugins.module_utils._preflight.hurry import in_a_hurry
from ansible_collections.slipway.aws.plugins.module_utils._preflight.inspect import inspect
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import Policy
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject
from ansible_collections.slipway.aws.plugins.module_utils._waves import waves

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.native import Hook, Pause


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
    suspend_autoscaling: bool = False
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
    ordered = waves({target.name: target.after for target in targets}, "service")
    controllers = Controllers(clients, voyage.release, report, voyage.clock)
    scaling = Scaling(
        clients, targets, voyage.release, report, voyage.clock.sleep,
        suspend=voyage.suspend_autoscaling, check_mode=voyage.check_mode,
    )  # fmt: skip
    scaling.begin_to_look()
    try:
        plans = Planner(clients("ecs"), voyage.release, controllers).plan_all(targets)
        findings = look_before(clients, plans.values(), voyage, report)
        scaling.end_to_look()
        in_order = [plans[name] for wave in ordered for name in wave]
        shipment = Shipment(clients, in_order, voyage, report, controllers, scaling)
        try:
            shipment.ship()
            if not voyage.check_mode:
                shipment.go_back(ordered[::-1])
        except (KeyboardInterrupt, SlipwayError):
            # Interrupted, or no longer let in: whoever reads this wants to know what goes on without us.
            shipment.say_what_goes_on()
            raise
    finally:
        scaling.restore_all()
    for name, how in scaling.endings.items():
        shipment.results[name].autoscaling = how
        shipment.results[name].changed |= name in scaling.leftovers
    for finding in findings.found:
        shipment.results[finding.service].findings.append(finding)
    return {target.name: shipment.results[target.name] for target in targets}


def look_before(clients: Clients, plans: t.Iterable[Plan], voyage: Voyage, report: Report) -> Findings:
    """Find what would go wrong, all of it at once, and refuse to begin where it would. What runs already is left."""
    if voyage.preflight is None:
        return Findings()
    subjects = [
        Subject(
            name=plan.target.name,
            service=plan.state.answer,
            # What starts anew is what runs, and so there is nothing else to go back to.
            definition=plan.definition or plan.running_definition or {},
            running=None if plan.action == "anew" else plan.running_definition,
            timeout=voyage.timeout,
            # A service that never served has no way back, and nobody expects one.
            rollback=voyage.rollback != "none" and plan.state.serves,
            rehearsed=voyage.check_mode,
        )
        for plan in plans
        if plan.action in ("register", "revision", "anew")
    ]
    findings = inspect(in_a_hurry(clients), subjects, voyage.preflight)
    for line in findings.warning_lines():
        report("preflight", line)
    refuse(findings)
    return findings


class Shipment:
    """One run: what waits, what is under way, and how the rest ended."""

    def __init__(
        self,
        clients: Clients,
        plans: t.Sequence[Plan],
        voyage: Voyage,
        report: Report,
        controllers: Controllers,
        scaling: Scaling,
    ) -> None:
        self._voyage, self._report = voyage, report
        self._controllers, self._scaling = controllers, scaling
        self._plans = {plan.target.name: plan for plan in plans}
        self._waiting = list(plans)
        self._began: dict[str, float] = {}
        ecs = clients("ecs")
        self._starter = Starter(ecs, voyage.release, controllers, scaling)
        self._watch = Watch(ecs, timeout=voyage.timeout, report=report, clock=voyage.clock, controllers=controllers)
        self._doctor = Doctor(clients, voyage.clock)
        self._answers: set[str] = set()
        self._told_back: set[str] = set()
        self.results: dict[str, ServiceResult] = {}
        self._way_back = WayBack(self._plans, self.results, self._watch, controllers, report, self._seconds)

    def ship(self) -> None:
        while self._waiting or self._watch.open:
            while self._start_what_can():
                pass
            for name, verdict in self._watch.look().items():
                if name in self._way_back.begun:
                    self._way_back.conclude(name, verdict)
                elif verdict.hook is None or not self._answered(name, verdict.hook):
                    self._conclude(name, verdict)
            self._stop_what_is_hopeless()
            if self._watch.open:
                self._watch.rest()

    def go_back(self, waves_back: t.Sequence[t.Sequence[str]]) -> None:
        """Bring back what is still to be brought back, the last that started first."""
        self._way_back.go(waves_back, self._voyage.rollback)

    def say_what_goes_on(self) -> None:
        for name, started in self._starter.rest():
            # The threads have ended by now: what they started goes on as well.
            self._follow(name, started)
        for name, watched in self._watch.open.items():
            which = f"{watched.deployment_id or watched.native} to {short(watched.task_definition)}"
            self._report(name, f"interrupted: deployment {which} goes on by itself; run this again to follow it.")
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
            self._began[name] = self._voyage.clock.now()
            if broken:
                why = f"Not started, because {', '.join(broken)} did not get there."
                self._settle(name, result_of(plan, "stopped", cause=why))
            elif plan.action == "nothing":
                self._report(name, f"already runs this: {short(plan.running)}")
                self._settle(name, result_of(plan, "no_op"))
            elif self._voyage.check_mode:
                self._settle(name, self._would_ship(plan))
            else:
                starting.append(plan)
            settled = settled or name in self.results
        for name, started in self._starter.start(starting):
            self._follow(name, started)
        return settled or any(plan.target.name in self.results for plan in starting)

    def _follow(self, name: str, started: Started | SlipwayError) -> None:
        if isinstance(started, SlipwayError):
            # One service that cannot start must not hide the ones that already did.
            self._settle(name, result_of(self._plans[name], "failed", cause=started.message))
        else:
            self._report(name, started.line)
            self._watch.follow(started.watched)

    def _settle(self, name: str, result: ServiceResult) -> None:
        """Keep how a service ended. Its autoscaling goes on, unless the service may still be brought back."""
        self.results[name] = result
        if self._voyage.rollback != "release" and result.outcome not in OURS_TO_UNDO:
            self._scaling.restore(name)

    def _answered(self, name: str, hook: Hook) -> bool:
        """Decide for whoever is asked, as far as we were told to. What was answered may take a moment to move."""
        watched, decision = self._watch.followed[name], self._voyage.on_pause
        if decision == "report" or watched.native is None:
            return False
        if hook.id not in self._answers:
            continues = decision == "continue"
            self._report(name, f"pauses and is told to {'go on' if continues else 'go back'}")
            controller = self._controllers(watched.controller)
            try:
                controller.answer(watched, hook, "CONTINUE" if continues else "ROLLBACK")
            except SlipwayError as error:
                self._report(name, f"{error.message} It goes on waiting.")
                return False
            self._answers.add(hook.id)
            if not continues:
                self._told_back.add(name)
        self._watch.stay(name)
        return True

    def _conclude(self, name: str, verdict: Verdict) -> None:
        plan = self._plans[name]
        good = verdict.outcome == "succeeded"
        result = result_of(
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
            result.hook, result.cause = verdict.hook.id, waits(verdict.hook, verdict.reason)
        elif not good:
            self._explain(result, followed, verdict.reason)
        self._report(name, ending(result))
        self._settle(name, result)
        if name in to_bring_back(self._plans, {name: result}, self._voyage.rollback):
            self._way_back.begin(name)

    def _explain(self, result: ServiceResult, watched: Watched, reason: str | None) -> None:
        found = self._doctor.conclude(watched)
        result.reason = reason
        result.evidence = as_result(found.evidence)
        asked_for = watched.name in self._told_back
        seen = asked_for or result.outcome in ("superseded", "stopped")
        diagnoses = witnessed(result, found.diagnoses) if seen else found.diagnoses
        result.diagnoses = [item.as_result() for item in diagnoses]
        if diagnoses:
            result.cause = cause(watched.name, diagnoses)
        else:
            result.cause = f"{watched.name}: {'It went back because on_pause says so.' if asked_for else reason}"

    def _stop_what_is_hopeless(self) -> None:
        if not self._voyage.fail_fast:
            return
        for name, watched in list(self._watch.open.items()):
            state = self._watch.states.get(name)
            if name in self._way_back.begun or state is None or (found := self._doctor.visit(watched, state)) is None:
                continue
            self._report(name, f"given up, because waiting will not mend it: {found.explanation}")
            self._watch.leave(name)
            reason = f"Given up after {self._seconds(name):.0f} s: {found.code} will not mend itself."
            self._conclude(name, Verdict("failed", state, reason))

    def _would_ship(self, plan: Plan) -> ServiceResult:
        if line := self._scaling.foretell(plan.target.name):
            self._report(plan.target.name, line)
        return result_of(
            plan,
            "succeeded",
            changed=plan.action != "join",
            after=plan.revision,  # a revision that is not registered yet has no name
            release_id=plan.release_after(self._voyage.release),
            diff=plan.diff,
        )

    def _seconds(self, name: str) -> float:
        return round(self._voyage.clock.now() - self._began[name], 1)


__all__ = ("RollBack", "Shipment", "Voyage", "ship", "short")
