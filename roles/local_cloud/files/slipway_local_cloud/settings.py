# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role asks for, and where everything of one local cloud lies on this machine."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t
from pathlib import Path

from .errors import LocalCloudError

# Where a running cloud says whose it is: that a port answers does not tell.
IDENTITY_PATH = "/_slipway/cloud"
NUMBERS = ("port", "engine_timeout", "registry_timeout", "pull_timeout", "start_timeout", "stop_timeout")
ENGINES = ("auto", "docker", "podman", "private")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The role's variables, without their prefix."""

    home: Path
    port: int
    region: str
    account: str
    base_images: tuple[str, ...]
    engine: str
    bind_addresses: tuple[str, ...]
    ministack_version: str
    engine_timeout: int
    registry_timeout: int
    pull_timeout: int
    start_timeout: int
    stop_timeout: int
    check: bool = False

    @classmethod
    def from_mapping(cls, values: t.Mapping[str, t.Any]) -> Settings:
        """Take over the role's variables; say which one is wrong, and how."""
        unknown = set(values) - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise LocalCloudError(f"The local cloud has no setting called {', '.join(sorted(unknown))}.")
        settings = cls(
            **{
                **values,
                # Older releases of Ansible hand over numbers and truths as text.
                **{name: _whole(name, values[name]) for name in NUMBERS if name in values},
                "check": str(values.get("check", False)).lower() == "true",
                "home": Path(values["home"]).expanduser().absolute(),
                "base_images": tuple(values["base_images"]),
                "bind_addresses": tuple(values["bind_addresses"]),
            }
        )
        settings.validate()
        return settings

    def validate(self) -> None:
        if not 0 < self.port < 65536:
            raise LocalCloudError(f"{self.port} is no port number.", "Set SLIPWAY_PORT between 1 and 65535.")
        if not re.fullmatch(r"\d{12}", self.account):
            raise LocalCloudError(f"{self.account!r} is no account id.", "local_cloud_account has twelve digits.")
        if self.engine not in ENGINES:
            raise LocalCloudError(f"There is no engine called {self.engine!r}.", f"Choose one of {', '.join(ENGINES)}.")

    @property
    def mark(self) -> str:
        """Eight characters that belong to this home alone: they name its bridge, its containers, its namespace."""
        return hashlib.sha256(bytes(self.home)).hexdigest()[:8]

    @property
    def instance(self) -> str:
        """What the cloud calls itself; MiniStack labels every container with it and the port."""
        return f"slipway-{self.mark}"

    @property
    def endpoints_file(self) -> Path:
        """Written when the cloud is healthy, removed before it stops: its presence is the promise."""
        return self.home / "endpoints.json"

    @property
    def engine_file(self) -> Path:
        return self.home / "engine.json"

    @property
    def cloud_file(self) -> Path:
        return self.home / "cloud.json"

    @property
    def stand_ins_file(self) -> Path:
        return self.home / "stand-ins.json"

    @property
    def call_log(self) -> Path:
        return self.home / "calls.jsonl"

    @property
    def cloud_log(self) -> Path:
        return self.home / "cloud.log"

    @property
    def scratch(self) -> Path:
        return self.home / "tmp"

    @property
    def engine_folder(self) -> Path:
        """Everything of a private engine that may have a long path: its images and its log."""
        return self.home / "engine"


def _whole(name: str, value: t.Any) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise LocalCloudError(f"local_cloud_{name} is {value!r}, which is no whole number.") from error
