# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.ship import check_platform
from ansible_collections.slipway.aws.plugins.module_utils._image.spec import ImageSpec, parse_images


def spec(platform: str) -> ImageSpec:
    return parse_images({"app": {"repository": "localhost/app", "context": ".", "platform": platform}}, Path())[0]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm/v7", "linux/arm/v7"),
    ],
)
def test_platforms_that_agree(wanted: str, found: str) -> None:
    check_platform(spec(wanted), found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("linux/amd64", "linux/arm64"),
        ("linux/arm64", "linux/amd64"),
        ("linux/arm/v7", "linux/arm/v6"),
        ("linux/amd64", "windows/amd64"),
        ("linux/amd64", ""),
        ("linux/amd64", "linux"),
    ],
)
def test_platforms_that_do_not(wanted: str, found: str) -> None:
    with pytest.raises(SlipwayError, match=f"came out for {found or 'no platform'}, but {wanted} was asked for"):
        check_platform(spec(wanted), found)
