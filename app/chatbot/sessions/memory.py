"""Sessions in this process only: gone after a restart, and not seen by other tasks."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chatbot.sessions.base import Exchange
from chatbot.settings import Settings


@dataclass(slots=True)
class _Session:
    exchanges: list[Exchange]
    expires_at: float


class MemorySessions:
    """Holds a bounded number of sessions; the one unused for longest makes room."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    async def read(self, session_id: str) -> Sequence[Exchange]:
        session = self._living(session_id)
        return tuple(session.exchanges) if session else ()

    async def append(self, session_id: str, exchange: Exchange) -> None:
        session = self._living(session_id) or _Session([], 0.0)
        if all(known.id != exchange.id for known in session.exchanges):
            session.exchanges = [*session.exchanges, exchange][-self._settings.session_max_exchanges :]
        session.expires_at = self._clock() + self._settings.session_ttl_seconds
        self._sessions[session_id] = session
        self._sessions.move_to_end(session_id)
        while len(self._sessions) > self._settings.session_max_in_memory:
            self._sessions.popitem(last=False)

    def _living(self, session_id: str) -> _Session | None:
        session = self._sessions.get(session_id)
        if session is not None and session.expires_at <= self._clock():
            del self._sessions[session_id]
            return None
        return session
