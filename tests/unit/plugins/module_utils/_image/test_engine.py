# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.engine import Arguments, find_engine
from ansible_collections.slipway.aws.plugins.module_utils._image.programs import Programs


def test_values_of_build_arguments_go_by_the_environment() -> None:
    arguments = Arguments.of({"API_TOKEN": "tok-123456", "A": "1"})

    assert arguments.options == ("--build-arg", "A", "--build-arg", "API_TOKEN")
    assert arguments.environment == {"A": "1", "API_TOKEN": "tok-123456"}


def test_arguments_the_program_itself_would_hear_are_written_out() -> None:
    arguments = Arguments.of({"DOCKER_HOST": "tcp://x", "PATH": "/bin", "HTTP_PROXY": "http://proxy"})

    assert arguments.options == (
        "--build-arg", "DOCKER_HOST=tcp://x", "--build-arg", "HTTP_PROXY", "--build-arg", "PATH=/bin",
    )  # fmt: skip
    assert arguments.environment == {"HTTP_PROXY": "http://proxy"}


@pytest.mark.parametrize("wanted", ["auto", "docker", "podman"])
def test_no_engine_installed(wanted: str, tmp_path: Path) -> None:
    programs = Programs({"PATH": str(tmp_path)})

    with pytest.raises(SlipwayError, match="is not installed") as caught:
        find_engine(wanted, None, programs)
    assert "nstall" in str(caught.value.hint)
    assert "docker.io" in str(caught.value.hint)


def test_podman_has_no_docker_host() -> None:
    with pytest.raises(SlipwayError, match="docker_host does not say where podman runs"):
        find_engine("podman", "unix:///run/docker.sock", Programs({}))
