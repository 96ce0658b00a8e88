"""Run a Molecule scenario to its end, and make sure that its verifier looked at something."""

from __future__ import annotations

import sys

from step import ROOT, fail, must, watch

VERIFIED = "Verifier completed successfully."
"""Without tests, Molecule says a word of warning and succeeds."""


def problems(code: int, output: str) -> list[str]:
    found = [f"molecule ended with code {code}"] if code else []
    if VERIFIED not in output:
        found.append("the verifier did not finish, or had no tests")
    return found


def main(name: str) -> None:
    # An interrupted run leaves the belief behind that everything has been created.
    must(["molecule", "reset", "--scenario-name", name], cwd=ROOT)
    code, output = watch(["molecule", "test", "--scenario-name", name], cwd=ROOT)
    if found := problems(code, output):
        fail("; ".join(found))


if __name__ == "__main__":
    main(sys.argv[1])
