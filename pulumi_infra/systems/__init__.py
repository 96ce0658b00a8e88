"""The systems this program knows, by the name a stack's configuration uses."""

from __future__ import annotations

import typing as t

from settings import Settings

from systems import qa_chatbot

System = t.Callable[[Settings], dict[str, t.Any]]

SYSTEMS: dict[str, System] = {"qa-chatbot": qa_chatbot.build}

__all__ = ("SYSTEMS", "System")
