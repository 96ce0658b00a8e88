# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from slipway_local_cloud.debian_packages import Package, closure, parse_packages

LISTING = (
    "installed\tpython3.11\tlibc6 (>= 2.36), libpython3.11-stdlib (= 3.11.2-6), media-types | mime-support\t\n"
    "installed\tlibpython3.11-stdlib\tlibc6 (>= 2.36), libssl3:amd64\t\n"
    "installed\tlibc6\tlibgcc-s1, libcrypt1\tlibc6-bundle\n"
    "installed\tlibgcc-s1\t\t\n"
    "installed\tlibcrypt1\tlibc6 (>= 2.36)\t\n"
    "installed\tlibssl3\t, debconf (>= 0.5) | debconf-2.0\t\n"
    "installed\tdebconf\tperl-base\tdebconf-2.0\n"
    "installed\tmawk\t\tawk\n"
    "installed\tbase-files\tawk\t\n"
    "config-files\tgone\tlibc6\t\n"
)


def test_names_lose_versions_and_architectures() -> None:
    found = parse_packages(LISTING)
    assert found["libpython3.11-stdlib"] == Package((("libc6",), ("libssl3",)), ())
    assert found["python3.11"].needs[2] == ("media-types", "mime-support")
    assert "gone" not in found


def test_everything_needed_to_run_and_nothing_to_configure() -> None:
    assert closure(["python3.11"], parse_packages(LISTING)) == [
        "libc6", "libcrypt1", "libgcc-s1", "libpython3.11-stdlib", "libssl3", "python3.11",
    ]  # fmt: skip


def test_a_need_is_met_by_who_provides_it() -> None:
    assert closure(["base-files"], parse_packages(LISTING)) == ["base-files", "mawk"]
