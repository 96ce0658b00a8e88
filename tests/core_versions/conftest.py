# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtualenv for each version of ansible-core the collection promises to run under."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "requirements" / "core"
# The oldest Python each of them runs on, and the newest we look for.
PYTHONS = {
    "2.17": ("3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}


@dataclasses.dataclass(frozen=True)
class Core:
    """One version of ansible-core, installed."""

    version: str
    folder: Path

    def run(self, program: str, *words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PULUMI_", "AWS_"))
        }
        return subprocess.run(
            [str(self.folder / "bin" / program), *words],
            cwd=folder,
            env=kept | {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"} | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="session", params=sorted(PYTHONS))
def core(request: pytest.FixtureRequest) -> Core:
    version: str = request.param
    python = next((found for wanted in PYTHONS[version] if (found := find_python(wanted))), None)
    if python is None:
        pytest.skip(f"ansible-core {version} needs Python {' or '.join(PYTHONS[version])}, and there is none here")
    return Core(version, installed(version, python))


def find_python(version: str) -> str | None:
    """Return an interpreter of a version, also one a version manager hides behind a stand-in that refuses to start."""
    name = f"python{version}"
    on_path = [Path(folder) / name for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    behind = [
        real
        for path in on_path
        if path.parent.name == "shims"
        for real in sorted((path.parent.parent / "versions").glob(f"{version}*/bin/{name}"))
    ]
    for candidate in (*on_path, *behind):
        if (
            candidate.is_file()
            and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0
        ):
            return str(candidate)
    return None


def installed(version: str, python: str) -> Path:
    """Make the virtualenv, unless it is there and as the lock wants it."""
    lock = LOCKS / f"{version}.txt"
    folder = ROOT / ".slipway" / "core" / version
    stamp, wanted = folder / ".locked", hashlib.sha256(lock.read_bytes()).hexdigest() + python + str(folder)
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run([uv, "venv", "--quiet", "--python", python, str(folder)], check=True)
    words = ("pip", "sync", "--quiet", "--python", str(folder / "bin" / "python"), "--require-hashes", str(lock))
    subprocess.run([uv, *words], check=True)
    stamp.write_text(wanted)
    return folder
