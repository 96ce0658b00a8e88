# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What the registry still lacks of one image: pure comparison, no calls."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t


@dataclasses.dataclass(frozen=True)
class Mutability:
    """Whether tags of a repository may move, with the exceptions ECR allows."""

    immutable: bool = False
    exceptions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, repository: t.Mapping[str, t.Any]) -> Mutability:
        """Read it from what DescribeRepositories says."""
        filters = repository.get("imageTagMutabilityExclusionFilters") or []
        return cls(
            immutable=str(repository.get("imageTagMutability", "MUTABLE")).startswith("IMMUTABLE"),
            exceptions=tuple(str(item["filter"]) for item in filters),
        )

    def fixes(self, tag: str) -> bool:
        """Return whether the tag stays where it is for ever."""
        excepted = any(fnmatch.fnmatchcase(tag, pattern) for pattern in self.exceptions)
        return self.immutable != excepted


@dataclasses.dataclass(frozen=True)
class Plan:
    """The way from what the registry holds to what was asked for.

    ``digest`` is None while the image has yet to be built. ``put`` are the tags to set,
    ``fixed`` those that name another image and may not move.
    """

    digest: str | None
    before: t.Mapping[str, str | None]
    put: tuple[str, ...]
    fixed: t.Mapping[str, str]

    @property
    def build(self) -> bool:
        return self.digest is None

    @property
    def changes(self) -> bool:
        return self.build or bool(self.put)

    @property
    def after(self) -> dict[str, str | None]:
        return dict.fromkeys(self.before, self.digest)


# Before the registry has been asked.
UNPLANNED = Plan(digest=None, before={}, put=(), fixed={})


def plan_image(
    source_tag: str, tags: tuple[str, ...], present: t.Mapping[str, str | None], mutability: Mutability
) -> Plan:
    """Compare the tags asked for with those present (tag to digest, or None where there is none)."""
    digest = present.get(source_tag)
    before = {tag: present.get(tag) for tag in (source_tag, *tags)}
    # An image without a digest yet is taken for a new one: it is, but for a reproducible build.
    elsewhere = {tag: now for tag, now in before.items() if now is not None and now != digest}
    return Plan(
        digest=digest,
        before=before,
        put=tuple(tag for tag in tags if digest is None or before[tag] != digest),
        fixed={tag: now for tag, now in elsewhere.items() if mutability.fixes(tag)},
    )


__all__ = ("UNPLANNED", "Mutability", "Plan", "plan_image")
