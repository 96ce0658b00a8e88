"""What makes a system one of this program's: what it reads of the configuration, and what it builds from that."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from configuration import Configuration
from settings import Settings


@dataclass(frozen=True, kw_only=True)
class System:
    """``services`` are those that the configuration may give sizes to."""

    services: t.Sequence[str]
    load: t.Callable[[Configuration], t.Any]
    build: t.Callable[[Settings, t.Any], dict[str, t.Any]]


__all__ = ("System",)
