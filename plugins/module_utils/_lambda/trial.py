# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Try a version out before any caller gets it: call it by its number, and judge what it answers."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._lambda import diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import Invocation, invoke
from ansible_collections.slipway.aws.plugins.module_utils._lambda.patience import CONFLICT, Ended, Patience
from ansible_collections.slipway.aws.plugins.module_utils._lambda.smoke import SmokeCheck, excerpt

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.plan import Plan

# Answers of Invoke after which the same call may be made again: the function was not run.
NOT_READY = frozenset({
    CONFLICT, "ResourceNotReadyException", "TooManyRequestsException", "EC2ThrottledException",
    "CodeArtifactUserPendingException", "ENINotReadyException", "SnapStartNotReadyException",
})  # fmt: skip


class Trial:
    """The smoke checks of one function, and how each of them went."""

    def __init__(self, invoker: t.Any, plan: Plan, patience: Patience) -> None:
        self._invoker, self._plan, self._patience = invoker, plan, patience
        self._masker = plan.masker
        self.results: list[dict[str, t.Any]] = []

    def run(self, version: str) -> None:
        """Make the checks one after another; the first that fails ends the release."""
        for check in self._plan.target.smoke:
            self._check(version, check)

    def _check(self, version: str, check: SmokeCheck) -> None:
        began = self._patience.clock.now()
        invocation = self._call(version, check)
        seconds = round(self._patience.clock.now() - began, 2)
        found = diagnosis.of_failure(version, invocation, self._masker) if invocation.error else None
        problems = [] if found else check.problems(invocation, seconds, self._masker)
        passed = found is None and not problems
        told = {"name": check.name, "version": version, "seconds": seconds, "passed": passed}
        self.results.append(told)
        if passed:
            self._patience.say(f"smoke check {check.name} passed on version {version}")
            return
        told["answer"] = excerpt(invocation.payload.decode(errors="replace"), self._masker)
        why = found.evidence[0].text if found else "; ".join(problems)
        raise Ended("failed", f"The smoke check {check.name} failed: {why.rstrip('.')}.", found)

    def _call(self, version: str, check: SmokeCheck) -> Invocation:
        wait = self._patience.wait()
        while True:
            try:
                return invoke(self._invoker, self._plan.target.function, version, check.body)
            except AwsError as error:
                told = f"The smoke check {check.name} could not be made: {self._masker.text(error.message)}"
                found = diagnosis.of_refusal(error.code, self._masker.text(error.message))
                if error.code not in NOT_READY:
                    raise Ended("failed", told, found) from error
            wait.tell(told)
            wait.rest(told)


__all__ = ("Trial",)
