# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What every check knows besides its subject, and what a check is."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclasses.dataclass(frozen=True)
class Setting:
    """Where the release happens, and everything it ships. An emulator stands in for ECR at its own address, too."""

    region: str
    emulated: bool
    subjects: tuple[Subject, ...]

    def region_of(self, subject: Subject) -> str:
        return subject.region or self.region


Told = t.Union[Problem, Talk]  # noqa: UP007 - pylint takes this union for an operation
"""What a check says of one item: a problem it sees at once, or a talk that may lead to one."""

if t.TYPE_CHECKING:
    Check = Callable[[Subject, Setting], Iterable[Told]]

__all__ = ("Setting", "Told")
