# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""One image on its way to the registry, and what is told about it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._image.fingerprint import source_tag
from ansible_collections.slipway.aws.plugins.module_utils._image.plan import UNPLANNED, Plan

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
    from ansible_collections.slipway.aws.plugins.module_utils._image.registry import Registry
    from ansible_collections.slipway.aws.plugins.module_utils._image.spec import ImageSpec


@dataclasses.dataclass
class Work:
    """An image, what the registry lacks of it, and what has been done about that."""

    spec: ImageSpec
    registry: Registry
    tags: tuple[str, ...]
    fingerprint: str = ""
    plan: Plan = UNPLANNED
    before: t.Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    built: bool = False
    pushed: bool = False
    changed: bool = False
    seconds: float = 0.0
    error: SlipwayError | None = None

    @property
    def source_tag(self) -> str:
        return source_tag(self.fingerprint)

    @property
    def reference(self) -> str:
        """The image by its sources; known before there is a digest."""
        return f"{self.spec.repository.uri}:{self.source_tag}"

    def follow(self, leader: Work) -> None:
        """Take over what was done for another name of the same image."""
        self.plan, self.error = leader.plan, leader.error
        self.built, self.pushed, self.changed = leader.built, leader.pushed, leader.changed

    def foresee(self) -> None:
        """Say what would have been done, for check mode."""
        self.built = self.pushed = self.plan.build
        self.changed = self.plan.changes

    def result(self) -> dict[str, t.Any]:
        digest = self.plan.digest
        result: dict[str, t.Any] = {
            "outcome": "failed" if self.error else "succeeded" if self.changed else "no_op",
            "uri": f"{self.spec.repository.uri}@{digest}" if digest else None,
            "digest": digest,
            "reference": self.reference if self.fingerprint else None,
            "tags": [self.source_tag, *self.tags] if self.fingerprint else [],
            "fingerprint": self.fingerprint or None,
            "built": self.built,
            "pushed": self.pushed,
            "seconds": round(self.seconds, 2),
        }
        if self.error:
            result["error"] = self.error.as_result()["msg"]
            result["log"] = self.error.details.get("log", [])
        return result

    def warnings(self) -> list[str]:
        name = self.spec.name
        found = [
            f"The build argument {argument} of image {name} looks like a secret. Everyone who may pull the image can "
            "read it there; let the program read its secrets at run time instead."
            for argument in self.spec.secret_arguments
        ]
        if self.plan.build:
            found += [
                f"The tag {tag} of {self.spec.repository.uri} is immutable and names {now}: unless image {name} comes "
                "out as exactly that, the release stops there."
                for tag, now in self.plan.fixed.items()
            ]
        return found


def describe_change(works: Iterable[Work]) -> dict[str, t.Any]:
    """Return tag to digest, before and after; what a build will yield is not known before it."""
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    for work in works:
        place = f"{work.spec.name}: {work.spec.repository.uri}"
        before[place] = dict(work.before)
        after[place] = {tag: digest or "(known after the build)" for tag, digest in work.plan.after.items()}
    return {"before": before, "after": after}


__all__ = ("Work", "describe_change")
