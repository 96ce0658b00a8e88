"""What a language model provider does for the chatbot, and how it says that it cannot."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing somebody said."""

    role: Literal["user", "assistant"]
    text: str


class Provider(Protocol):
    """Turns a dialogue, whose last turn is the user's, into the assistant's answer."""

    async def answer(self, turns: Sequence[Turn]) -> str:
        """The whole answer."""

    def stream(self, turns: Sequence[Turn]) -> AsyncGenerator[str]:
        """The answer in pieces. Closing the generator stops the model."""

    async def close(self) -> None:
        """Give back connections."""


class ProviderError(Exception):
    """The message is the reason, for the log. It never reaches a client."""


class NotConfiguredError(ProviderError):
    """A setting is missing."""


class BusyError(ProviderError):
    """The model refuses for now: throttled, warming up, or overloaded."""

    def __init__(self, reason: str, *, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class FailedError(ProviderError):
    """The model refuses or breaks, and trying again will not help soon."""
