"""Any endpoint that speaks the OpenAI chat completions protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import httpx

from chatbot.providers.base import BusyError, FailedError, NotConfiguredError, ProviderError, Turn
from chatbot.secret_reader import SecretReader, SecretUnavailableError
from chatbot.settings import Settings

_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_BUSY = frozenset({429, 503})
_LONGEST_PAUSE_SECONDS = 4.0


class OpenAICompatibleProvider:
    """The key is looked up by name for each call, so a rotated key works without a restart."""

    def __init__(self, settings: Settings, secrets: SecretReader) -> None:
        self._settings = settings
        self._secrets = secrets
        timeout = httpx.Timeout(settings.llm_read_seconds, connect=settings.llm_connect_seconds)
        limits = httpx.Limits(max_connections=settings.llm_max_concurrent)
        self._http = httpx.AsyncClient(timeout=timeout, limits=limits)

    async def answer(self, turns: Sequence[Turn]) -> str:
        async with self._reply(turns, stream=False) as response:
            try:
                document = json.loads(await response.aread())
                text = document["choices"][0]["message"]["content"]
            except httpx.HTTPError as error:
                raise FailedError(f"{type(error).__name__} while reading the answer") from error
            except (ValueError, LookupError, TypeError) as error:
                raise FailedError(f"the answer is no chat completion: {type(error).__name__}") from error
        if not isinstance(text, str) or not text.strip():
            raise FailedError("the answer holds no text")
        return text

    async def stream(self, turns: Sequence[Turn]) -> AsyncGenerator[str]:
        anything = False
        async with self._reply(turns, stream=True) as response, contextlib.aclosing(_data_lines(response)) as lines:
            async for data in lines:
                piece = _piece(data)
                if piece:
                    anything = True
                    yield piece
        if not anything:
            raise FailedError("the stream held no text")

    async def close(self) -> None:
        await self._http.aclose()

    @contextlib.asynccontextmanager
    async def _reply(self, turns: Sequence[Turn], *, stream: bool) -> AsyncIterator[httpx.Response]:
        """A response with status 200, after as many tries as allowed."""
        response = await self._ask(turns, stream=stream)
        try:
            yield response
        finally:
            await response.aclose()

    async def _ask(self, turns: Sequence[Turn], *, stream: bool) -> httpx.Response:
        key_was_refused = False
        attempt = 0
        while True:
            attempt += 1
            last = attempt >= self._settings.llm_max_attempts
            try:
                response = await self._http.send(await self._request(turns, stream=stream), stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                if last:
                    raise FailedError(f"no connection to the model: {type(error).__name__}") from error
                await asyncio.sleep(_pause(attempt))
                continue
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise FailedError(f"{type(error).__name__} while asking the model") from error
            if response.status_code == httpx.codes.OK:
                return response
            await response.aclose()
            if response.status_code == httpx.codes.UNAUTHORIZED and not key_was_refused and self._forget_key():
                key_was_refused = True
                attempt -= 1
                continue
            if last or response.status_code not in _TRY_AGAIN:
                raise _refusal(response)
            await asyncio.sleep(_pause(attempt, _retry_after(response)))

    async def _request(self, turns: Sequence[Turn], *, stream: bool) -> httpx.Request:
        settings = self._settings
        if not settings.openai_base_url or not settings.openai_model:
            raise NotConfiguredError("OPENAI_BASE_URL and OPENAI_MODEL must both be set")
        body = {
            "model": settings.openai_model,
            "messages": [
                {"role": "system", "content": settings.llm_system_prompt},
                *({"role": turn.role, "content": turn.text} for turn in turns),
            ],
            "max_tokens": settings.llm_max_tokens,
            "stream": stream,
        }
        headers = {}
        if settings.openai_api_key_from:
            try:
                headers["Authorization"] = f"Bearer {await self._secrets.read(settings.openai_api_key_from)}"
            except SecretUnavailableError as error:
                raise FailedError(f"the key of the model: {error}") from error
        url = settings.openai_base_url.rstrip("/") + "/chat/completions"
        return self._http.build_request("POST", url, json=body, headers=headers)

    def _forget_key(self) -> bool:
        if self._settings.openai_api_key_from is None:
            return False
        self._secrets.forget(self._settings.openai_api_key_from)
        return True


async def _data_lines(response: httpx.Response) -> AsyncGenerator[str]:
    """The payloads up to ``[DONE]``; a stream without it was cut."""
    try:
        async for line in response.aiter_lines():
            name, _, data = line.partition(":")
            if name != "data":
                continue
            if data.strip() == "[DONE]":
                return
            yield data
    except httpx.HTTPError as error:
        raise FailedError(f"{type(error).__name__} in the middle of the stream") from error
    raise FailedError("the stream ended before the answer did")


def _piece(data: str) -> str:
    try:
        document = json.loads(data)
        if "error" in document:
            raise FailedError("the model reported an error in the middle of the stream")
        # Some endpoints end with a chunk about usage that has no choices.
        choices: list[Any] = document.get("choices") or [{}]
        return str(choices[0].get("delta", {}).get("content") or "")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FailedError(f"a piece of the stream is no chat completion: {type(error).__name__}") from error


def _refusal(response: httpx.Response) -> ProviderError:
    # The body is left out: endpoints like to repeat a part of the key in it.
    reason = f"the model's endpoint answered {response.status_code}"
    if response.status_code in _BUSY:
        return BusyError(reason, retry_after=_retry_after(response))
    return FailedError(reason)


def _retry_after(response: httpx.Response) -> int | None:
    value = response.headers.get("Retry-After", "")
    return int(value) if value.isdecimal() else None


def _pause(attempt: int, asked: int | None = None) -> float:
    wanted = asked if asked is not None else 0.25 * 2**attempt
    return min(wanted, _LONGEST_PAUSE_SECONDS) * random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, keeps no secret
