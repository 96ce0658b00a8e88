# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from slipway_local_cloud import base_image, stand_in
from slipway_local_cloud.engine_api import EngineRefusal


@pytest.mark.parametrize(
    ("name", "possible"),
    [
        ("python:3.11-slim", True),
        ("python:3.12.4-slim-bookworm", True),
        ("python:3.11", True),
        ("python:latest", False),
        ("node:20-slim", False),
        ("registry.example.com/python:3.11-slim", False),
    ],
)
def test_which_images_have_a_stand_in(name: str, possible: bool) -> None:
    assert stand_in.is_possible(name) is possible


@pytest.mark.parametrize(
    ("status", "reason", "unknown"),
    [
        (404, "manifest for python:9.9 not found: manifest unknown: manifest unknown", True),
        (404, "pull access denied for python, repository does not exist or may require 'docker login'", False),
        (500, "Get https://registry.example.com/v2/: dial tcp: lookup: no such host", False),
    ],
)
def test_a_registry_that_knows_no_such_image_is_no_reason_for_a_stand_in(
    status: int, reason: str, unknown: bool
) -> None:
    assert base_image._is_unknown(EngineRefusal(status, reason)) is unknown
