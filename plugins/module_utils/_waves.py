# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The order units of one kind ship in: each wave waits for the ones it comes after."""

from __future__ import annotations

import graphlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def waves(after: t.Mapping[str, t.Sequence[str]], kind: str) -> list[list[str]]:
    """Return names in waves, of what each comes after; those of one wave are independent of each other."""
    for name, needs in after.items():
        for needed in needs:
            if needed not in after:
                raise SlipwayError(
                    f"{kind.capitalize()} {name} comes after {needed}, which is not among the {kind}s of this release.",
                    hint=f"Known {kind}s: {', '.join(sorted(after))}.",
                )
    sorter = graphlib.TopologicalSorter(after)
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        circle = " -> ".join(error.args[1])
        raise SlipwayError(f"{kind.capitalize()}s wait for each other in a circle: {circle}.") from error
    ordered: list[list[str]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered.append(ready)
        sorter.done(*ready)
    return ordered


__all__ = ("waves",)
