# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of API calls, as a demo counts in it."""

from __future__ import annotations

import collections
import contextlib
import http.client
import typing as t

from ecs import register

if t.TYPE_CHECKING:
    from home import Home


def test_every_api_call_is_one_line(cloud: Home, pushed: str) -> None:
    before = len(cloud.calls())
    s3, cloudfront, ecs = cloud.client("s3"), cloud.client("cloudfront"), cloud.client("ecs")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket="site", Key="assets/app.js", Body=b"x" * 3_000_000)
    s3.head_object(Bucket="site", Key="assets/app.js")
    s3.list_objects_v2(Bucket="site")
    s3.delete_objects(Bucket="site", Delete={"Objects": [{"Key": "assets/app.js"}]})
    definition = register(cloud, "journal", pushed, ["sleep", "60"])
    ecs.create_cluster(clusterName="tests")
    ecs.create_service(cluster="tests", serviceName="journal", taskDefinition=definition, desiredCount=0)
    ecs.update_service(cluster="tests", service="journal", desiredCount=0)
    ecs.describe_services(cluster="tests", services=["journal"])
    origin = {"Id": "s3", "DomainName": "site.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    distribution = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "journal",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "s3",
                "ViewerProtocolPolicy": "allow-all",
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                "MinTTL": 0,
            },
        }
    )["Distribution"]
    paths = {"Quantity": 1, "Items": ["/*"]}
    cloudfront.create_invalidation(
        DistributionId=distribution["Id"], InvalidationBatch={"Paths": paths, "CallerReference": "one"}
    )
    cloud.client("sts").get_caller_identity()

    calls = [call for call in cloud.calls()[before:] if "Boto3" in call["user_agent"]]
    assert collections.Counter((call["service"], call["action"], call["access"]) for call in calls) == {
        ("s3", "CreateBucket", "write"): 1,
        ("s3", "PutObject", "write"): 1,
        ("s3", "HeadObject", "read"): 1,
        ("s3", "ListBucket", "read"): 1,
        ("s3", "DeleteObject", "write"): 1,
        ("logs", "CreateLogGroup", "write"): 1,
        ("ecs", "RegisterTaskDefinition", "write"): 1,
        ("ecs", "CreateCluster", "write"): 1,
        ("ecs", "CreateService", "write"): 1,
        ("ecs", "UpdateService", "write"): 1,
        ("ecs", "DescribeServices", "read"): 1,
        ("cloudfront", "CreateDistribution", "write"): 1,
        ("cloudfront", "CreateInvalidation", "write"): 1,
        ("sts", "GetCallerIdentity", "read"): 1,
    }
    about = {call["action"]: call["resource"] for call in calls}
    assert about["UpdateService"] == "service/tests/journal"
    assert about["RegisterTaskDefinition"] == "task-definition/journal"
    assert about["PutObject"] == "arn:aws:s3:::site/assets/app.js"
    assert about["CreateInvalidation"].endswith(f"distribution/{distribution['Id']}")
    assert {call["status"] for call in calls} <= {200, 201}


def test_refused_calls_keep_their_status(cloud: Home) -> None:
    s3 = cloud.client("s3")
    with contextlib.suppress(s3.exceptions.ClientError):
        s3.head_bucket(Bucket="nobody-made-this")
    last = [call for call in cloud.calls() if call["action"] == "HeadBucket"][-1]
    assert (last["status"], last["access"]) == (404, "read")


def test_what_the_cloud_serves_is_no_api_call(cloud: Home, pushed: str) -> None:
    assert pushed
    before = len(cloud.calls())
    for host, path in (
        ("abc.cloudfront.net", "/"),
        ("tests-1.ap-northeast-1.elb.amazonaws.com", "/api/health"),
        (f"127.0.0.1:{cloud.port}", "/v2/"),
        (f"127.0.0.1:{cloud.port}", "/_ministack/health"),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=10)
        connection.request("GET", path, headers={"Host": host, "User-Agent": "visitor"})
        connection.getresponse().read()
    assert [call for call in cloud.calls()[before:] if call["user_agent"] == "visitor"] == []
