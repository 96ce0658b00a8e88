# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.modules import cloudfront_invalidate

if t.TYPE_CHECKING:
    from collections.abc import Callable

CREATE = "cloudfront:CreateInvalidation"
PATHS = ["/", "/index.html", "/日 本.html", "/index.html"]
SPELLED = ["/", "/%E6%97%A5%20%E6%9C%AC.html", "/index.html"]

Invalidate = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def cloudfront(client: Callable[..., t.Any], ministack_endpoint: str) -> t.Any:
    return client("cloudfront", ministack_endpoint)


@pytest.fixture
def distribution(cloudfront: t.Any) -> str:
    config = {
        "CallerReference": "slipway",
        "Comment": "",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "site",
                    "DomainName": "slipway-site.s3.amazonaws.com",
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "site",
            "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
    }
    return str(cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"])


@pytest.fixture
def invalidate(
    run_module: Callable[..., dict[str, t.Any]],
    connection: Callable[[str], dict[str, t.Any]],
    ministack_endpoint: str,
    distribution: str,
) -> Invalidate:
    def run(*, check: bool = False, diff: bool = False, **params: t.Any) -> dict[str, t.Any]:
        options = {**connection(ministack_endpoint), "distribution": distribution, "paths": PATHS}
        if "caller_reference" not in params:
            options["release"] = "release-1"
        return run_module(cloudfront_invalidate, {**options, **params}, check=check, diff=diff)

    return run


def test_paths_are_invalidated_once(invalidate: Invalidate, cloudfront: t.Any, distribution: str) -> None:
    result = invalidate()
    assert (result["outcome"], result["changed"], result["paths"]) == ("succeeded", True, SPELLED)
    batch = cloudfront.get_invalidation(DistributionId=distribution, Id=result["invalidation_id"])["Invalidation"]
    assert batch["InvalidationBatch"]["Paths"]["Items"] == SPELLED
    assert batch["InvalidationBatch"]["CallerReference"] == result["caller_reference"]


def test_a_retry_meets_the_same_invalidation(invalidate: Invalidate, cloudfront: t.Any, distribution: str) -> None:
    first = invalidate()
    time.sleep(5)
    predicted = invalidate(check=True)
    again = invalidate()
    assert again["invalidation_id"] == predicted["invalidation_id"] == first["invalidation_id"]
    assert (again["outcome"], again["changed"]) == (predicted["outcome"], predicted["changed"]) == ("no_op", False)
    assert cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"]["Quantity"] == 1
    assert invalidate(release="release-2")["invalidation_id"] != first["invalidation_id"]


def test_no_paths_ask_nothing(invalidate: Invalidate, api_calls: list[str]) -> None:
    api_calls.clear()
    result = invalidate(paths=[])
    assert (result["outcome"], result["changed"], result["invalidation_id"]) == ("no_op", False, None)
    assert api_calls == []


def test_check_mode_predicts_and_writes_nothing(invalidate: Invalidate, api_calls: list[str]) -> None:
    api_calls.clear()
    predicted = invalidate(check=True, diff=True)
    assert CREATE not in api_calls
    happened = invalidate(diff=True)
    for result in (predicted, happened):
        result.pop("invocation")
    assert (happened.pop("status"), predicted.pop("status")) == ("Completed", None)
    assert happened.pop("invalidation_id") != predicted.pop("invalidation_id")
    assert predicted == happened
    assert happened["diff"]["after"] == "".join(f"{path}\n" for path in SPELLED)


def test_waiting_for_a_completed_one_ends_at_once(invalidate: Invalidate) -> None:
    assert invalidate(wait=True, wait_timeout=0)["status"] == "Completed"


def test_a_reference_belongs_to_its_paths(invalidate: Invalidate) -> None:
    assert invalidate(caller_reference="mine")["caller_reference"] == "mine"
    refused = invalidate(caller_reference="mine", paths=["/other"])
    assert (refused["outcome"], refused["aws_error_code"]) == ("failed", "InvalidationBatchAlreadyExists")
    assert "choose a new one" in refused["msg"]


def test_too_many_paths_become_wildcards(invalidate: Invalidate) -> None:
    result = invalidate(paths=[f"/docs/{number}.html" for number in range(4000)] + ["/"])
    assert result["paths"] == ["/", "/docs/*"]
    assert invalidate(paths=["/a/1", "/a/2", "/b"], max_paths=2)["paths"] == ["/a/*", "/b"]


def test_a_distribution_that_is_not_there(invalidate: Invalidate) -> None:
    result = invalidate(distribution="E0MISSING")
    assert (result["outcome"], result["aws_error_code"]) == ("failed", "NoSuchDistribution")
    assert "of the distribution E0MISSING" in result["msg"]
    assert invalidate(distribution="E0MISSING", check=True)["failed"]


def test_bad_options_are_refused_before_any_request(invalidate: Invalidate, api_calls: list[str]) -> None:
    api_calls.clear()
    assert "does not start with a slash" in invalidate(paths=["index.html"])["msg"]
    assert "from 1 to 3000" in invalidate(max_paths=0)["msg"]
    assert "mutually exclusive" in invalidate(release="r", caller_reference="c")["msg"]
    assert "Neither release nor caller_reference" in invalidate(release="")["msg"]
    assert api_calls == []
