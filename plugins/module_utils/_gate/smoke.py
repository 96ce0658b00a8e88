# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The smoke gate: ask a service from outside, through its public entry point."""

from __future__ import annotations

import dataclasses
import ssl
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.engine import run_gate
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_check import (
    HttpCheck,
    all_secrets,
    read_base,
    read_check,
    read_headers,
)
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_connection import ConnectTo
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_exchange import Client
from ansible_collections.slipway.aws.plugins.module_utils._gate.redaction import Redactor
from ansible_collections.slipway.aws.plugins.module_utils._gate.report import (
    GateResult,
    best_effort_warnings,
    check_values,
    evidence_line,
    failure_sentence,
    outcome_values,
)
from ansible_collections.slipway.aws.plugins.module_utils._gate.runner import ThreadRunner

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import Clock

RELEASE_CHECK = "release"


@dataclasses.dataclass(frozen=True)
class SmokeGate:
    """A smoke gate whose options have been read and make sense."""

    url: str
    checks: tuple[HttpCheck, ...]
    client: Client
    redactor: Redactor
    expects_release: bool

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> SmokeGate:
        """Read the options of M(slipway.aws.smoke_gate)."""
        base = read_base(options["url"])
        headers = read_headers(options.get("headers") or {}, "Option 'headers'")
        described = list(options.get("checks") or [])
        if options.get("expect_release"):
            described.insert(0, _release_check(options))
        if not described:
            raise SlipwayError(
                "The smoke gate has nothing to check, and a gate without checks never passes.",
                hint="Set checks, expect_release, or both.",
                details={"outcome": "inconclusive", "passed": False},
            )
        checks = tuple(read_check(given, position, base, headers) for position, given in enumerate(described, start=1))
        client = Client(ConnectTo(options.get("connect_to") or {}), _tls(options))
        redactor = Redactor(all_secrets(checks, headers))
        return cls(base, checks, client, redactor, bool(options.get("expect_release")))

    @property
    def secrets(self) -> frozenset[str]:
        return self.redactor.secrets

    def run(self, clock: Clock) -> GateResult:
        """Carry out the checks. Until the new release answers, the others would only test the old one."""
        first = (RELEASE_CHECK,) if self.expects_release else ()
        checks = [
            check.bind(self.client, self.redactor, first if position else ())
            for position, check in enumerate(self.checks)
        ]
        report = run_gate(checks, clock=clock, runner=ThreadRunner())
        values = {
            **outcome_values(report.outcome, report.duration),
            "checks": {check.name: check_values(check) for check in report.checks},
            "evidence": [evidence_line(check) for check in report.checks],
        }
        message = failure_sentence(f"The smoke gate against {self.redactor.url(self.url)}", report)
        return GateResult(values["passed"], message, best_effort_warnings(report), values)

    def skipped(self) -> dict[str, t.Any]:
        """Return the result of a gate that was read and not carried out."""
        checks = {
            check.name: {"outcome": "skipped", "required": check.required, "reason": "check mode", "attempts": []}
            for check in self.checks
        }
        evidence = [f"SKIPPED {check.name}: check mode sends no request" for check in self.checks]
        return {"outcome": "skipped", "passed": False, "duration": 0.0, "checks": checks, "evidence": evidence}


def _release_check(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "name": RELEASE_CHECK,
        "path": options["release_path"],
        "expect": {"json": {options["release_field"]: options["expect_release"]}},
        "consecutive_success": options["release_consecutive_success"],
        "attempts": options["release_attempts"],
        "interval": options["release_interval"],
    }


def _tls(options: Mapping[str, t.Any]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.get("ca_path") or None)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or "it holds no certificate"
        raise SlipwayError(f"The certificates in '{options['ca_path']}' could not be read: {reason}.") from error
    if not options.get("validate_certs", True):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


__all__ = ("SmokeGate",)
