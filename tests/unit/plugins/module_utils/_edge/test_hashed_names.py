# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.hashed_names import is_hashed_name


@pytest.mark.parametrize(
    "path",
    [
        "assets/index-BwF3x9aQ.js",
        "assets/index-BwFxWaQk.css",
        "assets/index-B-wF3_x9.js",
        "assets/index-BwF3x9aQ.js.map",
        "index.BwF3x9aQ.js",
        "chunk-ABCD2EFG.js",
        "static/js/main.3f2a9c1b.chunk.js",
        "app.3f2a9c1bd4e5f6078192.css",
        "logo-3f2a9c1b.svg",
        "app_3f2a9c1b.js",
        "photo.8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92.png",
    ],
)
def test_hashes_are_recognised(path: str) -> None:
    assert is_hashed_name(path)


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        "app.js",
        "my-component.js",
        "fonts/font-OpenSans.woff2",
        "logo-MacBook1.png",
        "photo-iphone15.png",
        "report-20241105.pdf",
        "banner-1920x108.png",
        "IMG_20241105.jpg",
        "docs-README12.txt",
        "web-app-Beta_One.js",
        "3f2a9c1b/app.js",
        "3f2a9c1b.js",
        "deadbeef",
        "icon-deadbeef.png",
        "",
    ],
)
def test_words_numbers_and_folders_are_not(path: str) -> None:
    assert not is_hashed_name(path)
