# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(docs/traps.md) names tests: each exists, and each trap has one, or says why it has none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = next(
    parent
    for parent in Path(__file__).resolve().parents
    if (parent / "galaxy.yml").exists() or (parent / "MANIFEST.json").exists()
)
TRAPS = 66
ROW = re.compile(r"^\| (\d+) \|")
# With the folder before it where two files have one name.
TEST = re.compile(r"`(?P<file>(?:\w+/)*test_\w+\.py)::(?P<name>test_\w+)`")
EXCUSE = re.compile(r"known limit: \S|not yet: comes with \S")
# What is not shipped is not there where the artefact is tested.
EVERYTHING = (ROOT / "tests" / "gates").is_dir()
FOLDERS = ("tests", "pulumi_infra/tests") if EVERYTHING else ("tests/unit",)


def rows() -> dict[int, list[str]]:
    """Return the cells of each row after its number."""
    found: dict[int, list[str]] = {}
    for line in (ROOT / "docs" / "traps.md").read_text(encoding="utf-8").splitlines():
        if match := ROW.match(line):
            assert int(match[1]) not in found, f"trap {match[1]} is told twice"
            found[int(match[1])] = [cell.strip() for cell in line.strip().strip("|").split("|")][1:]
    return found


def files() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("test_*.py"))]


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_every_trap_is_told_in_order() -> None:
    assert list(rows()) == list(range(1, TRAPS + 1))


@pytest.mark.parametrize("number", range(1, TRAPS + 1))
def test_a_trap_has_a_test_or_says_why_not(number: int) -> None:
    trap, does, *tested = rows()[number]
    assert trap and does
    assert len(tested) == 1, "a row has four cells"
    assert TEST.search(tested[0]) or EXCUSE.search(does), (
        "it names neither a test nor a known limit, nor what is to come"
    )
    assert "`" not in TEST.sub("", tested[0]), "something in backticks is no test"


def test_every_named_test_exists_and_is_the_only_one() -> None:
    known = files()
    missing: list[str] = []
    for number, cells in rows().items():
        for named in TEST.finditer(cells[-1]):
            at = [path for path in known if path.as_posix().endswith(f"/{named['file']}")]
            if not at and not EVERYTHING:
                continue
            if len(at) != 1:
                missing.append(f"{number}: {len(at)} files are called {named['file']}")
            elif named["name"] not in names_in(at[0]):
                missing.append(f"{number}: {named[0]}")
    assert missing == []
