# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.url_paths import covers, invalidation_path, url_path
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        ("/", "/"),
        ("/index.html", "/index.html"),
        ("/images/*", "/images/*"),
        ("/a b.html", "/a%20b.html"),
        ("/a%20b.html", "/a%20b.html"),
        ("/日本.html", "/%E6%97%A5%E6%9C%AC.html"),
        ("/%e6%97%a5%E6%9C%AC.html", "/%E6%97%A5%E6%9C%AC.html"),
        ("/日%E6%9C%AC.html", "/%E6%97%A5%E6%9C%AC.html"),
        # Not unsafe, so CloudFront wants them as they are, also when somebody encoded them.
        ("/it's(1),$2;3:@=&+!.html", "/it's(1),$2;3:@=&+!.html"),
        ("/it%27s%281%29.html", "/it's(1).html"),
        ('/q"<>#{}|^[].html', "/q%22%3C%3E%23%7B%7D%7C%5E%5B%5D.html"),
        ("/back\\slash`.html", "/back%5Cslash%60.html"),
        ("/100%.html", "/100%25.html"),
        ("/100%25.html", "/100%25.html"),
        ("/search?q=a b", "/search?q=a%20b"),
        ("/what%3F.html", "/what%3F.html"),
        ("/a%2Fb.html", "/a%2Fb.html"),
        # No invalidation can spell these.
        ("/~user/index.html", "/*"),
        ("/home/%7Euser", "/home/*"),
        ("/home/a~b.html", "/home/a*"),
        ("/images/*.jpg", "/images/*"),
        ("/images/a%2Ab.jpg", "/images/a*"),
        ("/images/%2A", "/images/*"),
    ],
)
def test_paths_are_spelled_as_cloudfront_compares_them(path: str, spelled: str) -> None:
    assert invalidation_path(path) == spelled
    assert invalidation_path(spelled) == spelled


def test_a_path_starts_with_a_slash() -> None:
    with pytest.raises(SlipwayError, match="index.html does not start with a slash"):
        invalidation_path("index.html")


@pytest.mark.parametrize(
    ("key", "path", "spelled"),
    [
        ("index.html", "/index.html", "/index.html"),
        ("日 本.html", "/%E6%97%A5%20%E6%9C%AC.html", "/%E6%97%A5%20%E6%9C%AC.html"),
        ("a%20b.html", "/a%2520b.html", "/a%2520b.html"),
        ("what?.html", "/what%3F.html", "/what%3F.html"),
        ("a~b.html", "/a~b.html", "/a*"),
    ],
)
def test_a_key_and_its_path_mean_the_same(key: str, path: str, spelled: str) -> None:
    assert url_path(key) == path
    assert invalidation_path(path) == spelled


@pytest.mark.parametrize(
    ("wildcard", "path", "covered"),
    [
        ("/a", "/a", True),
        ("/a", "/ab", False),
        ("/a*", "/ab", True),
        ("/a/*", "/a/b/c*", True),
        ("/a/*", "/a", False),
        ("/*", "/", True),
    ],
)
def test_what_a_wildcard_covers(wildcard: str, path: str, covered: bool) -> None:
    assert covers(wildcard, path) is covered
