# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The order services ship in: each wave waits for the ones it comes after."""

from __future__ import annotations

import graphlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Target
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def waves(targets: t.Iterable[Target]) -> list[list[Target]]:
    """Return the targets in waves; those of one wave are independent of each other."""
    by_name = {target.name: target for target in targets}
    for target in by_name.values():
        for needed in target.after:
            if needed not in by_name:
                raise SlipwayError(
                    f"Service {target.name} comes after {needed}, which is not among the services of this release.",
                    hint=f"Known services: {', '.join(sorted(by_name))}.",
                )
    sorter = graphlib.TopologicalSorter({target.name: target.after for target in by_name.values()})
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        raise SlipwayError(f"Services wait for each other in a circle: {' -> '.join(error.args[1])}.") from error
    ordered: list[list[Target]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered.append([by_name[name] for name in ready])
        sorter.done(*ready)
    return ordered


__all__ = ("waves",)
