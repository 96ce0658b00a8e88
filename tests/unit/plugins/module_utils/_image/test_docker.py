# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._image.docker import choose_builder

ENGINE = {"Components": [{"Name": "Engine"}, {"Name": "containerd"}]}
PODMAN = {"Components": [{"Name": "Podman Engine"}]}


@pytest.mark.parametrize(
    ("client", "server", "has_buildx", "builder"),
    [
        ("20.10.24+dfsg1", ENGINE, False, "buildkit"),
        ("20.10.24", ENGINE, True, "buildx"),
        ("23.0.0", ENGINE, False, "classic"),
        ("28.2.2", ENGINE, False, "classic"),
        ("28.2.2", ENGINE, True, "buildx"),
        ("28.2.2", PODMAN, True, "classic"),
        ("20.10.24", PODMAN, False, "classic"),
        ("", {}, False, "classic"),
    ],
)
def test_builders(client: str, server: dict[str, t.Any], has_buildx: bool, builder: str) -> None:
    versions = {"Client": {"Version": client}, "Server": server}

    assert choose_builder(versions, has_buildx=has_buildx) == builder
