# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Find the revision that a one-off task runs, and make one only if none is the same already."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.api import register_task_definition
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_tasks import (
    Answer,
    describe_definition,
    newest_revisions,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import (
    FINGERPRINT_TAG,
    RELEASE_TAG,
    difference,
    fingerprint,
    overlay,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import Job
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_request import main_container
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

# Every release since the last change of the infrastructure is one revision to look at, and describing is limited.
REVISIONS_LOOKED_AT = 20


@dataclasses.dataclass(frozen=True)
class Revision:
    """The task definition to run. One without an ARN is still to be registered."""

    definition: Answer
    container: str
    arn: str | None
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    diff: t.Mapping[str, str] | None = None

    @property
    def shown(self) -> str:
        return self.arn or f"{self.definition.get('family')} (a new revision)"

    def registered(self, ecs: t.Any) -> str:
        """Return its ARN, after registering it if need be."""
        return self.arn or register_task_definition(ecs, dict(self.definition), self.tags)


def choose(ecs: t.Any, job: Job, service: t.Mapping[str, t.Any] | None) -> Revision:
    """Return what the job runs: a revision as it is, or the image laid over the one that the infrastructure owns."""
    running = (service or {}).get("taskDefinition")
    if job.image is None:
        definition, dummy = describe_definition(ecs, _known(job.task_definition or running, job))
        return Revision(definition, main_container(job, definition), arn=definition["taskDefinitionArn"])
    return _Overlay(ecs, job, running).revision()


def _known(identifier: t.Any, job: Job) -> str:
    if not identifier:
        raise SlipwayError(f"Service {job.service} names no task definition.", hint="Set task_definition.")
    return str(identifier)


class _Overlay:
    """Lays a job's image over its base, and looks whether that very content is registered already."""

    def __init__(self, ecs: t.Any, job: Job, running: str | None) -> None:
        self._ecs = ecs
        self._job = job
        self._running = running
        self._seen: dict[str, tuple[Answer, dict[str, str]]] = {}

    def revision(self) -> Revision:
        base, base_tags = self._base()
        container = main_container(self._job, base)
        wanted = self._lay(base, container)
        digest = fingerprint(wanted)
        for definition, tags in self._seen.values():
            if digest in (tags.get(FINGERPRINT_TAG), fingerprint(definition)):
                return Revision(definition, container, arn=definition["taskDefinitionArn"])
        kept = {key: value for key, value in base_tags.items() if not key.startswith(("slipway:", "aws:"))}
        marks = {FINGERPRINT_TAG: digest, **({RELEASE_TAG: self._job.release_id} if self._job.release_id else {})}
        return Revision(wanted, container, arn=None, tags={**kept, **marks}, diff=difference(base, wanted))

    def _lay(self, base: Answer, container: str) -> Answer:
        # The job's own environment goes into the overrides of its run: here it would stay for everybody to read.
        target = Target.from_options(
            self._job.unit,
            {
                "cluster": self._job.cluster,
                "service": self._job.unit,
                "container": container,
                "image": self._job.image,
            },
        )
        return overlay(base, target, Release(id=self._job.release_id or "", git_sha=self._job.git_sha))

    def _base(self) -> tuple[Answer, dict[str, str]]:
        running = self._describe(self._running) if self._running else None
        if self._job.task_definition:
            return self._describe(self._job.task_definition)
        if running is None:
            return self._describe(_known(self._running, self._job))
        family = str(running[0]["family"])
        for arn in newest_revisions(self._ecs, family)[:REVISIONS_LOOKED_AT]:
            definition, tags = self._describe(arn)
            # Revisions that ship a release say so in their tags; the infrastructure's own do not.
            if FINGERPRINT_TAG not in tags:
                return definition, tags
        return running

    def _describe(self, identifier: str) -> tuple[Answer, dict[str, str]]:
        if identifier not in self._seen:
            self._seen[identifier] = describe_definition(self._ecs, identifier)
        return self._seen[identifier]


__all__ = ("Revision", "choose")
