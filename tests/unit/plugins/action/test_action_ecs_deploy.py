# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of M(slipway.aws.ecs_deploy), in a real ansible-playbook that is interrupted or killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("moto.server")

# moto with tags of scalable targets stands beside the tests of the engine.
sys.path.insert(0, str(Path(__file__).parents[1] / "module_utils" / "_ecs"))

import ansible_collections.amazon.aws
from ansible_collections.slipway.aws.plugins.action import ecs_deploy
from ansible_collections.slipway.aws.plugins.module_utils._ecs.options import ARGUMENTS
from scaling_moto import KEYS, ON, SUSPENDED, Cloud, scaling_cloud

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOTS = [
    Path(ecs_deploy.__file__).parents[5],
    *(Path(folder).parents[2] for folder in ansible_collections.amazon.aws.__path__),
]
IN_ONLY = {**ON, "DynamicScalingInSuspended": True}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Deployments of moto's ECS never get anywhere, which leaves time to interrupt them."""
    with scaling_cloud() as made:
        yield made


class Play:
    """An ansible-playbook with one task that ships a service."""

    def __init__(self, folder: Path, cloud: Cloud, **options: t.Any) -> None:
        task = {
            "region": KEYS["region"],
            "access_key": KEYS["access_key"],
            "secret_key": KEYS["secret_key"],
            "endpoint_url": cloud.endpoint,
            "release_id": "r-1",
            "pin_images": False,
            "preflight": {"all": "off"},
            "services": {"web": {"cluster": "c", "service": "web", "container": "app", "image": "new"}},
            **options,
        }
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"slipway.aws.ecs_deploy": task}]}]
        (folder / "play.json").write_text(json.dumps(play), encoding="utf-8")
        self._output = folder / "output.txt"
        # Workers write to the end of what the main process writes to; that one must do the same, as on a terminal.
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ansible", "playbook", "--inventory", "localhost,", "--connection", "local",
                 str(folder / "play.json")],
                env=environment(folder), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                # A group of its own, so that all of it can be ended however a test goes.
                start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def wait_until(self, happened: t.Callable[[], bool], *, while_it_runs: bool = True) -> None:
        deadline = time.monotonic() + 120
        while not happened():
            assert not while_it_runs or self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def wait_for_lines(self, *lines: str, while_it_runs: bool = True) -> None:
        self.wait_until(lambda: all(line in self.said for line in lines), while_it_runs=while_it_runs)

    def end(self) -> None:
        for group in (self.process.pid, *children(self.process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.process.wait()


def children(parent: int) -> list[int]:
    """Return the workers of a running ansible-playbook: each leads a session of its own."""
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return []


def environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_COLLECTIONS_PATH": ":".join(str(root) for root in ROOTS),
        "AWS_EC2_METADATA_DISABLED": "true",
        "LC_ALL": "C.UTF-8",
        # Into a file, lines would come by pages.
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def plays(tmp_path: Path, cloud: Cloud) -> Iterator[t.Callable[..., Play]]:
    begun: list[Play] = []

    def play(**options: t.Any) -> Play:
        folder = tmp_path / str(len(begun))
        folder.mkdir()
        begun.append(Play(folder, cloud, **options))
        return begun[-1]

    yield play
    for each in begun:
        each.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupted", "terminated"])
def test_it_says_what_goes_on_and_lets_autoscaling_go(
    number: signal.Signals, plays: t.Callable[..., Play], cloud: Cloud
) -> None:
    cloud.scale("web", suspended=IN_ONLY)
    play = plays(suspend_autoscaling=True)
    play.wait_for_lines("web: web:1 -> web:2", "running")
    assert cloud.suspension("web") == SUSPENDED
    play.process.send_signal(number)
    # The worker goes on a little after the process that started it has ended.
    play.wait_for_lines(
        "web: interrupted: deployment ", "to web:2 goes on by itself; run this again to follow it.",
        "web: autoscaling is as it was before", while_it_runs=False,
    )  # fmt: skip
    play.wait_until(lambda: cloud.tags_of("web") == {}, while_it_runs=False)
    assert cloud.suspension("web") == IN_ONLY
    assert play.process.wait(timeout=60) != 0


def test_killed_it_leaves_a_note_that_the_next_run_follows(plays: t.Callable[..., Play], cloud: Cloud) -> None:
    cloud.scale("web", suspended=IN_ONLY)
    killed = plays(suspend_autoscaling=True)
    killed.wait_for_lines("web: web:1 -> web:2", "running")
    killed.end()
    assert cloud.suspension("web") == SUSPENDED
    again = plays(wait_timeout=1, rollback="none")
    again.wait_until(lambda: again.process.poll() is not None, while_it_runs=False)
    assert "autoscaling is still suspended by a release that was killed; it will be restored" in again.said
    assert (cloud.suspension("web"), cloud.tags_of("web")) == (IN_ONLY, {})


def test_action_and_module_take_the_same_options() -> None:
    assert set(ARGUMENTS) < set(ecs_deploy.ActionModule.ARGUMENTS)
    assert "endpoint_url" in ecs_deploy.ActionModule.ARGUMENTS
