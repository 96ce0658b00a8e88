# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every policy of every stack through parliament: ``lint_policies.py --parliament <its python>``.

Parliament needs a setuptools that nothing else should have to keep, so it lives in a virtualenv of its own.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import fnmatch
import json
import subprocess
import sys
import tomllib
import typing as t
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXCEPTIONS = HERE / "lint_exceptions.toml"
KEYS = ("issue", "kind", "policy", "sid", "written", "detail")

Finding = t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Exemption:
    """A finding we keep, and why."""

    reason: str
    patterns: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, entry: t.Mapping[str, str]) -> Exemption:
        unknown = set(entry) - {*KEYS, "reason"}
        if unknown or not entry.get("reason") or not entry.get("issue"):
            raise ValueError(f"An exception needs issue and reason, and has no {sorted(unknown)}: {dict(entry)}")
        return cls(entry["reason"], tuple((key, entry[key]) for key in KEYS if key in entry))

    def covers(self, finding: Finding) -> bool:
        return all(fnmatch.fnmatchcase(finding[key], pattern) for key, pattern in self.patterns)

    def __str__(self) -> str:
        return ", ".join(f"{key} {pattern}" for key, pattern in self.patterns)


def read_exemptions(text: str) -> list[Exemption]:
    return [Exemption.of(entry) for entry in tomllib.loads(text)["exception"]]


def problems(findings: t.Sequence[Finding], exemptions: t.Sequence[Exemption]) -> list[str]:
    """Return what is wrong: findings that nobody explains, and explanations of nothing."""
    found: collections.Counter[str] = collections.Counter()
    used: set[Exemption] = set()
    for finding in findings:
        covering = [exemption for exemption in exemptions if exemption.covers(finding)]
        used.update(covering[:1])
        if not covering:
            found[", ".join(f"{key} {finding[key]}" for key in KEYS if finding[key])] += 1
    return [
        *(f"{what} (in {count} policies)" for what, count in sorted(found.items())),
        *(f"matches nothing any more: {exemption}" for exemption in exemptions if exemption not in used),
    ]


def record() -> str:
    """Return all documents as JSON."""
    return _output([sys.executable, str(HERE / "recorded_policies.py")], "")


def lint(parliament: str, documents: str) -> list[Finding]:
    told = json.loads(_output([parliament, str(HERE / "parliament_findings.py")], documents))
    return [{**finding, "policy": finding["name"]} for finding in told]


def _output(command: list[str], given: str) -> str:
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parliament", required=True, help="the Python of parliament's virtualenv")
    parliament = str(options.parse_args().parliament)
    documents = record()
    findings = lint(parliament, documents)
    exemptions = read_exemptions(EXCEPTIONS.read_text(encoding="utf-8"))
    wrong = problems(findings, exemptions)
    for problem in wrong:
        print(problem)
    counted = len(json.loads(documents))
    print(f"{counted} policies, {len(findings)} findings, {len(exemptions)} exceptions, {len(wrong)} problems.")
    return 1 if wrong or not counted else 0


if __name__ == "__main__":
    sys.exit(main())
