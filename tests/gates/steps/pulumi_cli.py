# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command with the true Pulumi CLI, named by SLIPWAY_PULUMI.

It is built once with Go, from the sources the module proxy serves, and kept in the cache folder of whoever runs this.
Without Go, a program called pulumi on the PATH will do.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from step import ROOT, fail, run, skip

# The newest the module proxy serves everywhere we look.
VERSION = "3.259.0"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
COMMAND = f"{PACKAGE}/cmd/pulumi"
STAMP = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
HEARTBEAT = 15.0
TAIL = 40
WHAT = "tests with the Pulumi CLI"


class CannotFetchError(Exception):
    """Go is here, and the sources are not to be had."""


def main(command: list[str]) -> None:
    program = provide()
    print(f"SLIPWAY_PULUMI={program}: {_version_of(program)}", flush=True)
    if code := run(command, cwd=ROOT, env={"SLIPWAY_PULUMI": str(program)}):
        fail(f"{Path(command[0]).name} ended with code {code}")


def provide() -> Path:
    """Return the program: built before, built now, or found."""
    program = cache_folder() / f"pulumi-{VERSION}" / "bin" / "pulumi"
    if _works(program):
        return program
    found = shutil.which("pulumi")
    if shutil.which("go"):
        try:
            return build(program)
        except CannotFetchError as error:
            return Path(found) if found else skip(f"{WHAT}: {error}, and no pulumi is on the PATH")
    return Path(found) if found else skip(f"{WHAT}: neither Go, to build it, nor a pulumi is on the PATH")


def cache_folder() -> Path:
    """Return the folder all checkouts share. A gate's own home is not it: every checkout has another."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    # As the specification has it, a path that is not absolute counts as none.
    base = Path(named) if Path(named).is_absolute() else real_home() / ".cache"
    # A home that is not there, or is somebody else's: then every checkout builds for itself.
    return base / "slipway" if _writable(base) else ROOT / ".slipway" / "cache"


def real_home() -> Path:
    """Return the home of the account; HOME is the gate's."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # a number without a name, as in some containers
        return Path.home()


def build(program: Path) -> Path:
    """Build the program where it shall be. Whoever comes second waits, and finds it there."""
    folder = program.parents[1]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        _wait_for(lock)
        if not _works(program):
            with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as scratch:
                _build_in(Path(scratch), program)
    return program


def _build_in(scratch: Path, program: Path) -> None:
    # Go's own caches and settings are the account's, which has a proxy of its own in some places.
    environment = {**os.environ, "HOME": str(real_home()), "CGO_ENABLED": "0", "GOWORK": "off"}
    draft = scratch / "pulumi"
    if _watched("starting a module", ["go", "mod", "init", "scratch"], scratch, environment):
        fail(f"Go cannot start a module in {scratch}")
    if _watched(f"fetching Pulumi {VERSION}", ["go", "get", f"{COMMAND}@v{VERSION}"], scratch, environment):
        raise CannotFetchError(f"Go cannot fetch {PACKAGE} {VERSION}")
    # The module replaces a dependency by a folder beside it, so that "go install" refuses it.
    flags = ["-trimpath", "-buildvcs=false", f"-ldflags=-s -w -X {STAMP}=v{VERSION}", "-o", str(draft)]
    if _watched(f"building Pulumi {VERSION}", ["go", "build", *flags, COMMAND], scratch, environment):
        fail(f"Go cannot build Pulumi {VERSION}")
    if not _works(draft):
        fail(f"what Go built of Pulumi {VERSION} does not run")
    program.parent.mkdir(exist_ok=True)
    draft.replace(program)


def _watched(what: str, command: list[str], folder: Path, environment: dict[str, str]) -> int:
    """Run a command that may take minutes: say that it is at work, and show what it said only if it fails."""
    print(f"{what} …", flush=True)
    begin = time.monotonic()
    with (
        tempfile.TemporaryFile(dir=folder) as said,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        ) as going,
    ):
        try:
            while (code := _ended(going)) is None:
                print(f"{what}: {time.monotonic() - begin:.0f} s so far", flush=True)
        except BaseException:
            going.terminate()
            raise
        if code:
            said.seek(0)
            print(*said.read().decode(errors="replace").splitlines()[-TAIL:], sep="\n")
    print(f"{what}: ended with code {code} after {time.monotonic() - begin:.0f} s", flush=True)
    return code


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(HEARTBEAT)
    except subprocess.TimeoutExpired:
        return None


def _wait_for(lock: t.TextIO) -> None:
    begin = time.monotonic()
    said = 0.0
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() - begin >= said:
            print(f"somebody else builds it: waiting, {time.monotonic() - begin:.0f} s so far", flush=True)
            said += HEARTBEAT
        time.sleep(0.5)


def _writable(base: Path) -> bool:
    there = next(path for path in (base, *base.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _works(program: Path) -> bool:
    return program.is_file() and _version_of(program) == f"v{VERSION}"


def _version_of(program: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="slipway-pulumi-home-") as home:
        environment = {**os.environ, "PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        try:
            done = subprocess.run(
                [program, "version"], env=environment, capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    return done.stdout.strip() if done.returncode == 0 else f"ended with code {done.returncode}"


if __name__ == "__main__":
    main(sys.argv[1:])
