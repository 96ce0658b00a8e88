# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One entry in module_defaults configures the connection of every module that has one."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def test_every_module_with_a_connection_is_in_the_action_group() -> None:
    group = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["all"]
    modules = {
        path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if "AnsibleAWSModule" in path.read_text()
    }
    assert modules
    assert {name for name in group if isinstance(name, str)} == modules
    assert {"metadata": {"extend_group": ["amazon.aws.aws"]}} in group
