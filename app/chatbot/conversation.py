"""A question becomes an answer: from the chatbot itself if it can, from the language model if it must."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import BaseModel

from chatbot.deterministic import Deterministic
from chatbot.problems import ProblemError
from chatbot.providers.base import BusyError, NotConfiguredError, Provider, ProviderError, Turn
from chatbot.release import Release
from chatbot.schemas import ChatAnswer, StreamDelta, StreamDone, StreamStart
from chatbot.sessions.base import Exchange, SessionStore, SessionUnavailableError, Source
from chatbot.settings import Settings

_log = logging.getLogger(__name__)
_LONGEST_RETRY_AFTER_SECONDS = 120


class Conversation:
    """The deterministic answers use nothing but this process, so they stay when everything else is down."""

    def __init__(self, settings: Settings, provider: Provider, sessions: SessionStore) -> None:
        self._settings = settings
        self._provider = provider
        self._sessions = sessions
        self._release = Release.of(settings)
        self._deterministic = Deterministic(self._release, settings.time_zone)
        self._running = 0

    async def answer(self, question: str, session_id: str) -> ChatAnswer:
        text = self._deterministic.answer(question)
        source: Source = "deterministic"
        if text is None:
            source = "ai"
            text = await self.ask_model(question, await self._history(session_id))
            await self._remember(session_id, question, text)
        return ChatAnswer(answer=text, source=source, session_id=session_id, release_id=self._release.release_id)

    async def stream(self, question: str, session_id: str) -> AsyncGenerator[BaseModel]:
        """`StreamStart`, pieces, `StreamDone`. Nothing is yielded before the first piece is there, so that a refusal
        can still be an HTTP status."""
        text = self._deterministic.answer(question)
        if text is not None:
            yield self._start("deterministic", session_id)
            yield StreamDelta(text=text)
            yield StreamDone(characters=len(text))
            return
        turns = _turns(await self._history(session_id), question)
        pieces: list[str] = []
        with self._one_more(), self._provider_errors_told():
            seconds = self._settings.llm_stream_seconds
            async with contextlib.aclosing(_within(seconds, self._provider.stream(turns))) as stream:
                async for piece in stream:
                    if not pieces:
                        yield self._start("ai", session_id)
                    pieces.append(piece)
                    yield StreamDelta(text=piece)
        text = "".join(pieces)
        await self._remember(session_id, question, text)
        yield StreamDone(characters=len(text))

    async def reply(self, question: str, history: Sequence[Exchange]) -> tuple[str, Source]:
        """An answer without a session."""
        text = self._deterministic.answer(question)
        return (text, "deterministic") if text is not None else (await self.ask_model(question, history), "ai")

    async def ask_model(self, question: str, history: Sequence[Exchange]) -> str:
        with self._one_more(), self._provider_errors_told():
            async with asyncio.timeout(self._settings.llm_answer_seconds):
                return await self._provider.answer(_turns(history, question))

    def _start(self, source: Source, session_id: str) -> StreamStart:
        return StreamStart(source=source, session_id=session_id, release_id=self._release.release_id)

    async def _history(self, session_id: str) -> Sequence[Exchange]:
        try:
            return await self._sessions.read(session_id)
        except SessionUnavailableError as error:
            _log.error("answering without the history of the session", extra={"reason": str(error)})
            return ()

    async def _remember(self, session_id: str, question: str, answer: str) -> None:
        try:
            await self._sessions.append(session_id, make_exchange(uuid.uuid4().hex, question, answer, "ai"))
        except SessionUnavailableError as error:
            _log.error("the answer is given but not remembered", extra={"reason": str(error)})

    @contextlib.contextmanager
    def _one_more(self) -> Iterator[None]:
        """Refuse at once what would only wait in a queue until nobody is interested any more."""
        if self._running >= self._settings.llm_max_concurrent:
            _log.warning("the language model is asked by as many as allowed", extra={"running": self._running})
            raise self._busy(None)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    @contextlib.contextmanager
    def _provider_errors_told(self) -> Iterator[None]:
        """The client learns what it can do about it; the reason goes to the log only."""
        try:
            yield
        except BusyError as error:
            _log.warning("the language model is busy", extra={"reason": str(error)})
            raise self._busy(error.retry_after) from error
        except NotConfiguredError as error:
            _log.error("no language model is configured", extra={"reason": str(error)})
            detail = (
                "This chatbot has no language model to ask. It still answers questions about time, date and release."
            )
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "ai-not-configured", detail) from error
        except ProviderError as error:
            _log.error("the language model failed", extra={"reason": str(error)})
            detail = "The assistant could not get an answer from its language model."
            raise ProblemError(HTTPStatus.BAD_GATEWAY, "ai-failed", detail) from error
        except TimeoutError as error:
            _log.error("the language model took too long")
            detail = "The language model took too long to answer."
            raise ProblemError(HTTPStatus.BAD_GATEWAY, "ai-timeout", detail) from error

    def _busy(self, retry_after: int | None) -> ProblemError:
        seconds = min(max(retry_after or self._settings.retry_after_seconds, 1), _LONGEST_RETRY_AFTER_SECONDS)
        detail = "The assistant is answering many questions right now. Please try again shortly."
        return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "ai-busy", detail, retry_after=seconds)


def make_exchange(exchange_id: str, question: str, answer: str, source: Source) -> Exchange:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Exchange(id=exchange_id, question=question, answer=answer, source=source, at=at)


def _turns(history: Sequence[Exchange], question: str) -> list[Turn]:
    turns: list[Turn] = []
    for exchange in history:
        turns += [Turn("user", exchange.question), Turn("assistant", exchange.answer)]
    return [*turns, Turn("user", question)]


async def _within(seconds: float, pieces: AsyncGenerator[str]) -> AsyncGenerator[str]:
    """The pieces, as long as all of them come in time.

    The timeout spans one step and never a yield: it would cancel whichever task began the generator.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    async with contextlib.aclosing(pieces):
        while True:
            async with asyncio.timeout_at(deadline):
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece
