# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the harnesses share: the way to the package, what counts as a crash, and how a run is started.

    .venv/bin/python tests/fuzz/fuzz_checkpoint.py -max_total_time=36000 my_corpus

runs one for ten hours; all options of libFuzzer may be given. What it learns is kept in the folder if one is named, so
that the next run begins there. The first inputs are written anew each time. An input that breaks something is written
to .slipway/fuzz/, and given to a harness as its only argument it breaks it again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILDER = ROOT / "tests" / "unit" / "plugins" / "module_utils" / "_pulumi"
CRASHES = ROOT / ".slipway" / "fuzz"
PACKAGE = "ansible_collections.slipway.aws.plugins.module_utils._pulumi"
CHILD = "SLIPWAY_FUZZ_CHILD"
sys.path[:0] = [str(BUILDER), str(ROOT / "collections")]

# Whatever is secret contains it. It may never be in what an error tells.
TREASURE = "Treasure-Island"
# An hour of work that comes to nothing is what no input of a few kilobytes may ask for.
OPTIONS = ("-timeout=20", "-rss_limit_mb=1500", "-max_len=8192")

Test = t.Callable[[bytes], None]
Seeds = t.Callable[[], t.Iterable[bytes]]


class LeakError(Exception):
    """An error tells what it should not."""


def check(error: Exception) -> None:
    """Look through an error of the package, and the chain of those it came from, as Python and Ansible print it."""
    shown: BaseException | None = error
    while shown is not None:
        told = f"{shown} {shown!r} {vars(shown) if shown is error else ''}"
        if TREASURE in told:
            raise LeakError(told.replace(TREASURE, "***"))
        told.encode()
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


def is_told(data: bytes) -> bool:
    """Tell whether an input itself gives away what is to be kept: the fuzzer learns such words."""
    return TREASURE.encode() in data


def main(test: Test, seeds: Seeds, words: t.Iterable[str]) -> None:
    """Fuzz in a process of its own: the fuzzer ends it when it is done, whatever is left to tidy up."""
    if CHILD in os.environ:
        _fuzz(test)
    with tempfile.TemporaryDirectory(prefix="slipway-fuzz-") as folder:
        begin = Path(folder, "seeds")
        begin.mkdir()
        for number, content in enumerate(seeds()):
            (begin / f"seed-{number:03}").write_bytes(content)
        dictionary = Path(folder, "words")
        dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in words), encoding="ascii")
        given = sys.argv[1:]
        is_replay = any(Path(argument).is_file() for argument in given)
        CRASHES.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, sys.argv[0], *OPTIONS, f"-artifact_prefix={CRASHES}/", f"-dict={dictionary}"]
        environment = {**os.environ, CHILD: "1", "PYTHONHASHSEED": "0"}
        sys.exit(subprocess.run([*command, *given, *([] if is_replay else [begin])], env=environment).returncode)


def _escaped(word: str) -> str:
    return "".join(
        letter if letter.isalnum() else "".join(f"\\x{byte:02x}" for byte in letter.encode()) for letter in word
    )


def _fuzz(test: Test) -> t.NoReturn:
    import atheris

    atheris.Setup(sys.argv, test)
    atheris.Fuzz()
    sys.exit(0)
