# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role hands over, read once and typed."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

from .errors import ScenarioError


@dataclasses.dataclass(frozen=True)
class Settings:
    """One scenario cloud: its folder, where it listens, and what it plays."""

    home: Path
    port: int
    region: str
    script: t.Any
    start_timeout: float
    stop_timeout: float
    check: bool

    @classmethod
    def from_mapping(cls, values: t.Mapping[str, t.Any]) -> Settings:
        home = Path(str(values["home"]))
        if not home.is_absolute():
            raise ScenarioError(f"scenario_cloud_home is {home}, which is not an absolute path.")
        port = int(values["port"])
        if not 0 <= port < 65536:
            raise ScenarioError(f"scenario_cloud_port is {port}.", "Choose one below 65536, or 0 for any that is free.")
        return cls(
            home=home,
            port=port,
            region=str(values["region"]),
            script=values.get("script") or {},
            start_timeout=float(values["start_timeout"]),
            stop_timeout=float(values["stop_timeout"]),
            check=bool(values.get("check")),
        )

    @property
    def state_file(self) -> Path:
        """Written by the cloud when it listens: its address and process."""
        return self.home / "cloud.json"

    @property
    def script_file(self) -> Path:
        return self.home / "script.json"

    @property
    def log(self) -> Path:
        return self.home / "cloud.log"
