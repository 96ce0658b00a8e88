# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read policy documents as JSON and print what parliament finds in them; runs in parliament's own virtualenv.

A finding of the result is one issue with one action of one statement.
"""

from __future__ import annotations

import fnmatch
import importlib
import json
import re
import sys
import typing as t
from pathlib import Path

# Not there where this file is type-checked.
parliament: t.Any = importlib.import_module("parliament")
COMMUNITY = Path(parliament.__file__).parent / "community_auditors" / "config_override.yaml"
CONDITION = re.compile(r"Unknown condition (?P<key>\S+) for action (?P<action>\S+)")
# It takes several permissions, which may stand in several statements.
OF_THE_WHOLE = "PRIVILEGE_ESCALATION"


def findings(document: dict[str, t.Any]) -> t.Iterator[dict[str, str]]:
    """Yield the findings on each statement by itself, for parliament does not say which one it means."""
    for statement in document["Statement"]:
        for found in _analyze({**document, "Statement": [statement]}):
            if found.issue != OF_THE_WHOLE:
                yield from _told(found, statement)
    for found in _analyze(document):
        if found.issue == OF_THE_WHOLE:
            yield from _told(found, {})


def _analyze(document: dict[str, t.Any]) -> t.Iterator[t.Any]:
    analyzed = parliament.analyze_policy_string(json.dumps(document), include_community_auditors=True)
    return (parliament.enhance_finding(found) for found in analyzed.findings)


def _told(found: t.Any, statement: dict[str, t.Any]) -> t.Iterator[dict[str, str]]:
    written = statement.get("Action", statement.get("NotAction", []))
    written = [written] if isinstance(written, str) else written
    for action, detail in sorted(set(_actions(found, written))):
        patterns = [each for each in written if fnmatch.fnmatchcase(action.lower(), each.lower())]
        yield {
            "issue": str(found.issue),
            "severity": str(found.severity),
            "sid": str(statement.get("Sid", "")),
            "action": action,
            # What the statement itself says, which may be a pattern.
            "written": patterns[0] if patterns else action,
            "detail": detail,
        }


def _actions(found: t.Any, written: list[str]) -> t.Iterator[tuple[str, str]]:
    """Yield each action a finding is about, and what is said of it."""
    detail, where = found.detail, found.location if isinstance(found.location, dict) else {}
    if isinstance(detail, list):
        for each in detail:
            if isinstance(each, dict):
                yield str(each.get("action")), str(each.get("required_format"))
            else:
                yield str(each), ""
    elif isinstance(detail, str) and (named := CONDITION.search(detail)):
        yield named["action"], named["key"]
    elif isinstance(where.get("actions"), list):
        yield from ((str(each), str(detail or "")) for each in where["actions"])
    else:
        yield from ((each, str(detail or "")) for each in written or ["*"])


def main() -> None:
    # Without it, parliament finds what its community auditors look for, and does not know what to call it.
    parliament.override_config(str(COMMUNITY))
    told = []
    for row in json.load(sys.stdin):
        subject = {key: row[key] for key in ("stack", "name", "kind")}
        told += [{**subject, **finding} for finding in findings(row["document"])]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
