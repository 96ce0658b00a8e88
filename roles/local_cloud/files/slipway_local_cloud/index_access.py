# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How this machine reaches its package index, told so that pip in an image reaches it too."""

from __future__ import annotations

import configparser
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PIP_OPTIONS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")


def machine_certificates(environment: Mapping[str, str]) -> bytes:
    """Return the certificates that this machine trusts, with those that its pip and SSL settings name."""
    parts: list[bytes] = []
    for path in (BUNDLE, *(environment.get(variable, "") for variable in CA_VARIABLES)):
        if path and Path(path).is_file():
            content = Path(path).read_bytes().strip()
            if content and content not in parts:
                parts.append(content)
    return b"\n".join(parts) + b"\n"


def pip_files(environment: Mapping[str, str]) -> list[Path]:
    """Return pip's configuration files, the one that wins last."""
    home = Path.home()
    files = [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    return [*files, *([Path(environment["PIP_CONFIG_FILE"])] if environment.get("PIP_CONFIG_FILE") else [])]


def pip_settings(environment: Mapping[str, str], files: Iterable[Path]) -> dict[str, str]:
    """Return what pip on this machine knows of its index; an address with a password in it stays out of the image."""
    parser = configparser.RawConfigParser()
    parser.read(files, encoding="utf-8")
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found |= {key.replace("_", "-"): value for key, value in parser.items(section)}
    for option in PIP_OPTIONS:
        variable = f"PIP_{option.replace('-', '_').upper()}"
        found[option] = environment.get(variable) or found.get(option, "")
    return {option: found[option] for option in PIP_OPTIONS if found[option] and not _holds_a_password(found[option])}


def _holds_a_password(value: str) -> bool:
    return any(urlsplit(word).password or urlsplit(word).username for word in value.split() if "://" in word)


def pip_configuration(settings: Mapping[str, str]) -> str:
    """Write the settings as a pip.conf; the bundle is the image's own."""
    lines = ["[global]", f"cert = {BUNDLE}", "disable-pip-version-check = true", "root-user-action = ignore"]
    for option, value in settings.items():
        words = value.split()
        lines.append(
            f"{option} = {words[0]}" if len(words) == 1 else "\n".join([f"{option} =", *(f"    {w}" for w in words)])
        )
    return "\n".join([*lines, ""])
