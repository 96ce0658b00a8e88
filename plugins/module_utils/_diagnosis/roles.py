# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A role of the task that ECS cannot take on."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Case, Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.policy import as_text

if t.TYPE_CHECKING:
    from collections.abc import Iterator

UNASSUMABLE = re.compile(
    r"unable to assume (?:the |configured )*(?:\w+ )*role '?(?P<role>arn:[\w:/+=,.@-]+)?"
    r"|not authorized to perform: sts:AssumeRole",
    re.IGNORECASE,
)

TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}


def roles(case: Case) -> Iterator[Diagnosis]:
    found = case.find(UNASSUMABLE)
    if not found:
        return
    quote, match = found
    definition = case.evidence.definition
    role = (match["role"] or "").rstrip(".") or definition.task_role or definition.execution_role or "the task's role"
    yield case.diagnosis(
        "role_not_assumable",
        "certain",
        f"ECS may not take on {role}: it does not exist, or it does not trust ecs-tasks.amazonaws.com.",
        f"Put this into the role's trust policy: {as_text(TRUST)} A role made a few seconds ago may only need another "
        "attempt; and whoever deploys needs iam:PassRole on it.",
        quote,
        fatal=True,
        statement=dict(TRUST),
    )


__all__ = ("roles",)
