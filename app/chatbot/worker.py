"""``python -m chatbot.worker`` answers the questions of an SQS queue into the session store, until SIGTERM.

A message is the same JSON as for ``POST /api/chat``, with a `session_id`. It is deleted once its answer is kept.
Until then it stays in the queue: what cannot be answered comes back, and ends where the queue's redrive policy says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from chatbot import json_logs, threads
from chatbot.aws import lazy_client
from chatbot.conversation import Conversation, make_exchange
from chatbot.problems import ProblemError
from chatbot.providers import make_provider
from chatbot.schemas import ChatRequest
from chatbot.sessions import SessionStore, make_session_store
from chatbot.sessions.base import SessionUnavailableError
from chatbot.settings import Settings, explain

_log = logging.getLogger("chatbot.worker")
_PAUSE_AFTER_A_FAILURE_SECONDS = 5.0


class Worker:
    """One question at a time; more tasks answer more."""

    def __init__(self, settings: Settings, conversation: Conversation, sessions: SessionStore) -> None:
        self._settings = settings
        self._conversation = conversation
        self._sessions = sessions
        self._queue = settings.question_queue_url
        self._sqs = lazy_client(
            "sqs", settings, connect_seconds=3, read_seconds=settings.question_poll_seconds + 5, attempts=2
        )
        self._stop = asyncio.Event()

    def stop(self) -> None:
        _log.info("stopping")
        self._stop.set()

    async def run(self) -> None:
        _log.info("waiting for questions")
        while not self._stop.is_set():
            try:
                messages = await threads.call(self._receive)
            except (BotoCoreError, ClientError) as error:
                _log.error("the queue cannot be read", extra={"reason": str(error)})
                await self._pause()
                continue
            for message in messages:
                await self._handle(message)
        _log.info("stopped")

    async def _handle(self, message: dict[str, Any]) -> None:
        token = json_logs.request_id.set(message["MessageId"])
        try:
            if self._stop.is_set():
                # It arrived while we were asked to leave: somebody else shall have it at once.
                await threads.call(lambda: self._give_back(message))
            elif await self._answered(message):
                await threads.call(lambda: self._delete(message))
        except (BotoCoreError, ClientError) as error:
            _log.error("the queue cannot be told", extra={"reason": str(error)})
        finally:
            json_logs.request_id.reset(token)

    async def _answered(self, message: dict[str, Any]) -> bool:
        try:
            request = ChatRequest.model_validate_json(message["Body"])
        except ValidationError as error:
            _log.error("not a question", extra={"reason": explain(error)})
            return False
        longest = self._settings.max_message_characters
        if request.session_id is None or len(request.message) > longest:
            _log.error("not a question", extra={"reason": f"needs a session_id, and at most {longest} characters"})
            return False
        try:
            history = await self._sessions.read(request.session_id)
            answer, source = await self._conversation.reply(request.message, history)
            exchange = make_exchange(message["MessageId"], request.message, answer, source)
            await self._sessions.append(request.session_id, exchange)
        except ProblemError:
            return False  # logged where it happened, with its reason
        except SessionUnavailableError as error:
            _log.error("the answer cannot be kept", extra={"reason": str(error)})
            return False
        _log.info("answered", extra={"source": source})
        return True

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), _PAUSE_AFTER_A_FAILURE_SECONDS)

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.get().receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=1, WaitTimeSeconds=self._settings.question_poll_seconds
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def _delete(self, message: dict[str, Any]) -> None:
        self._sqs.get().delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _give_back(self, message: dict[str, Any]) -> None:
        self._sqs.get().change_message_visibility(
            QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )


async def serve(settings: Settings) -> None:
    sessions = make_session_store(settings)
    provider = make_provider(settings)
    worker = Worker(settings, Conversation(settings, provider, sessions), sessions)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    try:
        await worker.run()
    finally:
        await provider.close()


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write(f"The settings are not usable:\n{explain(error)}\n")
        return os.EX_CONFIG
    if not settings.question_queue_url:
        sys.stderr.write("The worker needs QUESTION_QUEUE_URL, the queue to read questions from.\n")
        return os.EX_CONFIG
    if settings.session_store == "memory":
        sys.stderr.write("The worker needs SESSION_STORE=dynamodb: nobody can read answers from its own memory.\n")
        return os.EX_CONFIG
    json_logs.configure(settings)
    asyncio.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
