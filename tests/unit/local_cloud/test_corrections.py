# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import types

import pytest
from slipway_local_cloud import corrections, launcher
from slipway_local_cloud.corrections.seams import original, replace
from slipway_local_cloud.errors import LocalCloudError


def test_every_correction_says_what_aws_does_and_what_the_emulator_does() -> None:
    for correction in corrections.CORRECTIONS:
        text = correction.__doc__ or ""
        assert "AWS:" in text and "MiniStack:" in text, correction.__name__


def test_an_emulator_that_has_changed_is_not_patched_blindly() -> None:
    module = types.ModuleType("ministack.services.ecs")
    with pytest.raises(LocalCloudError, match="has no ministack.services.ecs._run_task"):
        original(module, "_run_task")
    with pytest.raises(LocalCloudError):
        replace(module, "_run_task", None)


def test_the_emulator_inherits_no_settings_of_the_person_who_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"AWS_PROFILE": "work", "PERSIST_STATE": "1", "HOME": "/root"})
    orders = {
        "port": 4566,
        "region": "eu-west-1",
        "account": "1" * 12,
        "instance": "slipway-x",
        "docker_host": "unix:///s",
    }
    launcher.set_environment(orders)
    assert "AWS_PROFILE" not in os.environ
    assert "PERSIST_STATE" not in os.environ
    assert os.environ["HOME"] == "/root"
    assert os.environ["MINISTACK_REGION"] == "eu-west-1"
    assert os.environ["MINISTACK_DOCKER_TIMEOUT"] == "60"
    assert os.environ["MINISTACK_HOSTNAME"] == "slipway-x"
