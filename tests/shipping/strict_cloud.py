# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python strict_cloud.py present|absent``: the role's own program, which starts the strict launcher instead."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent.parent / "roles" / "local_cloud" / "files"
sys.path[:0] = [str(PROGRAM)]

from slipway_local_cloud import __main__ as program
from slipway_local_cloud import processes

LAUNCHER = "slipway_local_cloud.launcher"
start = processes.start


def start_strict(command: t.Sequence[str], log: Path, environment: t.Mapping[str, str]) -> int:
    words = ["strict_launcher" if word == LAUNCHER else word for word in command]
    if words != list(command):
        environment = {**environment, "PYTHONPATH": os.pathsep.join([str(PROGRAM), str(HERE)])}
    return start(words, log, environment)


if __name__ == "__main__":
    processes.start = start_strict
    sys.exit(program.main())
