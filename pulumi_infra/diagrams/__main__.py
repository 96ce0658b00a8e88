"""The command line: python -m diagrams [--check] [SYSTEM ...]."""

from __future__ import annotations

import argparse
import sys
import typing as t
from pathlib import Path

from diagrams.errors import DiagramError
from diagrams.files import check, write

PROGRAM = Path(__file__).resolve().parents[1]
OUTPUT = PROGRAM.parent / "docs" / "systems" / "diagrams"


def main(arguments: t.Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    output = Path(options.output)
    try:
        if options.check:
            stale = check(PROGRAM, output, options.systems)
            for line in stale:
                print(line, file=sys.stderr)  # noqa: T201
            return 1 if stale else 0
        for path in write(PROGRAM, output, options.systems):
            print(path.name)  # noqa: T201
    except DiagramError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="diagrams", description="Draw the systems from their resource graphs.")
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help="only these; all of them if none is named")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a picture is not what it would be")
    parser.add_argument("--output", default=str(OUTPUT), help="the folder of the pictures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
