"""Runs the user's program under the SDK, as the language host of the CLI would."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import runpy
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pulumi.runtime import config as sdk_config
from pulumi.runtime.settings import Settings, configure
from pulumi.runtime.stack import run_in_stack

from local_engine.monitor import EngineLog, Monitor

# The SDK waits for each registration in a thread of its own.
PARALLEL = 16


def run(
    main: Path,
    *,
    project: str,
    stack: str,
    monitor: Monitor,
    engine: EngineLog,
    config: t.Mapping[str, str],
    secret_keys: list[str],
    preview: bool,
) -> None:
    """Run the program to its end. What it asks for goes to the monitor; what goes wrong is raised."""
    # A failed registration is reported once, by the caller, and not by every task that waited for it.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    def inside() -> None:
        configure(
            Settings(
                project=project,
                stack=stack,
                monitor=monitor,
                engine=engine,
                parallel=PARALLEL,
                dry_run=preview,
                organization="organization",
                root_directory=str(main.parent),
            )
        )
        sdk_config.set_all_config(dict(config), secret_keys)
        _run_loop(main)

    # The SDK keeps its state in context variables: a copy leaves nothing behind.
    contextvars.copy_context().run(inside)


def _run_loop(main: Path) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=PARALLEL, thread_name_prefix="register")
    loop.set_default_executor(executor)
    sys.path.insert(0, str(main.parent))
    try:
        loop.run_until_complete(run_in_stack(lambda: _program(main)))
    finally:
        sys.path.remove(str(main.parent))
        # After a failure others may still be under way: they are finished and recorded before we go on.
        executor.shutdown(wait=True, cancel_futures=True)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        asyncio.set_event_loop(None)
        loop.close()


def _program(main: Path) -> None:
    runpy.run_path(str(main), run_name="__main__")


def sdk_version() -> str:
    """Return the SDK's version; checkpoints carry the version of what wrote them."""
    from importlib.metadata import version

    return version("pulumi")


__all__ = ("run", "sdk_version")
