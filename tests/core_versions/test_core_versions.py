# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "plugins" / "module_utils" / "_pulumi"))

from pulumi_state import PASSPHRASE, StateFolder, checkpoint, passphrase_provider, secret

if t.TYPE_CHECKING:
    from conftest import Core

HERE = Path(__file__).parent
PASSWORD = "correct-battery-staple"[:21]
OUTPUTS = {
    "url": "https://x",
    "count": 3,
    "yes": True,
    "nothing": None,
    "network": {"subnets": [{"id": "a"}, {"id": "b"}]},
    "expression": "{{ 6 * 7 }}",
    "password": secret(PASSWORD),
    "pin": secret(4711),
    "db": {"user": "u", "ports": secret([5432])},
}


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> StateFolder:
    state = StateFolder(tmp_path_factory.mktemp("the state"))
    state.write("shop/dev", checkpoint(OUTPUTS, secrets_providers=passphrase_provider()))
    record = {
        "kind": "update",
        "result": "succeeded",
        "startTime": 1,
        "endTime": 2,
        "config": {"shop:key": {"secure": ""}},
    }
    state.history("shop/dev", 1_700_000_000, record)
    return state


def test_a_play_reads_stacks(core: Core, state: StateFolder, tmp_path: Path) -> None:
    play = core.run(
        "ansible-playbook",
        "-vvv",
        "--diff",
        "-e",
        f"state='{state.folder}'",
        str(HERE / "stack.yml"),
        folder=tmp_path,
        PULUMI_CONFIG_PASSPHRASE=PASSPHRASE,
        ANSIBLE_LOCAL_TEMP=str(tmp_path / "tmp"),
    )
    assert play.returncode == 0, play.stdout + play.stderr
    assert f"[core {core.version}." in play.stdout
    assert "ignored=3" in play.stdout
    assert PASSWORD not in play.stdout + play.stderr
    # What the run kept for itself is gone with it.
    assert list((tmp_path / "tmp").iterdir()) == []
