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
    """One stack of a backend. Stacks of the oldest layout belong to no project: theirs is empty."""

    project: str
    stack: str

    def __str__(self) -> str:
        return f"{self.project}/{self.stack}" if self.project else self.stack


@dataclasses.dataclass(frozen=True)
class StackName:
    """A stack as a person wrote it; what was left out is V(None)."""

    stack: str
    project: str | None = None

    def matches(self, reference: StackReference) -> bool:
        return reference.stack == self.stack and self.project in (None, reference.project)


def parse_stack_name(text: str) -> StackName:
    """Read any of the three spellings."""
    parts = text.split("/")
    if len(parts) > 3 or not all(is_name(part) for part in parts):
        raise StackNotFoundError(
            f"{text!r} is not the name of a stack.",
            hint="Write stack, organization/stack or organization/project/stack.",
        )
    if len(parts) > 1 and parts[0] != DIY_ORGANIZATION:
        raise StackNotFoundError(
            f"The stack name {text!r} begins with the organization {parts[0]!r}.",
            hint=f"A backend in a folder or a bucket knows only {DIY_ORGANIZATION!r}: "
            f"write {'/'.join([DIY_ORGANIZATION, *parts[1:]])!r}.",
        )
    return StackName(stack=parts[-1], project=parts[1] if len(parts) == 3 else None)


__all__ = ("DIY_ORGANIZATION", "StackName", "StackReference", "is_name", "parse_stack_name")
