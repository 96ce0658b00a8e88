"""Amazon Bedrock, through an inference profile and the Converse API."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from typing import Any

from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from chatbot import threads
from chatbot.aws import lazy_client
from chatbot.providers.base import BusyError, FailedError, NotConfiguredError, ProviderError, Turn
from chatbot.settings import Settings

# In lower case: the same error is ThrottlingException in a response and throttlingException inside a stream.
_BUSY = frozenset(
    {"throttlingexception", "toomanyrequestsexception", "modelnotreadyexception", "serviceunavailableexception"}
)


class BedrockProvider:
    """Needs `bedrock:InvokeModel` (and `bedrock:InvokeModelWithResponseStream` to stream) on the profile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = lazy_client(
            "bedrock-runtime",
            settings,
            connect_seconds=settings.llm_connect_seconds,
            read_seconds=settings.llm_read_seconds,
            attempts=settings.llm_max_attempts,
            connections=settings.llm_max_concurrent,
        )

    async def answer(self, turns: Sequence[Turn]) -> str:
        request = self._request(turns)
        return await threads.call(lambda: self._converse(request))

    async def stream(self, turns: Sequence[Turn]) -> AsyncGenerator[str]:
        request = self._request(turns)
        async with contextlib.aclosing(threads.iterate(lambda: self._converse_stream(request))) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """The pool closes with the process; a call that still runs keeps what it uses."""

    def _request(self, turns: Sequence[Turn]) -> dict[str, Any]:
        if not self._settings.bedrock_inference_profile:
            raise NotConfiguredError("BEDROCK_INFERENCE_PROFILE is not set")
        return {
            "modelId": self._settings.bedrock_inference_profile,
            "messages": [{"role": turn.role, "content": [{"text": turn.text}]} for turn in turns],
            "system": [{"text": self._settings.llm_system_prompt}],
            "inferenceConfig": {"maxTokens": self._settings.llm_max_tokens},
        }

    def _converse(self, request: dict[str, Any]) -> str:
        with _errors_named():
            response = self._client.get().converse(**request)
        blocks = response["output"]["message"]["content"]
        text = "".join(block.get("text", "") for block in blocks)
        if not text.strip():
            raise FailedError(f"Bedrock sent no text, stop reason {response.get('stopReason')!r}")
        return text

    def _converse_stream(self, request: dict[str, Any]) -> Generator[str]:
        with _errors_named():
            events = self._client.get().converse_stream(**request)["stream"]
            with contextlib.closing(events):
                yield from _pieces(events)


def _pieces(events: Iterator[dict[str, Any]]) -> Iterator[str]:
    stop_reason = None
    anything = False
    for event in events:
        if "contentBlockDelta" in event:
            piece = event["contentBlockDelta"]["delta"].get("text", "")
            if piece:
                anything = True
                yield piece
        elif "messageStop" in event:
            stop_reason = event["messageStop"].get("stopReason", "unknown")
    # A connection that is cut between two events ends the iteration without an error.
    if stop_reason is None:
        raise FailedError("Bedrock's stream ended before the message did")
    if not anything:
        raise FailedError(f"Bedrock streamed no text, stop reason {stop_reason!r}")


@contextlib.contextmanager
def _errors_named() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _named(error) from error
    except (BotoCoreError, HTTPError, ParserError) as error:
        raise FailedError(f"{type(error).__name__}: {error}") from error


def _named(error: ClientError) -> ProviderError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    metadata: Any = error.response.get("ResponseMetadata", {})
    reason = f"{error} (request {metadata.get('RequestId')}, attempts {metadata.get('RetryAttempts', 0) + 1})"
    if code.lower() in _BUSY:
        retry_after = str(metadata.get("HTTPHeaders", {}).get("retry-after", ""))
        return BusyError(reason, retry_after=int(retry_after) if retry_after.isdecimal() else None)
    return FailedError(reason)
