# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The builder of states stands beside the tests, for those of the inventory plugin too.
sys.path.insert(0, str(Path(__file__).parent))

from pulumi_state import StateFolder


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """Return an empty backend, below a folder whose name has a space in it."""
    folder = tmp_path / "the state"
    folder.mkdir()
    return StateFolder(folder)
