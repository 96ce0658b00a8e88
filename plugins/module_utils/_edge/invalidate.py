# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Make CloudFront forget paths, once per release; wait for it and look at what is served then, if asked."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients
from ansible_collections.slipway.aws.plugins.module_utils._edge import api
from ansible_collections.slipway.aws.plugins.module_utils._edge.invalidation_batch import (
    MAX_PATHS,
    batch_paths,
    caller_reference,
)
from ansible_collections.slipway.aws.plugins.module_utils._edge.ticker import Report, silent
from ansible_collections.slipway.aws.plugins.module_utils._edge.url_paths import WILDCARD
from ansible_collections.slipway.aws.plugins.module_utils._edge.verify import (
    VERIFY_ARGUMENTS,
    Verification,
    make_verification,
    verify,
    wrong_sentence,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ARGUMENTS: dict[str, t.Any] = {
    "distribution": {"type": "str", "required": True},
    "paths": {"type": "list", "elements": "str", "required": True},
    "release": {"type": "str"},
    "caller_reference": {"type": "str"},
    "max_paths": {"type": "int", "default": 3000},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 600},
    "verify": {"type": "dict", "options": VERIFY_ARGUMENTS},
}
NO_ROOM = "TooManyInvalidationsInProgress"
# CloudFront accepts no more than a few invalidations in quick succession. botocore tries again for some seconds; what
# is asked for under a caller reference may be asked for again, so we go on for as long as the user waits.
TOO_FAST = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "ServiceUnavailable"})
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 20.0
SECONDS_BETWEEN_WORDS = 15.0
# A retry follows soon, so the invalidation it would meet again is among the newest.
LOOK_BACK = 10
HINTS = {
    "NoSuchDistribution": "Compare the id with the outputs of the stack, and the account with the connection.",
    "AccessDenied": "The role that releases needs cloudfront:CreateInvalidation and, to wait, "
    "cloudfront:GetInvalidation on the distribution.",
    "InvalidationBatchAlreadyExists": "The caller reference was used before for other paths: choose a new one.",
    "Throttling": "CloudFront was asked too often, maybe not by us alone. Try again later, or raise wait_timeout.",
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
    verification: Verification | None = None


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
        _verification(params),
    )


def _verification(params: t.Mapping[str, t.Any]) -> Verification | None:
    options = params.get("verify")
    if not options or not options["digests"]:
        return None
    return make_verification(
        options, validate_certs=params.get("validate_certs", True), ca_bundle=params.get("aws_ca_bundle")
    )


def invalidate_paths(params: t.Mapping[str, t.Any], *, check: bool, diff: bool, report: Report) -> dict[str, t.Any]:
    """Do what the options of the module ask for, and return the task's result."""
    try:
        if params["release"] is not None and params["caller_reference"] is not None:
            raise SlipwayError("The options release and caller_reference are mutually exclusive: give one of them.")
        result = invalidate(Clients(params)("cloudfront"), make_order(params), check=check, report=report)
    except SlipwayError as error:
        raise SlipwayError(error.message, hint=error.hint, details={"outcome": "failed", **error.details}) from error
    if not diff:
        del result["diff"]
    return result


def invalidate(
    client: t.Any, order: Order, *, check: bool, clock: Clock | None = None, report: Report = silent
) -> dict[str, t.Any]:
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
            invalidation = _create(client, order, deadline, clock, report)
            is_new = invalidation.is_new
            report(order.distribution, _told(order, invalidation))
            if order.wait:
                invalidation = _wait(client, order, invalidation, deadline, clock, report)
    except AwsError as error:
        raise SlipwayError(error.message, hint=HINTS.get(error.code), details=error.details) from error
    verified = [] if check else _verify(client, order, invalidation, is_new, clock, report)
    return {
        "outcome": "succeeded" if is_new else "no_op",
        "changed": is_new,
        **_state(order, invalidation),
        "verified": verified,
        "diff": {
            "before_header": order.distribution,
            "after_header": f"{order.distribution}, paths to invalidate",
            "before": "",
            "after": "".join(f"{path}\n" for path in order.paths) if is_new else "",
        },
    }


def _told(order: Order, invalidation: api.Invalidation) -> str:
    wildcards = sum(path.endswith(WILDCARD) for path in order.paths)
    what = f"{len(order.paths)} paths" + (f", of which {wildcards} wildcards" if wildcards else "")
    return f"invalidation {invalidation.id} of {what}: {invalidation.status}" + (
        "" if invalidation.is_new else ", made by an earlier run"
    )


def _state(order: Order, invalidation: api.Invalidation | None) -> dict[str, t.Any]:
    return {
        "invalidation_id": invalidation.id if invalidation else None,
        "status": invalidation.status if invalidation else None,
        "caller_reference": order.reference,
        "paths": list(order.paths),
    }


def _verify(
    client: t.Any, order: Order, invalidation: api.Invalidation | None, is_new: bool, clock: Clock, report: Report
) -> list[str]:
    """Return the paths that serve what was published. That one does not is a failure, with what was served instead."""
    if order.verification is None:
        return []
    wrong = verify(order.verification, now=clock.now, sleep=clock.sleep, report=report)
    if not wrong:
        return list(order.verification.digests)
    raise SlipwayError(
        wrong_sentence(order.verification, wrong),
        hint=_why_not(client, order, invalidation),
        details={"outcome": "timed_out", "changed": is_new, **_state(order, invalidation), "wrong": wrong},
    )


def _why_not(client: t.Any, order: Order, invalidation: api.Invalidation | None) -> str:
    """Return what would explain that an edge serves something else. Not being allowed to look is no failure."""
    try:
        if api.distribution_status(client, distribution=order.distribution) == "InProgress":
            return (
                f"The settings of the distribution {order.distribution} are still on their way to the edges "
                "(InProgress): run it again when it is Deployed."
            )
    except AwsError:
        pass
    if invalidation is not None and not invalidation.is_completed:
        return f"The invalidation {invalidation.id} was {invalidation.status} when last seen; wait would have waited."
    return "Is the URL that of this distribution, and its origin the bucket and prefix that were published to?"


def _find(client: t.Any, order: Order) -> api.Invalidation | None:
    """Look for the invalidation that a request under this reference would meet again."""
    for invalidation_id in api.latest_invalidations(client, distribution=order.distribution, count=LOOK_BACK):
        found, reference = api.get_invalidation(
            client, distribution=order.distribution, invalidation_id=invalidation_id
        )
        if reference == order.reference:
            return found
    return None


def _create(client: t.Any, order: Order, deadline: float, clock: Clock, report: Report) -> api.Invalidation:
    pause = FIRST_PAUSE
    while True:
        try:
            return api.create_invalidation(
                client, distribution=order.distribution, paths=order.paths, reference=order.reference
            )
        except AwsError as error:
            if error.code not in {NO_ROOM, *TOO_FAST} or clock.now() + pause > deadline:
                raise
            why = "no room among those in progress" if error.code == NO_ROOM else "asked too often"
            report(order.distribution, f"{why}, next try in {pause:.0f} s")
        clock.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _wait(
    client: t.Any, order: Order, invalidation: api.Invalidation, deadline: float, clock: Clock, report: Report
) -> api.Invalidation:
    pause, began, spoke = FIRST_PAUSE, clock.now(), clock.now()
    while not invalidation.is_completed:
        if clock.now() + pause > deadline:
            raise SlipwayError(
                f"The invalidation {invalidation.id} of the distribution {order.distribution} is still "
                f"{invalidation.status} after {order.wait_timeout} seconds.",
                hint="CloudFront goes on with it. Raise wait_timeout, or do not wait and check what the edge serves.",
                details={
                    "outcome": "timed_out",
                    "changed": invalidation.is_new,
                    **_state(order, invalidation),
                },
            )
        clock.sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE)
        latest, dummy = api.get_invalidation(client, distribution=order.distribution, invalidation_id=invalidation.id)
        invalidation = dataclasses.replace(invalidation, status=latest.status)
        if invalidation.is_completed or clock.now() - spoke >= SECONDS_BETWEEN_WORDS:
            spoke = clock.now()
            report(order.distribution, f"invalidation {invalidation.id}: {latest.status} after {spoke - began:.0f} s")
    return invalidation


__all__ = ("ARGUMENTS", "Clock", "Order", "invalidate", "invalidate_paths", "make_order")
