# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Make CloudFront forget paths, once per release, and wait for it if asked."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._edge import api
from ansible_collections.slipway.aws.plugins.module_utils._edge.invalidation_batch import (
    MAX_PATHS,
    batch_paths,
    caller_reference,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NO_ROOM = "TooManyInvalidationsInProgress"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 20.0
# A retry follows soon, so the invalidation it would meet again is among the newest.
LOOK_BACK = 10
HINTS = {
    "NoSuchDistribution": "Compare the id with the outputs of the stack, and the account with the connection.",
    "AccessDenied": "The role that releases needs cloudfront:CreateInvalidation and, to wait, "
    "cloudfront:GetInvalidation on the distribution.",
    "InvalidationBatchAlreadyExists": "The caller reference was used before for other paths: choose a new one.",
    NO_ROOM: "Invalidations of earlier releases are still under way. Try again later, or raise wait_timeout.",
}


@dataclasses.dataclass(frozen=True)
class Clock:
    """The time, and a way to let it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclasses.dataclass(frozen=True)
class Order:
    """What to invalidate, and under which name CloudFront shall recognise the request when it is repeated."""

    distribution: str
    paths: Sequence[str]
    reference: str
    wait: bool
    wait_timeout: int


def make_order(params: t.Mapping[str, t.Any]) -> Order:
    """Turn the options of the module into an order that fits CloudFront's limits."""
    if not 1 <= params["max_paths"] <= MAX_PATHS:
        raise SlipwayError(
            f"The option max_paths is {params['max_paths']}.", hint=f"Choose a number from 1 to {MAX_PATHS}."
        )
    paths = batch_paths(params["paths"], max_paths=params["max_paths"])
    reference, release = params.get("caller_reference"), params.get("release")
    if not reference and not release:
        raise SlipwayError("Neither release nor caller_reference says which release this invalidation belongs to.")
    return Order(
        params["distribution"],
        paths,
        reference or caller_reference(str(release), paths),
        params["wait"],
        params["wait_timeout"],
    )


def invalidate(client: t.Any, order: Order, *, check: bool, clock: Clock | None = None) -> dict[str, t.Any]:
    """Carry out an order, and return the result of the module."""
    clock = clock or Clock()
    invalidation: api.Invalidation | None = None
    is_new = False
    try:
        if order.paths and check:
            invalidation = _find(client, order)
            is_new = invalidation is None
        elif order.paths:
            deadline = clock.now() + order.wait_timeout
            invalidation = _create(client, order, deadline, clock)
            is_new = invalidation.is_new
            if order.wait:
                invalidation = _wait(client, order, invalidation, deadline, clock)
    except AwsError as error:
        raise SlipwayError(error.message, hint=HINTS.get(error.code), details=error.details) from error
    return {
        "outcome": "succeeded" if is_new else "no_op",
        "changed": is_new,
        "invalidation_id": invalidation.id if invalidation else None,
        "status": invalidation.status if invalidation else None,
        "caller_reference": order.reference,
        "paths": list(order.paths),
        "diff": {
            "before_header": order.distribution,
            "after_header": f"{order.distribution}, paths to invalidate",
            "before": "",
            "after": "".join(f"{path}\n" for path in order.paths) if is_new else "",
        },
    }


def _find(client: t.Any, order: Order) -> api.Invalidation | None:
    """Look for the invalidation that a request under this reference would meet again."""
    for invalidation_id in api.latest_invalidations(client, distribution=order.distribution, count=LOOK_BACK):
        found, reference = api.get_invalidation(
            client, distribution=order.distribution, invalidation_id=invalidation_id
        )
        if reference == order.reference:
            return found
    return None


def _create(client: t.Any, order: Order, deadline: float, clock: Clock) -> api.Invalidation:
    pause = FIRST_PAUSE
    while True:
        try:
            return api.create_invalidation(
                client, distribution=order.distribution, paths=order.paths, reference=order.reference
            )
        except AwsError as error:
            if error.code != NO_ROOM or clock.now() + pause > deadline:
                raise
        clock.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _wait(
    client: t.Any, order: Order, invalidation: api.Invalidation, deadline: float, clock: Clock
) -> api.Invalidation:
    pause = FIRST_PAUSE
    while not invalidation.is_completed:
        if clock.now() + pause > deadline:
            raise SlipwayError(
                f"The invalidation {invalidation.id} of the distribution {order.distribution} is still "
                f"{invalidation.status} after {order.wait_timeout} seconds.",
                hint="CloudFront goes on with it. Raise wait_timeout, or do not wait and check what the edge serves.",
                details={
                    "outcome": "timed_out",
                    "changed": invalidation.is_new,
                    "invalidation_id": invalidation.id,
                    "status": invalidation.status,
                    "caller_reference": order.reference,
                    "paths": list(order.paths),
                },
            )
        clock.sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE)
        latest, dummy = api.get_invalidation(client, distribution=order.distribution, invalidation_id=invalidation.id)
        invalidation = dataclasses.replace(invalidation, status=latest.status)
    return invalidation


__all__ = ("Clock", "Order", "invalidate", "make_order")
