# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import (
    ASK_FIRST,
    FOR_EVER,
    Headers,
    Rule,
    headers_for,
)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/app.js", "text/javascript; charset=utf-8"),
        ("app.MJS", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("data.json", "application/json"),
        ("app.js.map", "application/json"),
        ("logo.svg", "image/svg+xml"),
        ("site.webmanifest", "application/manifest+json"),
        ("font.woff2", "font/woff2"),
        ("favicon.ico", "image/x-icon"),
        ("module.wasm", "application/wasm"),
        ("日本語.html", "text/html; charset=utf-8"),
        ("archive.tar.gz", "application/octet-stream"),
        ("LICENSE", "application/octet-stream"),
        (".well-known/security", "application/octet-stream"),
        ("table.tsv", "text/tab-separated-values; charset=utf-8"),
    ],
)
def test_content_type_follows_from_the_extension(path: str, content_type: str) -> None:
    assert headers_for(path, []).content_type == content_type


@pytest.mark.parametrize(
    ("path", "cache_control", "is_asset"),
    [
        ("assets/app.3f2a9c1b.js", FOR_EVER, True),
        ("index.html", ASK_FIRST, False),
        # Whatever its name, people navigate to it.
        ("index.3f2a9c1b.html", ASK_FIRST, False),
        ("config.json", ASK_FIRST, False),
        ("images/logo.png", ASK_FIRST, False),
    ],
)
def test_only_hashed_files_are_cached_for_ever(path: str, cache_control: str, is_asset: bool) -> None:
    headers = headers_for(path, [])
    assert (headers.cache_control, headers.is_asset) == (cache_control, is_asset)


def test_each_header_comes_from_the_first_rule_that_names_it() -> None:
    rules = [
        Rule("images/*", cache_control="max-age=60"),
        Rule("*.svg", content_type="image/x-test", cache_control="max-age=1"),
        Rule("*", cache_control="max-age=2"),
    ]
    assert headers_for("images/deep/logo.svg", rules) == Headers("image/x-test", "max-age=60")
    assert headers_for("logo.svg", rules) == Headers("image/x-test", "max-age=1")
    assert headers_for("index.html", rules) == Headers("text/html; charset=utf-8", "max-age=2")


def test_a_rule_can_make_an_asset_and_html_never_is_one() -> None:
    rules = [Rule("_next/static/*", cache_control=FOR_EVER), Rule("*.html", cache_control=FOR_EVER)]
    assert headers_for("_next/static/build/app.js", rules).is_asset
    assert not headers_for("index.html", rules).is_asset
