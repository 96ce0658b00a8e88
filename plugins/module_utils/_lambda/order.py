# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The order functions ship in: each waits for the ones it comes after, and for nobody else."""

from __future__ import annotations

import graphlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Target


def in_order(targets: t.Sequence[Target]) -> list[str]:
    """Return the names so that each stands behind those it comes after."""
    known = {target.name for target in targets}
    for target in targets:
        strangers = [name for name in target.after if name not in known]
        if strangers:
            raise SlipwayError(
                f"Function {target.name} comes after {strangers[0]}, which is not among the functions of this release.",
                hint=f"Known functions: {', '.join(sorted(known))}.",
            )
    sorter = graphlib.TopologicalSorter({target.name: target.after for target in targets})
    try:
        return list(sorter.static_order())
    except graphlib.CycleError as error:
        raise SlipwayError(f"Functions wait for each other in a circle: {' -> '.join(error.args[1])}.") from error


__all__ = ("in_order",)
