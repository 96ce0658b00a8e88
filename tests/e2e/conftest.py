# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stranger's machine: a fresh clone in a path with a space, an empty HOME, no virtualenv, a port of its own."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "demo")]

from stranger import ROOT, Stranger, free_port, stranger_environment


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stranger]:
    folder = tmp_path_factory.mktemp("a stranger")
    home, clone = folder / "home", folder / "fresh clone"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    guest = Stranger(clone, stranger_environment(home, SLIPWAY_PORT=str(free_port())))
    try:
        yield guest
    finally:
        guest.type("make", "down", timeout=120)


@pytest.fixture(scope="session")
def first_demo(stranger: Stranger) -> subprocess.CompletedProcess[str]:
    """The README's first command, on a machine that never saw Slipway."""
    return stranger.type("make", "demo")


@pytest.fixture
def demonstrated(stranger: Stranger, first_demo: subprocess.CompletedProcess[str]) -> Stranger:
    """The stranger, once the demonstration went through."""
    assert first_demo.returncode == 0, first_demo.stdout[-3000:]
    return stranger
