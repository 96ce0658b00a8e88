# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_local_cloud import index_access


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    file = tmp_path / "pip.conf"
    file.write_text(
        # In pieces, so that nobody takes an invented index for one this project installs from.
        "[global]\nindex-url" + " = https://index.example.com/" + "simple\ntrusted_host = index.example.com\n"
        "[install]\nextra-index-url =\n    https://one.example.com/simple\n    https://two.example.com/simple\n",
        encoding="utf-8",
    )
    return file


def test_files_are_read_and_the_environment_wins(configured: Path) -> None:
    found = index_access.pip_settings({"PIP_INDEX_URL": "https://mirror.example.com/simple"}, [configured])
    assert found["index-url"] == "https://mirror.example.com/simple"
    assert found["trusted-host"] == "index.example.com"
    assert found["extra-index-url"].split() == ["https://one.example.com/simple", "https://two.example.com/simple"]


def test_a_password_stays_out_of_the_image(configured: Path) -> None:
    found = index_access.pip_settings({"PIP_INDEX_URL": "https://me:secret@index.example.com/simple"}, [configured])
    assert "index-url" not in found


def test_folders_of_this_machine_stay_out() -> None:
    assert index_access.pip_settings({"PIP_FIND_LINKS": "/opt/wheels", "PIP_NO_INDEX": "1"}, []) == {}


def test_the_file_that_pip_reads_back(tmp_path: Path, configured: Path) -> None:
    written = tmp_path / "image.conf"
    settings = index_access.pip_settings({"PIP_DEFAULT_TIMEOUT": "180", "PIP_TIMEOUT": "90"}, [configured])
    written.write_text(index_access.pip_configuration(settings), encoding="utf-8")
    assert index_access.pip_settings({}, [written]) == settings
    assert settings["timeout"] == "90"
    assert f"cert = {index_access.BUNDLE}" in written.read_text(encoding="utf-8")


def test_certificates_are_collected_once(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_text("-----OWN-----\n", encoding="utf-8")
    environment = {"PIP_CERT": str(own), "SSL_CERT_FILE": str(own), "CURL_CA_BUNDLE": "/nonexistent.pem"}
    assert index_access.machine_certificates(environment).count(b"-----OWN-----") == 1
