# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bucket of the race answers as S3 does, as far as the tools look; it remembers what it was asked."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import boto3
import botocore.exceptions
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from publishing import built_site
from publishing.race import Line, Store, store

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Store]:
    with store(tmp_path) as started:
        started.reset(Line(0.0, 0.0))
        yield started


@pytest.fixture
def s3(bucket: Store) -> t.Any:
    session = boto3.session.Session("slipway-test", "slipway-test", region_name="us-east-1")
    return session.client("s3", endpoint_url=bucket.endpoint)


def test_what_is_put_is_listed_with_its_hash(bucket: Store, s3: t.Any) -> None:
    put = s3.put_object(
        Bucket="site", Key="a b/日.html", Body=b"hello", ContentType="text/html", CacheControl="no-cache"
    )
    listed = s3.list_objects_v2(Bucket="site")["Contents"]
    assert [(each["Key"], each["ETag"], each["Size"]) for each in listed] == [("a b/日.html", put["ETag"], 5)]
    found = s3.head_object(Bucket="site", Key="a b/日.html")
    assert (found["ContentType"], found["CacheControl"], found["ContentLength"]) == ("text/html", "no-cache", 5)
    assert bucket.report()["calls"] == {"PutObject": 1, "ListObjects": 1, "HeadObject": 1}


def test_a_long_listing_comes_in_pages(s3: t.Any) -> None:
    keys = [f"{number:05}" for number in range(2500)]
    for key in keys:
        s3.put_object(Bucket="site", Key=key, Body=b"x")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="site", Prefix="0"))
    assert [len(page["Contents"]) for page in pages] == [1000, 1000, 500]
    assert [each["Key"] for page in pages for each in page["Contents"]] == keys


def test_a_wrong_hash_is_refused_and_nothing_is_there(s3: t.Any) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="BadDigest"):
        s3.put_object(Bucket="site", Key="a", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    with pytest.raises(botocore.exceptions.ClientError, match="404"):
        s3.head_object(Bucket="site", Key="a")


def test_copies_and_deletions(bucket: Store, s3: t.Any) -> None:
    s3.put_object(Bucket="site", Key="a", Body=b"x")
    s3.copy_object(Bucket="site", Key="b", CopySource={"Bucket": "site", "Key": "a"})
    s3.delete_objects(Bucket="site", Delete={"Objects": [{"Key": "a"}]})
    assert list(bucket.report()["objects"]) == ["b"]


def test_a_site_is_always_the_same_and_changes_in_part(tmp_path: Path) -> None:
    built_site.build(tmp_path / "one", 100)
    built_site.build(tmp_path / "two", 100)
    before = built_site.contents(tmp_path / "one")
    assert before == built_site.contents(tmp_path / "two")
    assert len(before) == 100
    changed = built_site.change(tmp_path / "one", 0.1)
    after = built_site.contents(tmp_path / "one")
    assert sum(after[key] != before[key] for key in after) == changed > 0
