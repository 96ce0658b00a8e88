# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.ignore import IgnoreRules


def is_ignored(text: str, path: str) -> bool:
    rules = IgnoreRules.parse(text, ".dockerignore")
    matches = rules.at_the_top
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        matches = rules.match("/".join(parts[:depth]), matches)
    return rules.ignores(matches)


# What two releases of the engine copied from such contexts; a fuzzed comparison found no other disagreement.
@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        ("", [], ["a", "a/b"]),
        ("# a\n\n  \n", [], ["a", "# a"]),
        ("a", ["a", "a/b", "a/b/c"], ["b", "b/a", "ab"]),
        ("/a", ["a", "a/b"], ["b/a"]),
        ("a/", ["a", "a/b"], ["b/a"]),
        ("./a//b/../c", ["a/c"], ["a/b", "c"]),
        ("*", ["a", ".env", "a/b"], []),
        ("*.log", ["x.log", ".log"], ["a/x.log", "x.logs"]),
        ("*/x.log", ["a/x.log"], ["x.log", "a/b/x.log"]),
        ("**/x.log", ["x.log", "a/x.log", "a/b/x.log"], ["ax.log", "a/ax.log"]),
        ("**.log", [".log", "a/.log"], ["x.log"]),
        ("**/*.log", ["x.log", "a/b/x.log"], ["x.txt"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["z", "a/zz"]),
        ("**", ["a", "a/b"], []),
        ("te?t", ["test", "text"], ["tet", "te/t", "tests"]),
        ("[ab]x", ["ax", "bx/y"], ["cx", "abx"]),
        ("[a-c]x", ["bx"], ["dx"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("a.b+c(d)", ["a.b+c(d)"], ["aXb+c(d)"]),
        ("\\*x", ["*x"], ["ax"]),
        ("with space", ["with space", "with space/a"], ["with"]),
        ("  a  ", ["a"], [" a"]),
        ("été", ["été/x"], ["ete"]),
        ("\ufeffa", ["a"], ["b"]),
        ("a\r\nb\r\n", ["a", "b"], ["c"]),
        ("*\n!a", ["b", "b/a"], ["a", "a/b"]),
        ("*\n! a", ["b"], ["a"]),
        ("!a\n*", ["a", "b"], []),
        ("a\n!a/b\na/b/c", ["a", "a/x", "a/b/c", "a/b/c/d"], ["a/b", "a/b/x"]),
        ("**/*.md\n!README.md", ["x.md", "a/README.md"], ["README.md"]),
        ("**/node_modules\n!**/keep", ["node_modules/x", "a/node_modules/x"], ["node_modules/keep", "keep"]),
        ("../a", [], ["a"]),
        (".", [], ["a"]),
    ],
)
def test_which_paths_are_ignored(text: str, ignored: list[str], kept: list[str]) -> None:
    assert [path for path in ignored if not is_ignored(text, path)] == []
    assert [path for path in kept if is_ignored(text, path)] == []


@pytest.mark.parametrize(
    ("text", "folder", "all_ignored"),
    [
        ("a", "a", True),
        ("a\n!b", "a", True),
        ("a\n!a/b", "a", False),
        ("a\n!a/b/c", "a/b", False),
        ("a\n!a/b/c", "a/x", True),
        ("a\n!*/b", "a", False),
        ("a\n!**/b", "a", False),
        ("a\n!a", "a", False),
        ("b", "a", False),
    ],
)
def test_which_folders_need_not_be_entered(text: str, folder: str, all_ignored: bool) -> None:
    rules = IgnoreRules.parse(text, ".dockerignore")
    matches = rules.at_the_top
    parts = folder.split("/")
    for depth in range(1, len(parts) + 1):
        matches = rules.match("/".join(parts[:depth]), matches)

    assert rules.ignores_all_below(folder, matches) is all_ignored


@pytest.mark.parametrize(("text", "words"), [("a\n!\n", "nothing but an exclamation mark"), ("x/[a\n", r"'x/\[a'")])
def test_lines_that_are_no_patterns(text: str, words: str) -> None:
    with pytest.raises(SlipwayError, match=words) as caught:
        IgnoreRules.parse(text, "app/.dockerignore")

    assert "app/.dockerignore" in caught.value.message
