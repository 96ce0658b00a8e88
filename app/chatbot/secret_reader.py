"""Secrets by name, read when they are needed and kept for a while in memory only."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chatbot import threads
from chatbot.aws import Service, lazy_client
from chatbot.settings import Settings


class SecretUnavailableError(Exception):
    """Says which secret could not be read and why, and never what is in it."""


@dataclass(frozen=True, slots=True)
class _Known:
    value: str = field(repr=False)
    until: float


class SecretReader:
    """Reads ``secretsmanager:<name or arn>[#<json key>]`` and ``ssm:<parameter name>``."""

    def __init__(self, settings: Settings) -> None:
        self._ttl = settings.secret_ttl_seconds
        self._known: dict[str, _Known] = {}
        places: tuple[Service, ...] = ("secretsmanager", "ssm")
        self._clients = {
            place: lazy_client(place, settings, connect_seconds=2, read_seconds=5, attempts=3) for place in places
        }

    async def read(self, reference: str) -> str:
        known = self._known.get(reference)
        if known is None or known.until <= time.monotonic():
            value = await threads.call(lambda: self._fetch(reference))
            known = self._known[reference] = _Known(value, time.monotonic() + self._ttl)
        return known.value

    def forget(self, reference: str) -> None:
        """The value was refused: it may have been rotated, so the next read asks again."""
        self._known.pop(reference, None)

    def _fetch(self, reference: str) -> str:
        place, _, name = reference.partition(":")
        try:
            if place == "ssm":
                answer = self._clients["ssm"].get().get_parameter(Name=name, WithDecryption=True)
                return str(answer["Parameter"]["Value"])
            name, _, key = name.partition("#")
            answer = self._clients["secretsmanager"].get().get_secret_value(SecretId=name)
        except (BotoCoreError, ClientError) as error:
            raise SecretUnavailableError(f"{reference} cannot be read: {error}") from error
        return _select(answer.get("SecretString"), key, reference)


def _select(text: Any, key: str, reference: str) -> str:
    if not isinstance(text, str):
        raise SecretUnavailableError(f"{reference} holds no text")
    if not key:
        return text
    try:
        document = json.loads(text)
    except ValueError:
        # `from None`: the decoder's error carries the whole document.
        raise SecretUnavailableError(f"{reference} is not JSON, so it has no key {key!r}") from None
    value = document.get(key) if isinstance(document, dict) else None
    if not isinstance(value, str) or not value:
        raise SecretUnavailableError(f"{reference} has no text under the key {key!r}")
    return value
