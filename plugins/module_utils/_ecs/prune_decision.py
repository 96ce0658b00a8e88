# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Which revisions of a task definition may go: those that are old, and that nobody is known to need."""

from __future__ import annotations

import dataclasses
import re
import typing as t

REVISION = re.compile(r"(?P<family>[A-Za-z0-9_-]+):(?P<number>[0-9]+)")
# In a receipt, a revision may stand alone or inside a sentence.
REVISION_ARN = re.compile(r"arn:[a-z0-9-]+:ecs:[a-z0-9-]*:[0-9]*:task-definition/(?P<name>[A-Za-z0-9_-]+:[0-9]+)")

Reasons = dict[str, list[str]]
"""Why revisions are kept, by name."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What becomes of a family's active revisions; both lists are in the order the revisions were made."""

    kept: tuple[str, ...]
    retired: tuple[str, ...]


def revision_name(identifier: str) -> str:
    """Return what people call a revision, C(family:number), of its ARN or of that name itself."""
    return identifier.rsplit("/", 1)[-1]


def is_revision(identifier: str) -> bool:
    return REVISION.fullmatch(revision_name(identifier)) is not None


def family_of(identifier: str) -> str:
    return revision_name(identifier).partition(":")[0]


def in_order(revisions: t.Iterable[str]) -> list[str]:
    """Return the revisions of one family, the oldest first. As text, 10 would come before 9."""
    return sorted(revisions, key=lambda revision: int(revision_name(revision).rpartition(":")[2]))


def newest(revisions: t.Iterable[str], keep: int) -> list[str]:
    return in_order(revisions)[-keep:]


def decide(active: t.Iterable[str], keep: int, reasons: t.Mapping[str, t.Sequence[str]]) -> Verdict:
    """Retire what is neither among the newest nor kept for a reason."""
    ordered = in_order(active)
    young = set(newest(ordered, keep))
    retired = tuple(item for item in ordered if item not in young and not reasons.get(revision_name(item)))
    gone = set(retired)
    return Verdict(kept=tuple(item for item in ordered if item not in gone), retired=retired)


def mentioned(value: t.Any) -> set[str]:
    """Return the names of all revisions whose ARN stands anywhere in a document."""
    if isinstance(value, str):
        return {found["name"] for found in REVISION_ARN.finditer(value)}
    if isinstance(value, t.Mapping):
        return mentioned(list(value)) | mentioned(list(value.values()))
    if isinstance(value, (list, tuple)):
        return {name for item in value for name in mentioned(item)}
    return set()


__all__ = (
    "Reasons", "Verdict", "decide", "family_of", "in_order", "is_revision", "mentioned", "newest", "revision_name",
)  # fmt: skip
