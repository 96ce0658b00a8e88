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


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one service. ``severity`` is set where it can only be milder than its check's."""

    message: str
    hint: str
    severity: Severity | None = None


@dataclasses.dataclass(frozen=True)
class Finding:
    """A problem, with the check that found it and the service it is about."""

    check: str
    severity: Severity
    service: str
    message: str
    hint: str


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

    def as_result(self) -> list[dict[str, str]]:
        return [dataclasses.asdict(item) for item in self.found]

    def warning_lines(self) -> list[str]:
        """Return the warnings as people read them."""
        return lines(self.warnings)


def _rank(item: Finding) -> tuple[str, ...]:
    return (item.severity, item.service, item.check, item.message, item.hint)


def lines(findings: t.Iterable[Finding]) -> list[str]:
    """Return one line for each problem. What several services share is told once, with all their names."""
    shared: dict[tuple[str, str, str], list[str]] = {}
    for item in findings:
        shared.setdefault((item.check, item.message, item.hint), []).append(item.service)
    return [f"{', '.join(services)}: {message} {hint} [{check}]" for (check, message, hint), services in shared.items()]


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
