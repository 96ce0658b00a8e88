# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._ledger.history import latest, receipts
from ansible_collections.slipway.aws.plugins.module_utils._ledger.receipt import file_name, make_receipt, render
from ansible_collections.slipway.aws.plugins.module_utils._ledger.shelves import Folder


class Counting(Folder):
    """A folder that remembers what was read from it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads: list[str] = []

    def read(self, name: str) -> bytes | None:
        self.reads.append(name)
        return super().read(name)


@pytest.fixture
def shelf(tmp_path: Path) -> Counting:
    shelf = Counting(tmp_path)
    for minute, (stack, outcome) in enumerate(
        [("dev", "succeeded"), ("prod", "succeeded"), ("dev", "succeeded"), ("dev", "rolled_back")]
    ):
        receipt = make_receipt(
            {
                "release_id": f"r{minute}",
                "stack": stack,
                "outcome": outcome,
                "started_at": f"2026-11-21T07:{minute:02}:00Z",
                "finished_at": f"2026-11-21T07:{minute:02}:30Z",
                "units": {},
            }
        )
        shelf.add(file_name(receipt), render(receipt))
    (tmp_path / "dev-r3.md").write_text("# A report beside the receipts\n", encoding="utf-8")
    (tmp_path / ".draft-x").write_text("{", encoding="utf-8")
    return shelf


def ids(found: t.Iterable[dict[str, t.Any]]) -> list[str]:
    return [receipt["release_id"] for receipt in found]


def test_the_newest_comes_first(shelf: Counting) -> None:
    assert ids(receipts(shelf)) == ["r3", "r2", "r1", "r0"]


def test_only_what_is_needed_is_read(shelf: Counting) -> None:
    assert ids(latest(shelf)) == ["r3"]
    assert shelf.reads == ["20261121T070330Z-r3.json"]


@pytest.mark.parametrize(
    ("stack", "outcomes", "limit", "expected"),
    [
        ("dev", None, 10, ["r3", "r2", "r0"]),
        ("dev", ["succeeded"], 1, ["r2"]),
        ("prod", None, 1, ["r1"]),
        ("other", None, 1, []),
        (None, ["succeeded"], 2, ["r2", "r1"]),
        (None, None, 0, []),
    ],
)
def test_choosing(
    shelf: Counting, stack: str | None, outcomes: list[str] | None, limit: int, expected: list[str]
) -> None:
    assert ids(latest(shelf, stack=stack, outcomes=outcomes, limit=limit)) == expected


def test_a_broken_receipt_is_not_passed_over(shelf: Counting, tmp_path: Path) -> None:
    (tmp_path / "20261121T080000Z-broken.json").write_text("{", encoding="utf-8")

    with pytest.raises(SlipwayError, match=r"20261121T080000Z-broken.json is not a receipt"):
        latest(shelf)
