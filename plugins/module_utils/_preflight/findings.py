# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a look before the first write found, and the refusal to go on."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

Severity = t.Literal["error", "warn"]
# More names than this tell nobody more, where it is the checks that matter.
MOST_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one service. ``severity`` is set where it can only be milder than its check's."""

    message: str
    hint: str
    severity: Severity | None = None


@dataclasses.dataclass(frozen=True)
class Finding:
    """A problem, with the check that found it and the service it is about.

    Or a check that could not be made, ``unchecked``; then ``lacks`` is the IAM action that was denied, if one was.
    """

    check: str
    severity: Severity
    service: str
    message: str
    hint: str
    unchecked: bool = False
    lacks: str = ""

    def as_result(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Findings:
    """All findings, errors first; within each, by service and check."""

    found: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, found: t.Iterable[Finding]) -> Findings:
        return cls(tuple(sorted(set(found), key=_rank)))

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(item for item in self.found if item.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(item for item in self.found if item.severity == "warn")

    def as_result(self) -> list[dict[str, t.Any]]:
        return [item.as_result() for item in self.found]

    def warning_lines(self) -> list[str]:
        """Return the warnings as people read them."""
        return lines(self.warnings)


def _rank(item: Finding) -> tuple[str, ...]:
    return (item.severity, item.service, item.check, item.message, item.hint)


def lines(findings: t.Iterable[Finding]) -> list[str]:
    """Return one line for each problem. What several services share is told once, with all their names."""
    told = list(findings)
    shared: dict[tuple[str, str, str], list[str]] = {}
    for item in told:
        if not item.unchecked:
            shared.setdefault((item.check, item.message, item.hint), []).append(item.service)
    found = [f"{', '.join(names)}: {message} {hint} [{check}]" for (check, message, hint), names in shared.items()]
    return found + _unchecked([item for item in told if item.unchecked])


def _unchecked(findings: t.Sequence[Finding]) -> list[str]:
    """Return one line for all that needs more permissions, and one for each other reason."""
    denied = [item for item in findings if item.lacks]
    lacking = ", ".join(sorted({item.lacks for item in denied}))
    others: dict[str, list[Finding]] = {}
    for item in findings:
        if not item.lacks:
            others.setdefault(item.message, []).append(item)
    found = [f"{_about(same)}: {reason} If you know better, set that to off." for reason, same in others.items()]
    if denied:
        advice = "Allow that to whoever releases, or set these checks to off"
        found.append(f"{_about(denied)}: This could not be checked for want of {lacking}. {advice}.")
    return found


def _about(findings: t.Sequence[Finding]) -> str:
    services = sorted({item.service for item in findings})
    where = ", ".join(services) if len(services) <= MOST_NAMED else f"{len(services)} services"
    return f"{where} ({', '.join(sorted({item.check for item in findings}))})"


def refuse(findings: Findings) -> None:
    """Raise once, with every error there is; return where there is none."""
    errors = findings.errors
    if not errors:
        return
    told = lines(errors)
    problems = "one problem" if len(told) == 1 else f"{len(told)} problems"
    services = len({item.service for item in errors})
    where = errors[0].service if services == 1 else f"{services} services"
    raise SlipwayError(
        f"Nothing was shipped: {problems} found in {where} before the first write.\n"
        + "\n".join(f"- {line}" for line in told),
        details={"changed": False, "preflight": findings.as_result()},
    )


__all__ = ("Finding", "Findings", "Problem", "Severity", "lines", "refuse")
