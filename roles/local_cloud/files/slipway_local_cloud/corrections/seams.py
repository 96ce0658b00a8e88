# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking hold of the emulator's functions, and noticing when one is gone."""

from __future__ import annotations

import importlib
import typing as t

from ..errors import LocalCloudError

if t.TYPE_CHECKING:
    from types import ModuleType

Reply = tuple[int, dict[str, str], bytes]
Record = dict[str, t.Any]
"""A task, a service, a deployment or a definition, as the emulator keeps it."""


class Place(t.NamedTuple):
    """What corrections need to know of the cloud they are made in."""

    port: int
    region: str
    access_key: str
    secret_key: str


class SeamGoneError(LocalCloudError):
    """The emulator has no longer what a correction replaces."""

    def __init__(self, seam: str, correction: str = "") -> None:
        which = f"the correction {correction}" if correction else "a correction"
        super().__init__(
            f"This MiniStack has no {seam}, which {which} of the local cloud replaces.",
            "Install the version that local_cloud_ministack_version names by default.",
        )
        self.seam = seam


def module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise SeamGoneError(name) from error


def service(name: str) -> ModuleType:
    return module(f"ministack.services.{name}")


def original(owner: ModuleType, name: str) -> t.Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        raise SeamGoneError(f"{owner.__name__}.{name}") from error


def replace(owner: ModuleType, name: str, replacement: t.Any) -> None:
    original(owner, name)
    setattr(owner, name, replacement)


def action(owner: ModuleType, name: str) -> t.Any:
    """Return what answers one API action."""
    try:
        return original(owner, "_ACTION_MAP")[name]
    except KeyError as error:
        raise SeamGoneError(f"{owner.__name__}._ACTION_MAP[{name!r}]") from error


def answer(owner: ModuleType, **handlers: t.Any) -> None:
    """Let other functions answer API actions."""
    replace(owner, "_ACTION_MAP", {**original(owner, "_ACTION_MAP"), **handlers})
