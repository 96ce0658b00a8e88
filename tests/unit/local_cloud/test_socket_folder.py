# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_local_cloud.private_engine import LONGEST_SOCKET, SOCKET_PATH_LIMIT, socket_folder

LONGEST_FOLDER = SOCKET_PATH_LIMIT - len(LONGEST_SOCKET)
RUN = Path("/run/slipway-0123abcd")


def test_a_short_plain_folder_holds_its_own_sockets() -> None:
    folder = Path("/home/me/slipway/.slipway/local_cloud/engine")
    assert socket_folder(folder, "0123abcd") == folder


def test_the_last_folder_that_fits_and_the_first_that_does_not() -> None:
    fits = Path("/" + "a" * (LONGEST_FOLDER - 1))
    assert socket_folder(fits, "0123abcd") == fits
    assert socket_folder(Path(f"{fits}a"), "0123abcd") == RUN


@pytest.mark.parametrize("path", ["/my projects/engine", "/srv/münchen/engine", "/a:b/engine", "/100%/engine"])
def test_signs_that_an_address_cannot_carry(path: str) -> None:
    assert socket_folder(Path(path), "0123abcd") == RUN
