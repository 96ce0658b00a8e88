"""boto3 blocks. These run it beside the event loop, and never make the process wait for it at the end.

Daemon threads, not an executor: Python joins an executor's threads at exit, so one hung call could hold a process
that has finished draining until the platform kills it.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


def _start(work: Callable[[], None]) -> None:
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), daemon=True).start()


async def call(function: Callable[[], T]) -> T:
    """Run a blocking function and wait for its result. When the caller gives up, the result is dropped."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: BaseException | None) -> None:
        if outcome.cancelled():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = function()
        except Exception as problem:
            error = problem
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it everybody who asked
            loop.call_soon_threadsafe(finish, result, error)

    _start(work)
    return await outcome


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None


async def iterate(source: Callable[[], Generator[T]]) -> AsyncGenerator[T]:
    """Yield what a blocking generator yields. When the caller leaves, the generator is closed at its next item."""
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[T | _End] = asyncio.Queue()
    left = threading.Event()

    def put(item: T | _End) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it everybody who asked
            loop.call_soon_threadsafe(items.put_nowait, item)

    def work() -> None:
        error: Exception | None = None
        try:
            with contextlib.closing(source()) as generator:
                for item in generator:
                    if left.is_set():
                        return
                    put(item)
        except Exception as problem:
            error = problem
        put(_End(error))

    _start(work)
    try:
        while not isinstance(item := await items.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        left.set()
