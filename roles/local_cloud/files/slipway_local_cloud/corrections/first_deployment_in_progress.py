# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a deployment is complete."""

from __future__ import annotations

import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place


def first_deployment_in_progress(_place: Place) -> None:
    """A new service's first deployment is in progress until its tasks run.

    AWS: it is IN_PROGRESS, and COMPLETED or FAILED by what its tasks do, like any other deployment.
    MiniStack: it is COMPLETED at once, with no task running, whatever happens next.
    """
    ecs = service("ecs")
    make = original(ecs, "_make_deployment")

    def make_deployment(*args: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        deployment: dict[str, t.Any] = make(*args, **kwargs)
        deployment["rolloutState"] = "IN_PROGRESS"
        deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} in progress."
        return deployment

    replace(ecs, "_make_deployment", make_deployment)
