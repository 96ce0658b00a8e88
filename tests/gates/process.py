"""Run one gate as a process tree of its own, and leave nothing of it behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from gate import EXIT_SKIPPED, ROOT, Gate, Outcome, Result
from report import skips_in

GRACE = 10.0
"""Seconds between asking a process to end and ending it."""
PRIVATE = ("AWS_", "ANSIBLE_", "MOLECULE_", "PULUMI_", "PYTEST_")
"""What belongs to the person at the keyboard: their accounts and settings must not decide a test."""


def environment_of(gate: Gate) -> dict[str, str]:
    """Return the environment of a gate: a home of its own, our tools first, nobody's credentials."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PRIVATE) or name.startswith(gate.inherits or ("\0",))
    }
    return {
        **inherited,
        # The engine's settings are the one thing from the real home that a gate may need.
        "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker")),
        "HOME": str(gate.home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "SLIPWAY_GATE": gate.name,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "CI": "true",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
        # The private home has no git configuration, and in a container the checkout may be somebody else's.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": str(ROOT),
        **gate.environment,
    }


async def run_gate(gate: Gate) -> Result:
    """Run a gate to its end; whatever happens, its processes end with it."""
    missing = [path for path in gate.paths if not (ROOT / path).exists()]
    if missing:
        return Result(gate, Outcome.FAILED, reason=f"missing: {', '.join(missing)}")
    gate.home.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    late = False
    with gate.log.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *gate.command,
            cwd=ROOT / gate.folder,
            env=environment_of(gate),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(gate.timeout):
                await process.wait()
        except TimeoutError:
            late = True
        finally:
            await stop_group(process)
            leftovers = await stop_leftovers(gate)
    seconds = time.monotonic() - started
    skips = skips_in(gate.log.read_text(errors="replace"))
    if late:
        return Result(gate, Outcome.FAILED, seconds, f"took longer than {gate.timeout} s", skips)
    if leftovers:
        return Result(gate, Outcome.FAILED, seconds, f"left running: {'; '.join(leftovers)}", skips)
    if process.returncode == EXIT_SKIPPED:
        return Result(gate, Outcome.SKIPPED, seconds, skips[-1] if skips else "gave no reason")
    if process.returncode != 0:
        return Result(gate, Outcome.FAILED, seconds, f"ended with code {process.returncode}", skips)
    return Result(gate, Outcome.PASSED, seconds, skips=skips)


async def stop_group(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def stop_leftovers(gate: Gate) -> list[str]:
    """End what the gate started and forgot, and name it. Something about to end by itself is given a moment."""
    for _ in range(10):
        if not processes_of(gate):
            return []
        await asyncio.sleep(0.2)
    forgotten = processes_of(gate)
    for send, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 1.0)):
        for pid in processes_of(gate):
            try:
                os.kill(pid, send)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + patience
        while processes_of(gate) and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
    return [f"{pid} {command}" for pid, command in sorted(forgotten.items())]


def processes_of(gate: Gate) -> dict[int, str]:
    """Find a gate's processes by their environment: daemons leave the session, but they keep their home."""
    found = {}
    mark = f"HOME={gate.home}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() and (command := (folder / "cmdline").read_bytes()):
                found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
    return found
