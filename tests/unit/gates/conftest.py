"""The runner is a program, not a package: let the tests import its files as it does itself."""

from __future__ import annotations

import sys
from pathlib import Path

GATES = Path(__file__).resolve().parents[2] / "gates"
sys.path[:0] = [str(GATES), str(GATES / "steps")]
