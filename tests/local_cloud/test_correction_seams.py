# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A correction that does not find what it replaces."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from home import PROGRAM

APPLY = """
import sys
from ministack.services import ecs
if sys.argv[1] in ecs._ACTION_MAP:
    del ecs._ACTION_MAP[sys.argv[1]]
else:
    delattr(ecs, sys.argv[1])
from slipway_local_cloud import corrections
corrections.apply(corrections.Place(1, 'eu-west-1', 'key', 'secret'))
"""


@pytest.mark.parametrize(
    ("gone", "named", "correction"),
    [
        ("_maybe_mark_stopped", "ministack.services.ecs._maybe_mark_stopped", "late_exits_are_noticed"),
        ("_docker_binds_from_taskdef", "ministack.services.ecs._docker_binds_from_taskdef", "efs_volumes_are_mounted"),
        ("StopTask", "ministack.services.ecs._ACTION_MAP['StopTask']", "stop_reasons"),
    ],
    ids=["what it replaces", "what it wraps", "an action"],
)
def test_a_seam_that_is_gone_stops_the_start(gone: str, named: str, correction: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM)}
    done = subprocess.run(
        [sys.executable, "-c", APPLY, gone], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert (
        f"This MiniStack has no {named}, which the correction {correction} of the local cloud replaces." in done.stderr
    )
