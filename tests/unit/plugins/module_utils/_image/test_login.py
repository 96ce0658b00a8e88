# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._image.login import login

TOKEN = "QVdTOnRva2Vu"


def test_a_private_folder_that_goes_away(tmp_path: Path) -> None:
    with login("127.0.0.1:5000", TOKEN, {"HOME": str(tmp_path)}) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "config.json").stat().st_mode) == 0o600
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        assert settings == {"auths": {"127.0.0.1:5000": {"auth": TOKEN}}}
    assert not folder.exists()


def test_it_goes_away_after_a_failure_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="push"), login("127.0.0.1:5000", TOKEN, {"HOME": str(tmp_path)}) as folder:
        raise ValueError("push")
    assert not folder.exists()


def test_the_choice_of_the_engine_is_carried_over_and_nothing_else(tmp_path: Path) -> None:
    usual = tmp_path / "config"
    (usual / "contexts" / "meta").mkdir(parents=True)
    settings = {"currentContext": "remote", "credsStore": "desktop", "auths": {"other": {"auth": "x"}}}
    (usual / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    with login("127.0.0.1:5000", TOKEN, {"DOCKER_CONFIG": str(usual)}) as folder:
        own = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        assert own == {"auths": {"127.0.0.1:5000": {"auth": TOKEN}}, "currentContext": "remote"}
        assert (folder / "contexts" / "meta").is_dir()
    assert (usual / "contexts" / "meta").is_dir()


def test_a_broken_configuration_of_the_user_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with login("127.0.0.1:5000", TOKEN, {"DOCKER_CONFIG": str(tmp_path)}) as folder:
        assert "currentContext" not in json.loads((folder / "config.json").read_text(encoding="utf-8"))
