"""Hold every policy that the infrastructure writes against a linter, which lives in a virtualenv of its own."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from step import ROOT, must, run

LOCK = ROOT / "requirements" / "parliament.txt"
FOLDER = ROOT / ".slipway" / "parliament"


def linter() -> Path:
    """Make the virtualenv, unless it is there and as the lock wants it."""
    python = FOLDER / "bin" / "python"
    stamp = FOLDER / ".locked"
    wanted = f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {sys.version} {FOLDER}"
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        shutil.rmtree(FOLDER, ignore_errors=True)
        uv = Path(sys.executable).with_name("uv")
        must([uv, "venv", "--quiet", "--python", sys.executable, FOLDER])
        must([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", LOCK])
        stamp.write_text(wanted, encoding="utf-8")
    return python


if __name__ == "__main__":
    sys.exit(run([sys.executable, ROOT / "tests" / "least_privilege" / "lint_policies.py", "--parliament", linter()]))
