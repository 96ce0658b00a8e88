# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A container that ended: by the kernel, by its command, or by the program itself."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import (
    Case,
    Code,
    Diagnosis,
    Quote,
    first_of,
    log_quote,
)
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Container, Task
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.own_words import determined, own_error

if t.TYPE_CHECKING:
    from collections.abc import Iterator

OUT_OF_MEMORY = re.compile(r"OutOfMemory(?:Error)?\b|killed due to memory usage|OOMKilled", re.IGNORECASE)
NOT_FOUND = re.compile(
    r"executable file not found in \$PATH|exec:? .{1,200}no such file or directory"
    r"|stat .{1,200}no such file or directory"
    r"|^exec [^ ]+: no such file or directory",
    re.MULTILINE,
)
NOT_EXECUTABLE = re.compile(r"exec:? .{1,200}permission denied|: cannot execute\b|is a directory: unknown")
WRONG_FORMAT = re.compile(r"exec format error|cannot execute binary file", re.IGNORECASE)
SHELL_NOT_FOUND = re.compile(r": (?:command )?not found\s*$")


def out_of_memory(case: Case) -> Iterator[Diagnosis]:
    found = case.find(OUT_OF_MEMORY)
    if not found or case.task is None:
        return
    killed = next((item for item in case.task.containers if OUT_OF_MEMORY.search(item.reason)), None)
    killed = killed or (case.culprits[0] if case.culprits else None)
    definition = case.evidence.definition
    known = definition.container(killed.name) if killed else None
    limit = (
        f"{known.memory} MiB of its own" if known and known.memory else f"{definition.memory or '?'} MiB of the task"
    )
    yield case.diagnosis(
        "out_of_memory",
        "certain",
        f"Container {killed.name if killed else 'of the task'} was killed because it used more memory than it may "
        f"({limit}).",
        "Raise memory in the task definition, or make the program need less (fewer workers, a smaller heap).",
        found[0],
        *_exit_quotes(case.task, killed),
        fatal=True,
    )


def exec_format_error(case: Case) -> Iterator[Diagnosis]:
    for quote, container in _words_of_the_end(case, WRONG_FORMAT):
        architecture = case.evidence.definition.architecture or "X86_64"
        yield case.diagnosis(
            "exec_format_error",
            "certain",
            f"The program in {_named(container)} is built for another processor than {architecture}, "
            "or is a script without a first line that names its interpreter.",
            "Build the image with --platform linux/amd64 (or linux/arm64, with runtimePlatform ARM64 in the task "
            "definition); a script needs #!/bin/sh as its very first line.",
            quote,
            fatal=True,
        )
        return


def command_not_found(case: Case) -> Iterator[Diagnosis]:
    for quote, container in _words_of_the_end(case, NOT_FOUND):
        yield _command(case, "command_not_found", "certain", container, quote)
        return
    for container in case.culprits:
        if case.task and container.exit_code == 127:
            last = _last_words(container, SHELL_NOT_FOUND)
            quotes = (*_exit_quotes(case.task, container), *((log_quote(case.task, container, last),) if last else ()))
            yield _command(case, "command_not_found", "certain" if last else "likely", container, *quotes)
            return


def command_not_executable(case: Case) -> Iterator[Diagnosis]:
    for quote, container in _words_of_the_end(case, NOT_EXECUTABLE):
        yield _command(case, "command_not_executable", "certain", container, quote)
        return
    for container in case.culprits:
        if case.task and container.exit_code == 126:
            yield _command(case, "command_not_executable", "likely", container, *_exit_quotes(case.task, container))
            return


def _command(case: Case, code: Code, confidence: t.Any, container: Container | None, *quotes: Quote) -> Diagnosis:
    known = case.evidence.definition.container(container.name) if container else None
    asked = " ".join([*known.entry_point, *known.command]) if known else ""
    where = f"task definition asks for `{asked[:200]}`" if asked else "image says what to run"
    if code == "command_not_found":
        told = f"The command of {_named(container)} is not in the image (the {where})."
        fix = (
            "Correct command or entryPoint, or install the program in the image. One word with spaces in it is looked "
            'for as one file: write ["python", "main.py"], not ["python main.py"].'
        )
    else:
        told = f"The command of {_named(container)} is there, but may not be executed (the {where})."
        fix = "Make it executable in the image (RUN chmod +x …), for the user the container runs as."
    return case.diagnosis(code, confidence, told, fix, *quotes, fatal=True)


def application_exit(case: Case) -> Iterator[Diagnosis]:
    task = case.task
    if task is None:
        return
    for container in case.culprits:
        # A container that waited to be removed and was killed then says nothing about why.
        if not container.failed or (task.told_to_go or "health check" in task.stopped_reason.lower()):
            continue
        error = own_error([line.text for line in container.log])
        quotes = _exit_quotes(task, container)
        if error:
            quotes = (log_quote(task, container, error), *quotes)
        yield case.diagnosis(
            "application_exit",
            "likely" if error and container.exit_code != 137 else "possible",
            f"{_named(container).capitalize()} ended with exit code {container.exit_code}"
            f"{_meaning(container.exit_code)}{f': {error[:300]}' if error else ', and logged nothing'}",
            "Mend what the program says, in the image or in its configuration."
            if error
            else "Send its output to a log (logConfiguration awslogs with awslogs-stream-prefix), and run the image by "
            "hand with the same environment.",
            *quotes,
            fatal=bool(error and determined(error)),
        )
        return


def _meaning(exit_code: int | None) -> str:
    return {
        134: " (it aborted itself)",
        137: " (killed by SIGKILL; nothing says that memory was the reason)",
        139: " (it crashed: segmentation fault)",
        143: " (ended by SIGTERM)",
    }.get(exit_code or 0, "")


def _words_of_the_end(case: Case, pattern: re.Pattern[str]) -> Iterator[tuple[Quote, Container | None]]:
    """Yield where ECS, or the last lines of a container that failed, say something that fits."""
    found = case.find(pattern)
    if found:
        containers = case.task.containers if case.task else ()
        said = next((item for item in containers if item.reason and item.reason == found[0].text), None)
        yield found[0], said or (containers[0] if len(containers) == 1 else None)
    for container in case.culprits:
        last = _last_words(container, pattern)
        if case.task and container.failed and last:
            yield log_quote(case.task, container, last), container


def _last_words(container: Container, pattern: re.Pattern[str], lines: int = 5) -> str | None:
    return next((line.text for line in reversed(container.log[-lines:]) if pattern.search(line.text)), None)


def _exit_quotes(task: Task, container: Container | None) -> tuple[Quote, ...]:
    if container is None or container.exit_code is None:
        return ()
    return (Quote(f"task {task.id}, container {container.name}", f"exit code {container.exit_code}"),)


def _named(container: Container | None) -> str:
    return f"container {container.name}" if container else "a container"


exits = first_of(out_of_memory, exec_format_error, command_not_found, command_not_executable, application_exit)

__all__ = ("exits",)
