# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Debian packages installed on this machine, and what each needs to run."""

from __future__ import annotations

import subprocess
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Needed to configure packages, never to run what is in them.
NOT_NEEDED = ("debconf", "debconf-2.0", "perl-base", "dpkg", "ucf", "install-info", "media-types", "mailcap")


class Package(t.NamedTuple):
    """What dpkg says of one installed package."""

    needs: tuple[tuple[str, ...], ...]
    provides: tuple[str, ...]


def installed() -> dict[str, Package]:
    listed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}\\t${Package}\\t${Pre-Depends}, ${Depends}\\t${Provides}\\n"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return parse_packages(listed.stdout)


def parse_packages(listing: str) -> dict[str, Package]:
    """Read dpkg's list: status, name, what it needs (alternatives by |), what it provides."""
    found: dict[str, Package] = {}
    for line in listing.splitlines():
        status, name, needs, provides = line.split("\t")
        if status == "installed":
            alternatives = (tuple(_bare(word) for word in need.split("|")) for need in needs.split(",") if need.strip())
            found[name] = Package(
                tuple(alternatives), tuple(_bare(word) for word in provides.split(",") if word.strip())
            )
    return found


def _bare(word: str) -> str:
    """Return the package's name without version, architecture and blanks."""
    return word.split("(")[0].strip().partition(":")[0]


def closure(wanted: Iterable[str], known: Mapping[str, Package]) -> list[str]:
    """Return the wanted packages with everything they need to run, by name."""
    providers = {name: [name] for name in known}
    for name, package in known.items():
        for provided in package.provides:
            providers.setdefault(provided, []).append(name)
    found: set[str] = set()
    queue = [*wanted]
    while queue:
        name = queue.pop()
        if name in found or name in NOT_NEEDED:
            continue
        found.add(name)
        for need in known[name].needs:
            queue += next(([providers[word][0]] for word in need if word in providers), [])
    return sorted(found)


def files_of(packages: Iterable[str]) -> list[str]:
    """Return the paths that the packages ship, as dpkg spells them."""
    listed = subprocess.run(["dpkg-query", "-L", *packages], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.startswith("/") and line != "/."]
