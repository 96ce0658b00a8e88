"""The time between being asked to stop and having to."""

from __future__ import annotations

import asyncio


class Drain:
    """Plain requests get all of the time. Endless ones, streams, are told to end a little before it is up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._streams_must_end = asyncio.Event()

    def begin(self) -> None:
        before_the_end = self._seconds - min(2.0, self._seconds / 4)
        asyncio.get_running_loop().call_later(before_the_end, self._streams_must_end.set)

    async def streams_must_end(self) -> None:
        await self._streams_must_end.wait()
