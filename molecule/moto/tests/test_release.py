"""The scenario ran twice: what is there must have been written once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from testinfra.host import Host

Client = Callable[[str], Any]
SITE = Path(__file__).resolve().parents[1] / "files" / "site"


def test_every_file_of_the_site_is_served_as_built(client: Client) -> None:
    s3 = client("s3")
    for path in (path for path in SITE.rglob("*") if path.is_file()):
        key = str(path.relative_to(SITE))
        assert s3.get_object(Bucket="scenario-site", Key=key)["Body"].read() == path.read_bytes(), key


def test_assets_may_be_kept_for_ever_and_pages_may_not(client: Client) -> None:
    s3 = client("s3")
    asset = s3.head_object(Bucket="scenario-site", Key="assets/app.3f2a9c1b.js")
    page = s3.head_object(Bucket="scenario-site", Key="index.html")
    assert "immutable" in asset["CacheControl"]
    assert asset["ContentType"].startswith("text/javascript")
    assert page["CacheControl"] == "no-cache"
    assert page["ContentType"].startswith("text/html")


def test_assets_were_there_before_the_page(client: Client) -> None:
    versions = {
        version["Key"]: version["LastModified"]
        for version in client("s3").list_object_versions(Bucket="scenario-site")["Versions"]
    }
    assert versions["assets/app.3f2a9c1b.js"] <= versions["index.html"]


def test_the_second_run_put_nothing(client: Client) -> None:
    for bucket, keys in (("scenario-site", 2), ("scenario-ledger", 1)):
        versions = client("s3").list_object_versions(Bucket=bucket)["Versions"]
        assert len(versions) == len({version["Key"] for version in versions}) == keys


def test_there_was_one_invalidation_for_the_page_alone(client: Client, folder: Path) -> None:
    cloudfront = client("cloudfront")
    distribution = (folder / "distribution").read_text()
    listed = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"]["Items"]
    assert len(listed) == 1
    batch = cloudfront.get_invalidation(DistributionId=distribution, Id=listed[0]["Id"])["Invalidation"]
    assert sorted(batch["InvalidationBatch"]["Paths"]["Items"]) == ["/", "/index.html"]
    assert "release-1" in batch["InvalidationBatch"]["CallerReference"]


def test_the_alarms_are_as_they_were(client: Client) -> None:
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms} == {
        "scenario-quiet": "OK",
        "scenario-loud": "ALARM",
    }


def test_the_receipt_is_in_the_ledger_and_on_disk(client: Client, host: Host, folder: Path) -> None:
    name = "20260131T120100Z-release-1.json"
    local = host.file(str(folder / "receipts" / name))
    assert local.is_file
    kept = client("s3").get_object(Bucket="scenario-ledger", Key=f"scenario/receipts/{name}")["Body"].read()
    assert kept == local.content
    assert json.loads(kept)["units"] == {"sites": {"frontend": {"outcome": "succeeded"}}}
    assert host.file(str(folder / "receipts")).listdir() == [name]
