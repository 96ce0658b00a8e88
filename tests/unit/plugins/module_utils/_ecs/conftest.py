# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The slow ECS stands beside the tests.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def trusting_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody look closer at what fails."""
    from ansible_collections.slipway.aws.plugins.module_utils._ecs import ship
    from trusting_doctor import Doctor

    monkeypatch.setattr(ship, "Doctor", Doctor)
    monkeypatch.setattr(Doctor, "hopeless", set())
