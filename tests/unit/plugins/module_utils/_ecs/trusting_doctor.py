# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A doctor who looks at nothing, for tests of what is done with the findings."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import Finding
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Evidence


class Doctor:
    """Knows that everything is the application's fault, and gives up those it is told to."""

    hopeless: t.ClassVar[set[str]] = set()

    def __init__(self, *dummy: t.Any) -> None:
        self._diagnosis = Diagnosis(
            code="application_exit", confidence="certain", evidence=(), explanation="It exited.", fix="Mend it.",
            fatal=True, tasks=("one", "two"),
        )  # fmt: skip

    def visit(self, watched: t.Any, dummy: t.Any) -> Diagnosis | None:
        return self._diagnosis if watched.name in self.hopeless else None

    def conclude(self, dummy: t.Any) -> Finding:
        return Finding(Evidence(), (self._diagnosis,))
