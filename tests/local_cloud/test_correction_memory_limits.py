# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container that uses more memory than it was given."""

from __future__ import annotations

import typing as t

import pytest
from definitions import container, define, run, stopped

if t.TYPE_CHECKING:
    from home import Home

EAT = "bytes_eaten = [bytearray(b'x') * 2**20 for _ in range(2000)]; print('full', flush=True)"


@pytest.mark.parametrize(
    ("of_container", "of_task"), [({"memory": 64}, "512"), ({}, "128")], ids=["the container's", "the task's"]
)
def test_memory_limits(cloud: Home, pushed: str, of_container: dict[str, t.Any], of_task: str) -> None:
    family = f"eats-{of_task}"
    task = stopped(cloud, run(cloud, define(cloud, family, container(pushed, EAT, **of_container), memory=of_task)))
    assert task["stopCode"] == "EssentialContainerExited"
    assert [(one["exitCode"], one["reason"]) for one in task["containers"]] == [
        (137, "OutOfMemoryError: Container killed due to memory usage")
    ]


def test_killed_by_somebody_else_is_not_out_of_memory(cloud: Home, pushed: str) -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    # The kernel drops a signal that the first process of a namespace sends itself, so a shell stands before it.
    one = container(pushed) | {"command": ["sh", "-c", f'python3 -c "{kill}"; exit $?']}
    task = stopped(cloud, run(cloud, define(cloud, "killed", one)))
    assert [(one["exitCode"], one.get("reason")) for one in task["containers"]] == [(137, None)]
