# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""How stacks are named: C(dev), C(organization/dev) and C(organization/project/dev)."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import StackNotFoundError

# A backend in a folder or a bucket has no organizations: Pulumi always writes this word.
DIY_ORGANIZATION = "organization"
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def is_name(text: str) -> bool:
    """Tell whether a project or a stack may have this name, which also makes it a safe file name."""
    return NAME.fullmatch(text) is not None and text not in {".", ".."}


@dataclasses.dataclass(frozen=True, order=True)
class StackReference:
    """One stack of a backend. What the backend does not tell apart is empty.

    Stacks of the oldest layout belong to no project; only Pulumi Cloud and its like know organizations.
    """

    project: str
    stack: str
    organization: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.organization, self.project, self.stack) if part)


@dataclasses.dataclass(frozen=True)
class StackName:
    """A stack as a person wrote it; what was left out is V(None)."""

    stack: str
    project: str | None = None
    organization: str | None = None

    def matches(self, reference: StackReference) -> bool:
        return (
            reference.stack == self.stack
            and self.project in (None, reference.project)
            and self.organization in (None, reference.organization or DIY_ORGANIZATION)
        )

    def __str__(self) -> str:
        return "/".join(part for part in (self.organization, self.project, self.stack) if part)


def parse_stack_name(text: str) -> StackName:
    """Read any of the three spellings."""
    parts = text.split("/")
    if len(parts) > 3 or not all(is_name(part) for part in parts):
        raise StackNotFoundError(
            f"{text!r} is not the name of a stack.",
            hint="Write stack, organization/stack or organization/project/stack.",
        )
    return StackName(
        stack=parts[-1],
        project=parts[1] if len(parts) == 3 else None,
        organization=parts[0] if len(parts) > 1 else None,
    )


__all__ = ("DIY_ORGANIZATION", "StackName", "StackReference", "is_name", "parse_stack_name")
