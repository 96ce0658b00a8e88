# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Move callers to another version by its alias: in steps, each looked at, and back if it is not good."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import (
    create_alias,
    get_alias,
    get_provisioned_concurrency,
    update_alias,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.diagnosis import Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._lambda.health import Health, Watcher
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Alias
from ansible_collections.slipway.aws.plugins.module_utils._lambda.patience import (
    CONTESTED,
    PASSING,
    Ended,
    Patience,
    superseded,
)

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.plan import Plan


class Traffic:
    """The alias of one function, as we last saw or set it."""

    def __init__(self, functions: t.Any, cloudwatch: t.Any, plan: Plan, patience: Patience) -> None:
        self._functions, self._plan, self._patience = functions, plan, patience
        self._function, self._name = plan.target.function, plan.target.alias
        self._canary = plan.target.canary
        self._watcher = Watcher(cloudwatch, self._canary, self._function, self._name)
        self.alias = plan.alias
        self.wrote = False
        # A run that was killed may have left a share of the callers on the version this one is about.
        self.moved = bool(plan.alias and plan.version and plan.alias.weights.get(plan.version))
        self.steps: list[dict[str, t.Any]] = []

    def shift(self, version: str) -> None:
        """Send all callers to a version, by and by where that is wanted."""
        alias = self.alias
        if alias is None:
            self._make(version)
            return
        if self._plan.action == "join":
            self._wait_until_warm()
            return
        if self._plan.running is not None and alias.version != version:
            self._share(alias, version)
        self._point(Alias(self._name, version))
        self._patience.say(f"alias {self._name}: version {version} gets everything")
        if self._plan.keeps_warm:
            self._wait_until_warm()
        if self._canary.bake_after:
            self._bake(version, 100.0, self._canary.bake_after)

    def _make(self, version: str) -> None:
        self.alias = create_alias(self._functions, self._function, Alias(self._name, version))
        self.wrote = True
        self._patience.say(f"alias {self._name} made: version {version} gets everything")

    def _share(self, alias: Alias, version: str) -> None:
        # What was killed goes on with the step it had come to.
        reached = round(100 * alias.weights.get(version, 0.0), 6)
        for percent in self._canary.steps:
            if percent < reached:
                continue
            self._point(Alias(self._name, alias.version, {version: round(percent / 100, 6)}))
            self._patience.say(f"alias {self._name}: version {version} gets {percent:g} %")
            self._bake(version, percent, self._canary.bake)

    def _point(self, wanted: Alias) -> None:
        """Send callers elsewhere, if they are still sent where we know them to be sent."""
        known = self.alias
        if known is None:
            raise Ended("stopped", f"Alias {wanted.name} was never seen.")
        wait = self._patience.wait()
        while not known.sends_as(wanted):
            try:
                answer = update_alias(self._functions, self._function, wanted, known.revision)
            except AwsError as error:
                if error.code not in CONTESTED:
                    raise
                known = self._uncontested(known, wanted, error)
                if known.sends_as(wanted):
                    break
                wait.rest(error.message)
            else:
                # While instances are warmed, the answer has weights that nobody asked for.
                known = Alias(wanted.name, wanted.version, wanted.weights, answer.revision)
            self.wrote = True
        self.alias = known
        self.moved = not known.sends_as(Alias(self._name, self._plan.before or ""))

    def _uncontested(self, known: Alias, wanted: Alias, error: AwsError) -> Alias:
        """Return the alias after a refused write, if nobody else moved it."""
        seen = get_alias(self._functions, self._function, wanted.name)
        if seen is None:
            raise Ended("stopped", f"Alias {wanted.name} no longer exists.") from error
        if seen.sends_as(wanted):
            self.wrote = True  # an answer was lost, and the call made twice
        elif not self._is_as(seen, known):
            raise superseded(self._function) from error
        return seen

    def _is_as(self, seen: Alias, known: Alias) -> bool:
        # Instances are warmed with weights of AWS's own, which come and go.
        return seen.sends_as(known) or (self._plan.keeps_warm and seen.version == known.version)

    # --- looking at what callers get ---------------------------------------------------------------------------------

    def _bake(self, version: str, percent: float, seconds: float) -> None:
        """Look at a step from its beginning to its end."""
        clock = self._patience.clock
        self._watcher.begin(version, shared=percent < 100)
        step: dict[str, t.Any] = {"percent": percent, "version": version, "passed": False, "seconds": 0.0, "seen": ""}
        self.steps.append(step)
        began = clock.now()
        while True:
            step["seconds"] = round(clock.now() - began, 1)
            over = step["seconds"] >= seconds
            self._look(step, over=over)
            self._see_that_nobody_else_moved_it()
            if over:
                step["passed"] = True
                return
            self._patience.rest(max(0.1, min(self._canary.interval, seconds - step["seconds"])))

    def _look(self, step: dict[str, t.Any], *, over: bool) -> None:
        if not self._canary.watches:
            return
        health = self._watcher.look()
        if step["seen"] != health.line:
            step["seen"] = health.line
            self._patience.say(f"at {step['percent']:g} %: {health.line}")
        _judge(health, step["percent"], over=over)

    def _see_that_nobody_else_moved_it(self) -> None:
        try:
            seen = get_alias(self._functions, self._function, self._name)
        except AwsError as error:
            if error.code not in PASSING:
                raise
            return
        if seen is None:
            raise Ended("stopped", f"Alias {self._name} no longer exists.")
        if self.alias and not self._is_as(seen, self.alias):
            self.alias = seen
            raise superseded(self._function)

    def _wait_until_warm(self) -> None:
        """Wait until as many instances of the new version are warm as the alias keeps."""
        wait = self._patience.wait()
        while True:
            seen = get_provisioned_concurrency(self._functions, self._function, self._name) or {}
            if seen.get("Status", "READY") == "READY":
                return
            if seen["Status"] == "FAILED":
                said = self._plan.masker.text(str(seen.get("StatusReason") or "no reason given"))
                raise Ended("failed", f"Instances could not be kept warm: {said.rstrip('.')}.")
            have, want = (seen.get(f"{word}ProvisionedConcurrentExecutions", 0) for word in ("Available", "Requested"))
            line = f"{have} of {want} instances are warm"
            wait.tell(line)
            wait.rest(f"Only {line}")

    # --- the way back ------------------------------------------------------------------------------------------------

    def bring_back(self) -> str | None:
        """Send all callers to the version before, and return why that was not possible, if it was not."""
        before = self._plan.before
        if self._plan.running is None or before is None:
            return f"there is no version to go back to, and alias {self._name} stays as it is."
        try:
            self._point(Alias(self._name, before))
        except (Ended, SlipwayError) as error:
            return str(error)
        self._patience.say(f"rolled back: alias {self._name} sends everything to version {before} again")
        return None

    def standing(self, version: str | None) -> str:
        """Return where an interrupted journey stands, for whoever has to know."""
        if self.alias and self.alias.weights:
            shares = [f"{100 * weight:g} % on version {other}" for other, weight in self.alias.weights.items()]
            return f"interrupted with {', '.join(shares)}; it stays so until this is run again"
        if self.alias and version and self.alias.version == version:
            return f"interrupted after version {version} got everything"
        return "interrupted: callers get what they got before; the next run takes up what was begun"


def _judge(health: Health, percent: float, *, over: bool) -> None:
    reason = health.bad or (health.missing if over else None)
    if reason is None:
        return
    told = f"With {percent:g} % of the traffic: {reason}"
    fix = "Look at the log of the version." if health.bad else "Bake longer, ask for less data, or let no data pass."
    raise Ended("failed", told, Diagnosis("canary_failed" if health.bad else "canary_no_data", "certain", told, fix))


__all__ = ("Traffic",)
