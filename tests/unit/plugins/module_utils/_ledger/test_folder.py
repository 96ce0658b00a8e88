# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._ledger.shelves import Folder

NAME = "20261121T074310Z-4f2a9c1.json"


def test_a_receipt_is_added_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "some" / "where")

    assert folder.names() == []
    assert folder.read(NAME) is None
    assert folder.add(NAME, b"one")
    assert not folder.add(NAME, b"two")
    assert folder.read(NAME) == b"one"
    assert folder.names() == [NAME]
    assert folder.where(NAME) == str(tmp_path / "some" / "where" / NAME)


def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    won: list[int] = []
    gate = threading.Barrier(8)

    def write(number: int) -> None:
        gate.wait()
        if folder.add(NAME, b"%d" % number):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert folder.read(NAME) == b"%d" % won[0]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    folder = Folder(tmp_path)

    assert folder.add(NAME, b"one")
    assert not folder.add(NAME, b"two")
    assert folder.read(NAME) == b"one"
    assert folder.names() == [NAME]


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SlipwayError, match=f"Could not write the receipt .*{NAME}: File exists|Not a directory"):
        Folder(tmp_path / "file").add(NAME, b"one")
