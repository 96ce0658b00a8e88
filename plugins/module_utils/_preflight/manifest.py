# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Which platforms an image is for, from its manifest and configuration."""

from __future__ import annotations

import dataclasses
import json
import typing as t

ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}


@dataclasses.dataclass(frozen=True)
class Platform:
    """An operating system and an architecture, as registries spell them."""

    system: str
    architecture: str

    def __str__(self) -> str:
        return f"{self.system}/{self.architecture}"


@dataclasses.dataclass(frozen=True)
class Manifest:
    """An index lists its platforms itself; the manifest of one image points to the configuration that says it."""

    platforms: tuple[Platform, ...] = ()
    config: str | None = None

    @classmethod
    def parse(cls, text: str) -> Manifest | None:
        try:
            document = json.loads(text)
        except ValueError:
            return None
        if not isinstance(document, dict):
            return None
        if isinstance(document.get("manifests"), list):
            described = [_platform(item.get("platform")) for item in document["manifests"] if isinstance(item, dict)]
            return cls(platforms=tuple(item for item in described if item))
        config = document.get("config")
        digest = config.get("digest") if isinstance(config, dict) else None
        return cls(config=str(digest)) if digest else None


def platform_of_config(config: t.Mapping[str, t.Any]) -> Platform | None:
    return _platform(config)


def _platform(described: t.Any) -> Platform | None:
    if not isinstance(described, dict):
        return None
    system, architecture = described.get("os"), described.get("architecture")
    # Attestations stand in an index as an image for an unknown platform.
    if not system or not architecture or "unknown" in (system, architecture):
        return None
    return Platform(str(system), str(architecture))


def wanted_platform(definition: t.Mapping[str, t.Any], *, on_fargate: bool) -> Platform | None:
    """Return the platform tasks run on; nothing where only the instances know."""
    described = definition.get("runtimePlatform") or {}
    architecture = described.get("cpuArchitecture") or ("X86_64" if on_fargate else None)
    if architecture not in ARCHITECTURES:
        return None
    family = str(described.get("operatingSystemFamily") or "LINUX")
    return Platform("windows" if family.startswith("WINDOWS") else family.lower(), ARCHITECTURES[architecture])


__all__ = ("Manifest", "Platform", "platform_of_config", "wanted_platform")
