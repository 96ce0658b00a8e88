# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.invalidation_batch import batch_paths, caller_reference
from ansible_collections.slipway.aws.plugins.module_utils._edge.url_paths import covers, invalidation_path


def test_doubles_are_sent_once_however_they_are_spelled() -> None:
    assert batch_paths(["/a b", "/a%20b", "/", "/"]) == ["/", "/a%20b"]


def test_what_a_wildcard_covers_is_not_sent() -> None:
    assert batch_paths(["/a/b", "/a/*", "/a/c/*", "/b"]) == ["/a/*", "/b"]


def test_no_paths_are_no_batch() -> None:
    assert batch_paths([]) == []


@pytest.mark.parametrize(
    ("paths", "batch"),
    [
        # The folder that saves the most goes first, and only as many as it takes.
        (["/a/1", "/a/2", "/b/1", "/b/2", "/b/3", "/c"], ["/a/1", "/a/2", "/b/*", "/c"]),
        # One file a folder: a level up.
        ([f"/docs/{number}/index.html" for number in range(9)] + ["/"], ["/", "/docs/*"]),
        ([f"/{number}.html" for number in range(9)], ["/*"]),
    ],
)
def test_too_many_paths_become_folders(paths: list[str], batch: list[str]) -> None:
    assert batch_paths(paths, max_paths=4) == batch


def test_too_many_wildcards_grow_into_one() -> None:
    paths = [f"/docs/{number}/*" for number in range(16)] + ["/index.html"]
    assert batch_paths(paths) == ["/docs/*", "/index.html"]
    assert len(batch_paths(paths[1:])) == 16


def test_the_limits_of_cloudfront() -> None:
    pages = [f"/{folder}/{number}.html" for folder in range(20) for number in range(200)]
    batch = batch_paths(pages)
    assert len(batch) <= 3000
    # 4000 - 5 * 199 is still too much, with the sixth folder it fits.
    assert sum(path.endswith("*") for path in batch) == 6
    assert len(batch_paths(pages[:3000])) == 3000


def test_every_path_stays_covered_and_every_limit_holds() -> None:
    chance = random.Random(5)  # noqa: S311
    for dummy in range(300):
        ends = ["", "/", "x.html", "*", "~y", " z"]
        paths = [
            "/" + "/".join(chance.choices("abcd", k=chance.randint(0, 5))) + chance.choice(ends)
            for dummy in range(chance.choice([1, 5, 20, 60]))
        ]
        max_paths, max_wildcards = chance.choice([(1, 1), (3, 2), (10, 3), (3000, 15)])
        batch = batch_paths(paths, max_paths=max_paths, max_wildcards=max_wildcards)
        assert len(batch) <= max_paths
        assert sum(path.endswith("*") for path in batch) <= max_wildcards
        assert all(any(covers(each, invalidation_path(path)) for each in batch) for path in paths), paths


def test_the_reference_follows_release_and_paths() -> None:
    reference = caller_reference("2026-11-21/1", ["/", "/index.html"])
    assert reference.startswith("slipway-2026-11-21-1-")
    assert reference == caller_reference("2026-11-21/1", ["/", "/index.html"])
    others = {
        caller_reference("2026-11-21-1", ["/", "/index.html"]),
        caller_reference("2026-11-21/1", ["/"]),
        caller_reference("2026-11-21/1", ["//index.html"]),
        reference,
    }
    assert len(others) == 4
    assert len(caller_reference("r" * 500, [])) <= 128
