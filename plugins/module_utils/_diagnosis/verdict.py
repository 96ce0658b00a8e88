# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Whether to stop a deployment that is still under way, because the next task will die as the last ones did."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Diagnosis

DEAD_TASKS = 2


def verdict_of(diagnoses: t.Iterable[Diagnosis], threshold: int = DEAD_TASKS) -> Diagnosis | None:
    """Return the fatal cause that at least so many tasks died of, or nothing while there is hope.

    A cause that is only possible stops nothing, and neither does one that passes by itself.
    """
    for item in diagnoses:
        if item.fatal and item.confidence != "possible" and len(item.tasks) >= max(1, threshold):
            return item
    return None


__all__ = ("DEAD_TASKS", "verdict_of")
