"""What a session remembers, whoever keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Source = Literal["deterministic", "ai"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer."""

    id: str
    question: str
    answer: str
    source: Source
    at: str


class SessionStore(Protocol):
    """Sessions are short: the oldest exchanges fall out, and a session nobody uses is forgotten."""

    async def read(self, session_id: str) -> Sequence[Exchange]:
        """The remembered exchanges, oldest first; none for an unknown session."""

    async def append(self, session_id: str, exchange: Exchange) -> None:
        """Remember an exchange. Appending the same id again changes nothing."""


class SessionUnavailableError(Exception):
    """The store could not be read or written. The message is for the log."""
