"""Where conversations are kept."""

from __future__ import annotations

from chatbot.sessions.base import SessionStore
from chatbot.sessions.dynamodb import DynamoDBSessions
from chatbot.sessions.memory import MemorySessions
from chatbot.settings import Settings


def make_session_store(settings: Settings) -> SessionStore:
    if settings.session_store == "dynamodb":
        return DynamoDBSessions(settings)
    return MemorySessions(settings)


__all__ = ["SessionStore", "make_session_store"]
