# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from slipway_local_cloud.errors import LocalCloudError
from slipway_local_cloud.settings import Settings

VALUES: dict[str, t.Any] = {
    "home": "/srv/state",
    "port": 4566,
    "region": "ap-northeast-1",
    "account": "000000000000",
    "base_images": ["python:3.11-slim"],
    "engine": "auto",
    "bind_addresses": [],
    "ministack_version": "1.5.33",
    "engine_timeout": 60,
    "registry_timeout": 15,
    "pull_timeout": 300,
    "start_timeout": 60,
    "stop_timeout": 20,
}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"port": 0}, "0 is no port number."),
        ({"port": 65536}, "65536 is no port number."),
        ({"port": "http"}, "local_cloud_port is 'http', which is no whole number."),
        ({"account": "12345"}, "'12345' is no account id."),
        ({"engine": "lxc"}, "There is no engine called 'lxc'."),
        ({"colour": "blue"}, "The local cloud has no setting called colour."),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(LocalCloudError, match=re.escape(sentence)):
        Settings.from_mapping({**VALUES, **changes})


@pytest.mark.parametrize(("given", "check"), [("True", True), (True, True), ("False", False), (False, False)])
def test_older_releases_of_ansible_hand_over_text(given: t.Any, check: bool) -> None:
    settings = Settings.from_mapping({**VALUES, "port": "4566", "stop_timeout": "20", "check": given})
    assert (settings.port, settings.stop_timeout, settings.check) == (4566, 20, check)


def test_two_homes_have_two_names() -> None:
    one = Settings.from_mapping(VALUES)
    other = Settings.from_mapping({**VALUES, "home": "/srv/state2"})
    assert one.mark != other.mark
    assert re.fullmatch("[0-9a-f]{8}", one.mark)
    assert one.instance == f"slipway-{one.mark}"


def test_a_relative_home_is_the_same_from_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_mapping({**VALUES, "home": "state"}).home == tmp_path / "state"
