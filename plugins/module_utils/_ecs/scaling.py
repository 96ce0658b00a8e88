# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""Hold the autoscaling of services still while they are deployed, and let it go again as it was.

What was suspended before is remembered on the scalable target itself, in tags that are written before anything is
suspended. A run that is killed leaves them, and the next run that has to do with the service restores what they say.

Every run looks for such leftovers, also one that suspends nothing itself and one that changes nothing: the target of a
service that is not let go does not grow when its visitors do. It is one call for fifty services, made beside the
planning and by clients that give up soon; and only a target with everything suspended is looked at closer. Where
nobody may look, there is nothing to find that we have left.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_scaling import (
    describe_scalable_targets,
    scalable_target_tags,
    set_suspension,
    tag_scalable_target,
    untag_scalable_target,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.hurry import in_a_hurry

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, Target

BEFORE_TAG = "slipway:autoscaling-before"
RELEASE_TAG = "slipway:autoscaling-release"
LONGEST_TAG = 256
# Somebody else writes the same target at this moment: a policy, or a person.
BUSY = "ConcurrentUpdateException"
REFUSED = frozenset({"AccessDeniedException", "ValidationException"})
ATTEMPTS = 5
PAUSE = 1.0

KINDS = {
    "in": "DynamicScalingInSuspended",
    "out": "DynamicScalingOutSuspended",
    "scheduled": "ScheduledScalingSuspended",
}
"""What can be suspended, as our tag and as the API spell it."""

Ending = t.Literal["restored", "suspended"]
"""How autoscaling that was held still came out of it: as it was before, or still suspended."""


@dataclasses.dataclass(frozen=True)
class Suspension:
    """Which kinds of scaling are suspended."""

    kinds: frozenset[str] = frozenset()

    @classmethod
    def from_api(cls, answer: Mapping[str, t.Any]) -> Suspension:
        return cls(frozenset(kind for kind, key in KINDS.items() if answer.get(key)))

    @classmethod
    def from_tag(cls, value: str) -> Suspension | None:
        """Return what a tag of ours says, or nothing where it says nothing that we would have written."""
        words = dict(word.partition("=")[::2] for word in value.split())
        if set(words) != set(KINDS) or not set(words.values()) <= {"on", "off"}:
            return None
        return cls(frozenset(kind for kind, word in words.items() if word == "off"))

    @property
    def as_tag(self) -> str:
        return " ".join(f"{kind}={'off' if kind in self.kinds else 'on'}" for kind in KINDS)

    @property
    def as_api(self) -> dict[str, bool]:
        return {key: kind in self.kinds for kind, key in KINDS.items()}


EVERYTHING = Suspension(frozenset(KINDS))


@dataclasses.dataclass(frozen=True)
class ScalableTarget:
    """What scales one service."""

    resource: str
    arn: str
    suspension: Suspension

    @classmethod
    def from_api(cls, answer: Mapping[str, t.Any]) -> ScalableTarget:
        return cls(
            answer["ResourceId"],
            answer.get("ScalableTargetARN", ""),
            Suspension.from_api(answer.get("SuspendedState") or {}),
        )


class Scaling:
    """The autoscaling of the services of one run."""

    def __init__(
        self,
        clients: Clients,
        targets: t.Sequence[Target],
        release: Release,
        report: Callable[[str, str], None],
        sleep: Callable[[float], None],
        *,
        suspend: bool,
        check_mode: bool = False,
    ) -> None:
        self._release, self._report, self._sleep = release, report, sleep
        self._suspend, self._check_mode = suspend, check_mode
        self._resources = {target.name: resource_of(target) for target in targets}
        self._clients = clients
        self._targets: dict[str, ScalableTarget] = {}
        # What is to be restored, by service; those of a run before are leftovers until then.
        self._held: dict[str, Suspension] = {}
        self._looking: concurrent.futures.Future[None] | None = None
        self.leftovers: set[str] = set()
        self.endings: dict[str, Ending] = {}

    def begin_to_look(self) -> None:
        """Look for what is to be held still, and for what a run that was killed has left; beside other work."""
        self._looking = concurrent.futures.Future()
        try:
            # A session makes one client at a time, so this is not done in the thread.
            clients = self._clients if self._suspend else in_a_hurry(self._clients)
            client = clients("application-autoscaling")
        except SlipwayError as error:
            self._looking.set_exception(error)
            return
        with_one = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        self._looking = with_one.submit(self._look, client)
        with_one.shutdown(wait=False)

    def end_to_look(self) -> None:
        """Wait for what was found. Only who wants autoscaling held still has to be told that nobody may look."""
        if self._looking is None:
            return
        try:
            self._looking.result()
        except SlipwayError as error:
            if self._suspend:
                raise SlipwayError(
                    f"Autoscaling cannot be held still. {error.message}",
                    hint="The deployment needs application-autoscaling:DescribeScalableTargets, "
                    "RegisterScalableTarget, TagResource, UntagResource and ListTagsForResource; or leave "
                    "suspend_autoscaling out.",
                ) from error
        for name in sorted(self.leftovers):
            self._report(name, "autoscaling is still suspended by a release that was killed; it will be restored")

    def hold(self, name: str) -> None:
        """Suspend the autoscaling of a service, if that is asked for and there is any that is not suspended."""
        target = self._targets.get(name)
        if not self._suspend or target is None or target.suspension == EVERYTHING:
            return
        client = self._clients("application-autoscaling")
        tags = {BEFORE_TAG: target.suspension.as_tag, RELEASE_TAG: self._release.id[:LONGEST_TAG]}
        tag_scalable_target(client, target.arn, tags)
        # From here on it has to be restored, whatever happens: an answer that never came may mean that it was done.
        self._held[name] = target.suspension
        try:
            self._patiently(set_suspension, client, target.resource, EVERYTHING.as_api)
        except AwsError as error:
            if error.code in REFUSED:
                del self._held[name]
                untag_scalable_target(client, target.arn, [BEFORE_TAG, RELEASE_TAG])
            raise

    def foretell(self, name: str) -> str | None:
        """Return what C(hold) would do, for a run that only says so."""
        target = self._targets.get(name)
        if not self._suspend or target is None or target.suspension == EVERYTHING:
            return None
        self.endings[name] = "restored"
        return "would hold autoscaling still while it is deployed"

    def restore(self, name: str) -> None:
        """Let the autoscaling of a service go again, exactly as it was. Never raises: the release is over by then."""
        before = self._held.get(name)
        if before is None:
            return
        if self._check_mode:
            del self._held[name]
            self.endings[name] = "restored"
            self._report(name, "would restore autoscaling")
            return
        target, client = self._targets[name], self._clients("application-autoscaling")
        try:
            self._patiently(set_suspension, client, target.resource, before.as_api)
            del self._held[name]
            self.endings[name] = "restored"
            untag_scalable_target(client, target.arn, [BEFORE_TAG, RELEASE_TAG])
        except SlipwayError as error:
            if name in self._held:
                self.endings[name] = "suspended"
                self._report(name, f"autoscaling is still suspended. {error.message} Run this again to restore it.")
            else:
                self._report(name, f"autoscaling is as it was before, but the note of it stays. {error.message}")
            return
        self._report(name, "autoscaling is as it was before")

    def restore_all(self) -> None:
        """Restore what is still held, also where a release was refused before anybody asked what was found."""
        if self._looking is not None:
            concurrent.futures.wait([self._looking])
        for name in list(self._held):
            if self.endings.get(name) != "suspended":
                self.restore(name)

    def _look(self, client: t.Any) -> None:
        answers = describe_scalable_targets(client, sorted(set(self._resources.values())))
        found = {target.resource: target for target in map(ScalableTarget.from_api, answers)}
        self._targets = {name: found[key] for name, key in self._resources.items() if key in found}
        for name, target in self._targets.items():
            if target.suspension == EVERYTHING:
                before = Suspension.from_tag(scalable_target_tags(client, target.arn).get(BEFORE_TAG, ""))
                if before is not None:
                    self._held[name] = before
                    self.leftovers.add(name)

    def _patiently(self, call: Callable[..., None], *args: t.Any) -> None:
        for _attempt in range(ATTEMPTS - 1):
            try:
                call(*args)
            except AwsError as error:
                if error.code != BUSY:
                    raise
                self._sleep(PAUSE)
            else:
                return
        call(*args)


def resource_of(target: Target) -> str:
    """Return the service as Application Auto Scaling names it. Names and ARNs both end with the name."""
    return f"service/{target.cluster.rsplit('/', 1)[-1]}/{target.service.rsplit('/', 1)[-1]}"


__all__ = ("BEFORE_TAG", "EVERYTHING", "RELEASE_TAG", "Ending", "Scaling", "Suspension")
