# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

"""What the emulators never do (run out of room, take their time) is answered by botocore's own stubber here."""

import datetime
import typing as t

import boto3
import botocore.stub
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.invalidate import Clock, Order, invalidate, make_order
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

NOW = datetime.datetime(2026, 11, 21, 12, 0, tzinfo=datetime.UTC)
PARAMS = {"distribution": "E1", "paths": ["/"], "release": "r1", "max_paths": 3000, "wait": False, "wait_timeout": 60}


class ManualClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def as_clock(self) -> Clock:
        return Clock(now=lambda: sum(self.pauses), sleep=self.pauses.append)


@pytest.fixture
def client() -> t.Any:
    return boto3.session.Session("slipway-test", "slipway-test", region_name="ap-northeast-1").client("cloudfront")


@pytest.fixture
def aws(client: t.Any) -> t.Iterator[botocore.stub.Stubber]:
    with botocore.stub.Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def order(*, wait: bool = False, wait_timeout: int = 60) -> Order:
    return make_order({**PARAMS, "wait": wait, "wait_timeout": wait_timeout})


def answer(status: str, *, age: int = 0) -> dict[str, t.Any]:
    batch = {"Paths": {"Quantity": 1, "Items": ["/"]}, "CallerReference": "r"}
    created = NOW - datetime.timedelta(seconds=age)
    return {
        "Invalidation": {"Id": "I1", "Status": status, "CreateTime": created, "InvalidationBatch": batch},
        "ResponseMetadata": {"HTTPHeaders": {"date": "Sat, 21 Nov 2026 12:00:00 GMT"}},
    }


def test_no_room_is_waited_for(client: t.Any, aws: botocore.stub.Stubber) -> None:
    clock = ManualClock()
    for dummy in range(3):
        aws.add_client_error("create_invalidation", "TooManyInvalidationsInProgress")
    aws.add_response("create_invalidation", answer("InProgress"))
    result = invalidate(client, order(), check=False, clock=clock.as_clock())
    assert (result["outcome"], result["status"], result["changed"]) == ("succeeded", "InProgress", True)
    assert clock.pauses == [1, 2, 4]


def test_no_room_is_not_waited_for_for_ever(client: t.Any, aws: botocore.stub.Stubber) -> None:
    clock = ManualClock()
    for dummy in range(5):
        aws.add_client_error("create_invalidation", "TooManyInvalidationsInProgress")
    with pytest.raises(SlipwayError, match="TooManyInvalidationsInProgress") as caught:
        invalidate(client, order(wait_timeout=20), check=False, clock=clock.as_clock())
    assert "earlier releases are still under way" in str(caught.value.hint)
    assert sum(clock.pauses) <= 20


def test_other_refusals_are_not_tried_again(client: t.Any, aws: botocore.stub.Stubber) -> None:
    clock = ManualClock()
    aws.add_client_error("create_invalidation", "AccessDenied", "not allowed")
    with pytest.raises(SlipwayError, match="AccessDenied: not allowed") as caught:
        invalidate(client, order(), check=False, clock=clock.as_clock())
    assert "cloudfront:CreateInvalidation" in str(caught.value.hint)
    assert clock.pauses == []


@pytest.mark.parametrize(("age", "is_new"), [(0, True), (2, True), (10, False), (100000, False)])
def test_an_invalidation_older_than_the_request_was_not_made_by_it(
    client: t.Any, aws: botocore.stub.Stubber, age: int, is_new: bool
) -> None:
    aws.add_response("create_invalidation", answer("Completed", age=age))
    result = invalidate(client, order(), check=False)
    assert (result["changed"], result["outcome"]) == (is_new, "succeeded" if is_new else "no_op")


def test_waiting_ends_with_completion(client: t.Any, aws: botocore.stub.Stubber) -> None:
    clock = ManualClock()
    aws.add_response("create_invalidation", answer("InProgress"))
    aws.add_response("get_invalidation", answer("InProgress"))
    aws.add_response("get_invalidation", answer("Completed"))
    result = invalidate(client, order(wait=True), check=False, clock=clock.as_clock())
    assert (result["status"], result["changed"], result["outcome"]) == ("Completed", True, "succeeded")
    assert clock.pauses == [1, 1.5]


def test_waiting_in_vain_tells_the_last_state(client: t.Any, aws: botocore.stub.Stubber) -> None:
    clock = ManualClock()
    aws.add_response("create_invalidation", answer("InProgress"))
    for dummy in range(3):
        aws.add_response("get_invalidation", answer("InProgress"))
    with pytest.raises(SlipwayError, match="still InProgress after 6 seconds") as caught:
        invalidate(client, order(wait=True, wait_timeout=6), check=False, clock=clock.as_clock())
    told = caught.value.as_result()
    assert (told["outcome"], told["invalidation_id"], told["changed"]) == ("timed_out", "I1", True)
    assert sum(clock.pauses) <= 6


@pytest.mark.parametrize("number", [0, 3001])
def test_limits_beyond_those_of_cloudfront_are_refused(number: int) -> None:
    with pytest.raises(SlipwayError, match="from 1 to 3000"):
        make_order({**PARAMS, "max_paths": number})
