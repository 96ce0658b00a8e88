# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import (
    BucketLocation,
    FolderLocation,
    parse_backend_url,
)

BASE = Path("/project/inventories/local")
ENVIRONMENT = {"STATE": "/elsewhere", "EMPTY": "", "HOME": "/home/someone"}


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file:///var/state", "/var/state"),
        ("file://state", "/project/inventories/local/state"),
        ("file://../../.state/pulumi", "/project/.state/pulumi"),
        ("file://./a b", "/project/inventories/local/a b"),
        ("file:///a%20b", "/a b"),
        ("file:///state?no_tmp_dir=true", "/state"),
        ("file://~/state", "/home/someone/state"),
        ("file://${STATE}/pulumi", "/elsewhere/pulumi"),
        ("file://${STATE:-../..}/pulumi", "/elsewhere/pulumi"),
        ("file://${UNSET:-../..}/pulumi", "/project/pulumi"),
        ("file://${EMPTY:-../..}/pulumi", "/project/pulumi"),
        ("  file:///state\n", "/state"),
    ],
)
def test_folders(url: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", ENVIRONMENT["HOME"])
    assert parse_backend_url(url, base=BASE, environment=ENVIRONMENT) == FolderLocation(Path(folder))


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("s3://bucket", BucketLocation("bucket", "")),
        ("s3://bucket/", BucketLocation("bucket", "")),
        ("s3://bucket/team/state", BucketLocation("bucket", "team/state/")),
        (
            "s3://bucket/x?region=eu-west-1&profile=ops&awssdk=v2",
            BucketLocation("bucket", "x/", region="eu-west-1", profile="ops"),
        ),
        (
            "s3://bucket?endpoint=127.0.0.1:9000&disableSSL=true&s3ForcePathStyle=true",
            BucketLocation("bucket", "", endpoint="http://127.0.0.1:9000", path_style=True),
        ),
        (
            "s3://bucket?endpoint=store.example.com&use_path_style=1",
            BucketLocation("bucket", "", endpoint="https://store.example.com", path_style=True),
        ),
        ("s3://bucket?endpoint=http%3A%2F%2Fstore", BucketLocation("bucket", "", endpoint="http://store")),
        (
            "s3://bucket?anonymous=true&dualstack=true&fips=true",
            BucketLocation("bucket", "", anonymous=True, dualstack=True, fips=True),
        ),
    ],
)
def test_buckets(url: str, location: BucketLocation) -> None:
    assert parse_backend_url(url, base=BASE, environment=ENVIRONMENT) == location


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("/var/state", "is not a URL"),
        ("", "is not a URL"),
        ("file://", "names no folder"),
        ("file:///a\0b", "holds a NUL character"),
        ("file:///a%00b", "holds an escaped NUL character"),
        ("file:///a\ud800b", "is not a text"),
        ("file://~nobody.at.all/state", "begins with a home that is not known"),
        ("s3://", "names no bucket"),
        ("s3:///prefix", "names no bucket"),
        ("s3://bucket?reigon=eu-west-1", "unknown parameter reigon"),
        ("s3://bucket?anonymous=perhaps", "The parameter anonymous of the backend URL is 'perhaps'"),
        ("gs://bucket", "scheme gs:// cannot be read"),
        ("file://${NOWHERE}/x", "uses the environment variable NOWHERE, which is not set"),
        ("file://${EMPTY}/x", "uses the environment variable EMPTY, which is not set"),
    ],
)
def test_bad_urls(url: str, sentence: str) -> None:
    with pytest.raises(BackendError, match=sentence):
        parse_backend_url(url, base=BASE, environment=ENVIRONMENT)


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(BackendError) as caught:
        parse_backend_url("https://me:hunter2@example.com", base=BASE, environment={})
    assert "hunter2" not in caught.value.as_result()["msg"]


def test_a_password_in_a_url_for_the_cli_is_not_shown() -> None:
    location = parse_backend_url("cli+postgres://me:hunter2@example.com/x", base=BASE, environment={})
    assert "hunter2" not in f"{location} {location!r}"
