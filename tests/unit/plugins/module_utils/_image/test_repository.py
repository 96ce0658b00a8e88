# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository


@pytest.mark.parametrize(
    ("uri", "host", "name", "account", "region"),
    [
        (
            "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/org/app/backend",
            "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com",
            "org/app/backend",
            "123456789012",
            "ap-northeast-1",
        ),
        (
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/app",
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "app",
            "123456789012",
            "us-gov-west-1",
        ),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "app",
            "123456789012",
            "cn-north-1",
        ),
        (
            "123456789012.dkr-ecr.eu-west-1.on.aws/app",
            "123456789012.dkr-ecr.eu-west-1.on.aws",
            "app",
            "123456789012",
            "eu-west-1",
        ),
        ("127.0.0.1:4566/app", "127.0.0.1:4566", "app", None, None),
        ("localhost:5000/a/b_c", "localhost:5000", "a/b_c", None, None),
        ("localhost/app", "localhost", "app", None, None),
    ],
)
def test_addresses(uri: str, host: str, name: str, account: str | None, region: str | None) -> None:
    found = Repository.parse(uri)

    assert (found.uri, found.host, found.name, found.account, found.region) == (uri, host, name, account, region)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "app",
        "org/app",
        "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/app",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:00",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/App",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    ],
)
def test_what_is_no_address(uri: str) -> None:
    with pytest.raises(SlipwayError, match="is not the address of a repository"):
        Repository.parse(uri)


@pytest.mark.parametrize(
    ("uri", "loopback"),
    [
        ("127.0.0.1:4566/app", True),
        ("127.1.2.3/app", True),
        ("localhost/app", True),
        ("127.0.0.1.example.com/app", False),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app", False),
    ],
)
def test_loopback(uri: str, loopback: bool) -> None:
    assert Repository.parse(uri).is_loopback is loopback
