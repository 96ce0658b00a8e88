# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Decide what each function needs, before anything is written."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker, secrets_in
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda import caution, diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import (
    get_alias,
    get_function,
    get_provisioned_concurrency,
    list_versions,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.definition import (
    Configuration,
    as_request,
    changes,
    description,
    fingerprint,
    fingerprint_of,
    marked_fingerprint,
    overlay,
    readable,
    release_of,
    variables_of,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import (
    LATEST,
    Alias,
    Code,
    Release,
    Snapshot,
    Target,
)

Action = t.Literal["nothing", "join", "release", "version"]
"""Leave it, wait for what is under way, make a version and use it, or use one that is there."""

LOOKED_AT_ONCE = 16
NOT_YET = "(new)"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What callers of one function get, what they should get, and the steps from here to there."""

    target: Target
    action: Action
    latest: Snapshot
    alias: Alias | None
    running: Snapshot | None
    wanted: Configuration
    code: str
    # The version to use, where there is one already, and who it was made for.
    version: str | None = None
    version_release: str | None = None
    # What $LATEST has to be sent before it is what is wanted.
    settings: Configuration = dataclasses.field(default_factory=dict)
    sends_code: bool = False
    description: str = ""
    keeps_warm: bool = False
    diff: dict[str, str] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def before(self) -> str | None:
        return self.alias.version if self.alias else None

    @property
    def running_release(self) -> str | None:
        return release_of(self.running)

    @property
    def changes(self) -> bool:
        return self.action in ("release", "version")

    def release_after(self, release: Release) -> str | None:
        """Return the release that runs once the plan is carried out."""
        if self.action == "release":
            return self.version_release or release.id
        return self.version_release if self.action == "version" else self.running_release

    @property
    def masker(self) -> Masker:
        """Return what takes the secrets of the function's environment out of texts."""
        variables = {**self.latest.environment, **variables_of(self.wanted)}
        return Masker(secret for name, value in variables.items() for secret in secrets_in(name, str(value)))


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans the functions of one stack side by side: three looks for one where nothing changes."""

    client: t.Any
    release: Release
    show_environment: bool = False

    def plan_all(self, targets: t.Sequence[Target]) -> dict[str, Plan]:
        with concurrent.futures.ThreadPoolExecutor(max_workers=LOOKED_AT_ONCE) as pool:
            return dict(zip([target.name for target in targets], pool.map(self.plan, targets), strict=True))

    def plan(self, target: Target) -> Plan:
        latest = get_function(self.client, target.function)
        if latest is None:
            raise SlipwayError(
                f"There is no Lambda function {target.function}.",
                hint="Is the stack up, and are region and account the right ones? A release never makes functions.",
            )
        alias = self._alias(target)
        running = self._running(target, alias)
        if target.version:
            return self._to_version(target, latest, alias, running, target.version)
        return self._to_release(target, latest, alias, running)

    def _alias(self, target: Target) -> Alias | None:
        alias = get_alias(self.client, target.function, target.alias)
        if alias is None and not target.create_alias:
            raise SlipwayError(
                f"Function {target.function} has no alias {target.alias}.",
                hint="Make one in the infrastructure, on a published version, and let its callers use it; or set "
                "create_alias to have it made on the first release.",
            )
        if alias and alias.version == LATEST:
            raise SlipwayError(
                f"Alias {target.alias} of function {target.function} points at {LATEST}, so that callers would get "
                "every update before anybody looked at it.",
                hint="Publish a version and point the alias at it: in the infrastructure, or once by hand with "
                "aws lambda publish-version and aws lambda update-alias.",
            )
        return alias

    def _running(self, target: Target, alias: Alias | None) -> Snapshot | None:
        if alias is None:
            return None
        # Nothing, where somebody deleted it: callers get errors until the alias points at another one.
        return get_function(self.client, target.function, alias.version)

    def _to_version(
        self, target: Target, latest: Snapshot, alias: Alias | None, running: Snapshot | None, version: str
    ) -> Plan:
        wanted = running if alias and alias.version == version else get_function(self.client, target.function, version)
        if wanted is None:
            raise SlipwayError(
                f"Function {target.function} has no version {version} any more.",
                hint="Release the commit it was made from again.",
            )
        self._refuse_failed(target, wanted)
        return self._use(target, latest, alias, running, wanted)

    def _use(
        self, target: Target, latest: Snapshot, alias: Alias | None, running: Snapshot | None, wanted: Snapshot
    ) -> Plan:
        """Plan to send all callers to a version that is there."""
        there = alias is not None and alias.version == wanted.version
        # While instances are warmed, AWS shares the traffic by weights of its own.
        warming = there and bool(alias and alias.weights) and self._warming(target)
        action: Action = "version"
        if there and (warming or not (alias and alias.weights)):
            action = "join" if warming else "nothing"
        plan = Plan(
            target=target,
            action=action,
            latest=latest,
            alias=alias,
            running=running,
            wanted=as_request(wanted),
            code=wanted.identity,
            version=wanted.version,
            version_release=release_of(wanted),
            keeps_warm=warming,
        )
        return self._completed(plan)

    def _to_release(self, target: Target, latest: Snapshot, alias: Alias | None, running: Snapshot | None) -> Plan:
        self._refuse_other_package(target, latest)
        self._refuse_unreadable(target, latest)
        code = target.code
        if code is None:
            self._refuse_stray_code(target, latest, running)
        base = as_request(latest)
        wanted = overlay(base, target, self.release)
        identity = latest.identity if code is None else self._identity(target, latest)
        digest = fingerprint(wanted, identity)
        if running is not None and _is_made_of(running, digest, latest, code):
            return self._use(target, latest, alias, running, running)
        self._refuse_failed_function(target, latest)
        made = self._made_before(target, digest)
        plan = Plan(
            target=target,
            action="release",
            latest=latest,
            alias=alias,
            running=running,
            wanted=wanted,
            code=identity,
            version=made.version if made else None,
            version_release=release_of(made),
            settings=changes(base, wanted, target.name),
            # After an update that failed nobody knows what is there.
            sends_code=code is not None and (latest.update == "Failed" or not code.is_in(latest)),
            description=description(self.release, digest),
            warnings=tuple(caution.warnings(target.name, variables_of(wanted))),
        )
        return self._completed(plan)

    def _identity(self, target: Target, latest: Snapshot) -> str:
        code = target.code
        if code is None or (code.identity is None and code.is_in(latest)):
            return latest.identity
        return code.identity or code.told

    def _made_before(self, target: Target, digest: str) -> Snapshot | None:
        """Return the version of just this content, made by a run that was killed, or by an earlier release."""
        versions = list_versions(self.client, target.function)
        return next((item for item in versions if marked_fingerprint(item) == digest and item.state != "Failed"), None)

    def _completed(self, plan: Plan) -> Plan:
        if plan.action in ("nothing", "join"):
            return plan
        if plan.alias and not plan.keeps_warm:
            plan = dataclasses.replace(plan, keeps_warm=self._provisioned(plan.target) is not None)
        self._refuse_impossible_canary(plan)
        return dataclasses.replace(plan, diff=self._diff(plan))

    def _diff(self, plan: Plan) -> dict[str, str]:
        alias, running = plan.alias, plan.running
        known = as_request(running) if running else {}
        name = plan.target.alias
        before: dict[str, t.Any] = {name: alias.version, **_shares(alias)} if alias else {}
        after = {name: plan.version or NOT_YET}
        show = self.show_environment
        return {
            "before": readable(before, running.identity, known, known=known, show=show) if running else "",
            "after": readable(after, plan.code, plan.wanted, known=known, show=show),
        }

    def _provisioned(self, target: Target) -> dict[str, t.Any] | None:
        try:
            return get_provisioned_concurrency(self.client, target.function, target.alias)
        except AwsError as error:
            if error.code.startswith("AccessDenied"):
                return None  # then we only do not wait for instances to be warm
            raise

    def _warming(self, target: Target) -> bool:
        return (self._provisioned(target) or {}).get("Status") == "IN_PROGRESS"

    # --- what we refuse while nothing has happened -------------------------------------------------------------------

    @staticmethod
    def _refuse_other_package(target: Target, latest: Snapshot) -> None:
        code = target.code
        if code is None or bool(code.image) == latest.is_image:
            return
        kind, given = ("an image", "a package") if latest.is_image else ("a package (zip)", "an image")
        raise SlipwayError(
            f"Function {target.function} is made from {kind}, and {given} is to be shipped.",
            hint="Lambda cannot change that of a function: make another one in the infrastructure.",
        )

    @staticmethod
    def _refuse_unreadable(target: Target, latest: Snapshot) -> None:
        problem = (latest.configuration.get("Environment") or {}).get("Error")
        if problem:
            raise SlipwayError(
                f"The environment of function {target.function} cannot be read: {problem.get('ErrorCode')}.",
                hint="A release would wipe it out. Allow kms:Decrypt on the function's key to whoever releases.",
            )

    @staticmethod
    def _refuse_stray_code(target: Target, latest: Snapshot, running: Snapshot | None) -> None:
        """Settings alone ship what callers have already: never code that a failed release left behind."""
        if running is not None and latest.identity != running.identity:
            raise SlipwayError(
                f"Function {target.function} has other code in {LATEST} than in version {running.version}, which its "
                "callers get; a release that failed may have left it there.",
                hint="Give the code to ship as well.",
            )

    @staticmethod
    def _refuse_failed_function(target: Target, latest: Snapshot) -> None:
        if latest.state == "Failed":
            found = diagnosis.of_state(latest, Masker())
            raise SlipwayError(
                f"Function {target.function} could not be created and takes no release.",
                hint=found.told if found else "Mend it in the infrastructure.",
            )

    @staticmethod
    def _refuse_failed(target: Target, wanted: Snapshot) -> None:
        if wanted.state == "Failed":
            raise SlipwayError(
                f"Version {wanted.version} of function {target.function} is in the state Failed.",
                hint="Choose another version.",
            )

    @staticmethod
    def _refuse_impossible_canary(plan: Plan) -> None:
        target, running = plan.target, plan.running
        if not target.canary.steps or running is None or plan.before == plan.version:
            return
        if plan.keeps_warm:
            raise SlipwayError(
                f"Alias {target.alias} of function {target.function} keeps instances warm (provisioned concurrency), "
                "and Lambda shares no traffic between versions then.",
                hint="Leave out the canary's steps and watch with bake_after, or keep no instances warm.",
            )
        now = as_request(running)
        differing = [field for field in ("Role", "DeadLetterConfig") if now.get(field) != plan.wanted.get(field)]
        if differing:
            raise SlipwayError(
                f"Function {target.function} changes its {' and '.join(differing)} with this release, and Lambda "
                "shares no traffic between versions that differ in that.",
                hint="Release once without the canary's steps.",
            )


def _is_made_of(running: Snapshot, digest: str, latest: Snapshot, code: Code | None) -> bool:
    """Tell whether a version is what is wanted: by its mark, or by what it consists of where we did not publish it."""
    if marked_fingerprint(running) == digest:
        return True
    if (code is None or code.is_in(latest)) and running.sha256 != latest.sha256:
        return False
    return fingerprint_of(running) == digest


def _shares(alias: Alias) -> dict[str, str]:
    return {f"share of version {version}": f"{100 * weight:g} %" for version, weight in sorted(alias.weights.items())}


__all__ = ("Action", "Plan", "Planner")
