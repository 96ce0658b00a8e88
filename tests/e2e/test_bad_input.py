# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input before anything starts: one clear sentence, a non-zero exit, nothing left running."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from stranger import ROOT, stranger_environment


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def make(clone: Path, home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    home.mkdir(exist_ok=True)
    return subprocess.run(
        ["make", *argv],
        cwd=clone,
        env=stranger_environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("version", ["3.9.2", "2.7.18", "3.14.0"])
def test_a_wrong_python_gets_one_sentence(clone: Path, tmp_path: Path, version: str) -> None:
    wrong = tmp_path / "wrong-python"
    # An interpreter that only knows its version, and that it is not the one we ask for.
    wrong.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}"\n[ "$1" = --version ]\n')
    wrong.chmod(0o755)
    done = make(clone, tmp_path / "home", "setup", f"PYTHON={wrong}")
    assert done.returncode != 0
    assert f"Slipway needs Python 3.11, 3.12 or 3.13; {wrong} here is Python {version}." in done.stderr
    assert not (clone / ".venv").exists()


def test_help_needs_nothing(clone: Path, tmp_path: Path) -> None:
    done = make(clone, tmp_path / "home")
    assert done.returncode == 0
    assert "make demo" in done.stdout
    assert not (clone / ".venv").exists()
