"""What the steps share: where things are, and how a step says that it failed or could not run."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tarfile
import tempfile
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import ansible_collections.amazon.aws

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / ".slipway" / "gates" / "artefact"
DEPENDENCIES = ("amazon", "community")
EXIT_SKIPPED = 77


def fail(sentence: str) -> t.NoReturn:
    print(f"FAILED {sentence}")
    sys.exit(1)


def skip(sentence: str) -> t.NoReturn:
    print(f"SKIPPED {sentence}")
    sys.exit(EXIT_SKIPPED)


def report(problems: Sequence[str], good: str) -> t.NoReturn:
    """End with all problems, or with the sentence that says what was found good."""
    for problem in problems:
        print(problem)
    if problems:
        fail(f"{len(problems)} found")
    print(good)
    sys.exit(0)


def run(command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> int:
    words = [str(word) for word in command]
    print(f"+ {' '.join(words)}", flush=True)
    return subprocess.run(
        words, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, check=False
    ).returncode


def must(command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    if code := run(command, cwd=cwd, env=env):
        fail(f"{command[0]} ended with code {code}")


def watch(command: Sequence[str], *, cwd: Path) -> tuple[int, str]:
    """Run a command, show its output as it comes, and return its code and all it said."""
    process = subprocess.Popen(
        command, cwd=cwd, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = []
    for line in process.stdout or ():
        print(line, end="", flush=True)
        lines.append(line)
    return process.wait(), "".join(lines)


def artefact() -> Path:
    """Return the tarball that the gate C(artefact) built."""
    found = sorted(BUILD.glob("slipway-aws-*.tar.gz"))
    if len(found) != 1:
        fail(f"expected one artefact in {BUILD.relative_to(ROOT)}, found {len(found)}")
    return found[0]


def artefact_files() -> list[str]:
    with tarfile.open(artefact()) as archive:
        return sorted(member.name for member in archive.getmembers() if not member.isdir())


def collection_files(*folders: str) -> list[str]:
    """Return what the checkout holds in these folders and a build must take along."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return sorted(str(path.relative_to(ROOT)) for path in paths if path.is_file() and "__pycache__" not in path.parts)


@contextlib.contextmanager
def installed() -> Iterator[Path]:
    """Install the artefact with its dependencies beside it, outside the checkout, and give the collections path.

    Outside, because ansible-test leaves out what the surrounding repository ignores, and then passes on nothing.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-artefact-") as folder:
        path = Path(folder)
        must(["ansible-galaxy", "collection", "install", artefact(), "-p", path, "--no-deps", "--force"], cwd=path)
        shipped = Path(ansible_collections.amazon.aws.__path__[0]).parents[1]
        for namespace in DEPENDENCIES:
            (path / "ansible_collections" / namespace).mkdir()
            (path / "ansible_collections" / namespace / "aws").symlink_to(shipped / namespace / "aws")
        yield path
