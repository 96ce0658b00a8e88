# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs we race against, each of one version, kept in the cache folder of whoever runs this."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

AWSCLI = "1.46.3"
FABFUEL = "1.17.0"
ECSPRESSO = "github.com/kayac/ecspresso/v2/cmd/ecspresso@v2.8.7"


class MissingProgramError(Exception):
    """A program cannot be had here; the race goes on without it, and says so."""


def cache_folder() -> Path:
    """Return the folder all checkouts share; a gate's HOME is another one for each."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if Path(named).is_absolute() else Path(pwd.getpwuid(os.getuid()).pw_dir, ".cache")) / "slipway"


def from_pypi(package: str, version: str, program: str) -> Path:
    """Return a program of a Python package, in a virtual environment of its own."""
    folder = cache_folder() / f"{package}-{version}"
    found = folder / "bin" / program
    if not found.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"installing {package} {version} …", file=sys.stderr, flush=True)
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "install", f"{package}=={version}"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                shutil.rmtree(folder, ignore_errors=True)
                raise MissingProgramError(f"{package} {version} cannot be installed: {done.stderr.strip()[-300:]}")
    return found


def from_go(package: str, program: str) -> Path:
    """Return a program built from a Go module, in a folder of its own."""
    version = package.rpartition("@v")[2]
    folder = cache_folder() / f"{program}-{version}"
    found = folder / program
    if not found.is_file():
        go = shutil.which("go")
        if go is None:
            raise MissingProgramError(f"there is no Go to build {package} with, and no {program} on the PATH")
        print(f"building {package} …", file=sys.stderr, flush=True)
        environment = {**os.environ, "GOBIN": str(folder)}
        done = subprocess.run([go, "install", package], capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise MissingProgramError(f"{package} cannot be built: {' '.join(done.stderr.split())[-300:]}")
    return found


def awscli() -> tuple[Path, str]:
    return from_pypi("awscli", AWSCLI, "aws"), AWSCLI


def fabfuel() -> tuple[Path, str]:
    return from_pypi("ecs-deploy", FABFUEL, "ecs"), FABFUEL


def ecspresso() -> tuple[Path, str]:
    """Return ecspresso and its version: the one SLIPWAY_ECSPRESSO names, or the one on the PATH, or else built here."""
    named = os.environ.get("SLIPWAY_ECSPRESSO") or shutil.which("ecspresso") or str(from_go(ECSPRESSO, "ecspresso"))
    done = subprocess.run([named, "version"], capture_output=True, text=True, timeout=60, check=False)
    version = re.search(r"v(\d\S*)", done.stdout + done.stderr)
    if done.returncode or not version:
        raise MissingProgramError(f"{Path(named).name} does not say its version")
    return Path(named).resolve(), version[1]
