# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The Pulumi CLI as a program we run: what it prints, piece by piece, and what it says when it fails."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendError,
    CheckpointError,
    PassphraseError,
    PulumiError,
    StackNotFoundError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import CHUNK
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret

PROGRAM = "pulumi"
# No prompt, no colours, and names of stacks in full, wherever we happen to run.
FLAGS = ("--non-interactive", "--color=never", "--fully-qualify-stack-names")
# Reading one stack, however large and however far away.
TIME_LIMIT = 600.0
# A process that is told to end gets this long for it.
GRACE = 5.0
# Each of them takes a hundred megabytes and a core.
PROCESSES = 4
# What is kept of the CLI's complaints, and what of that goes into a sentence.
MAXIMUM_COMPLAINT = 16 * 1024
MOST_LINES = 6
MAXIMUM_LINE = 300

HIDDEN = "***"
# Anything shorter is a word that may stand anywhere.
SHORTEST_SECRET = 4
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Tokens of Pulumi, AWS and others, and the parts of a URL that may be for its owner only.
TOKENS = re.compile(
    r"\bpul-[0-9A-Za-z]{8,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\beyJ[\w-]{8,}\.[\w.-]+"
    r"|(?<=://)[^/\s@]+(?=@)|(?<=[?&])[^\s\"']+"
)
# By which of its words the CLI tells what kind of trouble there is.
KINDS: tuple[tuple[re.Pattern[str], type[PulumiError], str], ...] = (
    (
        re.compile("passphrase"),
        PassphraseError,
        "Set or correct PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.",
    ),
    (re.compile("no stack named"), StackNotFoundError, "Correct its name, or the backend URL."),
    (
        re.compile("PULUMI_ACCESS_TOKEN|pulumi login|invalid access token|[Uu]nauthorized|[Ff]orbidden"),
        BackendDeniedError,
        "Set PULUMI_ACCESS_TOKEN, or run pulumi login.",
    ),
)

_permits = threading.Semaphore(PROCESSES)


class Program:
    """Runs C(pulumi) in one folder and one environment."""

    def __init__(self, folder: pathlib.Path, environment: t.Mapping[str, str], backend: str | None) -> None:
        found = shutil.which(PROGRAM, path=environment.get("PATH", ""))
        if found is None:
            raise BackendError(
                "The Pulumi CLI is not installed: there is no pulumi on the PATH.",
                hint="Install it on the machine that reads the stacks, or name the backend itself instead of cli.",
            )
        self._path = str(pathlib.Path(found).absolute())
        self._folder = folder
        self._environment = {**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        if backend is not None:
            # Not an argument: the URL may carry a password, and everybody may list the arguments of a process.
            self._environment["PULUMI_BACKEND_URL"] = backend

    def output(self, *arguments: str, maximum: int) -> t.Iterator[bytes]:
        """Run a command and return what it prints, in pieces. If it fails, that comes instead of the next piece.

        Whoever stops reading ends the process.
        """
        name = " ".join((PROGRAM, *(word for word in arguments if not word.startswith("-"))))
        run = self._started(arguments, name)
        try:
            yield from run.pieces(maximum)
            code = run.ended()
            if code:
                raise self._failure(name, code, run.complaint())
        finally:
            run.stop()

    def _started(self, arguments: tuple[str, ...], name: str) -> _Run:
        try:
            return _Run([self._path, *arguments, *FLAGS], self._folder, self._environment, name)
        except OSError as error:
            raise BackendError(
                f"{name} could not be started in {self._folder}: {error.strerror}.",
                hint="Correct the installation of the Pulumi CLI.",
            ) from None

    def _failure(self, name: str, code: int, complaint: str) -> PulumiError:
        said = self._scrubbed(complaint)
        how = f"failed (exit code {code})" if code > 0 else f"was ended by signal {-code}"
        message = f"{name} {how}: {said}" if said else f"{name} {how}, and said nothing."
        for words, kind, hint in KINDS:
            if words.search(said):
                return kind(message, hint=hint)
        return BackendError(message)

    def _scrubbed(self, complaint: str) -> str:
        """Return the end of what the CLI complained about, without anything that looks like a secret."""
        for value in sorted(_secrets(self._environment), key=len, reverse=True):
            complaint = complaint.replace(value, HIDDEN)
        lines = (ESCAPES.sub("", line).strip() for line in TOKENS.sub(HIDDEN, complaint).splitlines())
        said = [line[:MAXIMUM_LINE] for line in lines if any(map(str.isalnum, line)) or HIDDEN in line]
        # What comes before the last error is progress, or a warning.
        errors = [index for index, line in enumerate(said) if line.startswith("error:")]
        said = said[errors[-1] :][:MOST_LINES] if errors else said[-MOST_LINES:]
        return " ".join(line if line.endswith((".", ":", ",")) else f"{line}." for line in said)


class _Run:
    """One process, from its start to its end, which always comes."""

    def __init__(self, command: list[str], folder: pathlib.Path, environment: dict[str, str], name: str) -> None:
        self._name = name
        self._expired = False
        self._complaint = b""
        _permits.acquire()
        try:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # it has children of its own, which have to end with it
            )
        except OSError:
            _permits.release()
            raise
        self._timer = threading.Timer(TIME_LIMIT, self._expire)
        self._timer.daemon = True
        self._attendant = threading.Thread(target=self._attend, daemon=True)
        self._timer.start()
        self._attendant.start()

    def pieces(self, maximum: int) -> t.Iterator[bytes]:
        size = 0
        # read1() takes what is there, so that a slow program is not waited for to fill the piece.
        while piece := t.cast(t.Any, self._process.stdout).read1(CHUNK):
            size += len(piece)
            if size > maximum:
                raise CheckpointError(f"{self._name} prints more than the {maximum} bytes we read.")
            yield piece

    def ended(self) -> int:
        """Return the exit code, once there is nothing more to read."""
        code = self._process.wait()
        self._attendant.join(GRACE)
        if self._expired:
            raise BackendError(f"{self._name} was not done after {TIME_LIMIT:.0f} seconds, and was stopped.")
        return code

    def complaint(self) -> str:
        return self._complaint.decode("utf-8", "replace")

    def stop(self) -> None:
        """End the process, if it has not ended."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
        self._timer.cancel()
        t.cast(t.Any, self._process.stdout).close()
        self._attendant.join(GRACE)

    def _expire(self) -> None:
        self._expired = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _attend(self) -> None:
        """Keep the last of what the process complains about, and give its place to the next one when it is gone."""
        try:
            with t.cast(t.Any, self._process.stderr) as stderr:
                while piece := stderr.read1(MAXIMUM_COMPLAINT):
                    self._complaint = (self._complaint + piece)[-MAXIMUM_COMPLAINT:]
            self._process.wait()
        finally:
            _permits.release()


def _secrets(environment: t.Mapping[str, str]) -> set[str]:
    """Return what no sentence may repeat: values that are secret by their name, and the backend's own."""
    found = {value for name, value in environment.items() if looks_secret(name)}
    address = urllib.parse.urlsplit(environment.get("PULUMI_BACKEND_URL", ""))
    found |= {address.netloc.rpartition("@")[0], address.password or ""}
    found |= {value for dummy, value in urllib.parse.parse_qsl(address.query)}
    return {value for value in found if len(value) >= SHORTEST_SECRET}


__all__ = ("Program",)
