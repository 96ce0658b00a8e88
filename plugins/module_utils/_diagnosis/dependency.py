# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Something the program needs, and does not get: a name, an answer, a login."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import (
    Case,
    Confidence,
    Diagnosis,
    Quote,
    first_of,
    log_quote,
)
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Container, Task
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.own_words import own_error

if t.TYPE_CHECKING:
    from collections.abc import Iterator

DNS = re.compile(
    r"Name or service not known|Temporary failure in name resolution|could not translate host name|ENOTFOUND|EAI_AGAIN"
    r"|no such host|UnknownHostException|host not found in upstream|Name does not resolve|nodename nor servname"
    r"|getaddrinfo failed|Could not resolve host|NXDOMAIN|No address associated with hostname"
    r"|Could not connect to the endpoint URL",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"Connection refused|ECONNREFUSED|actively refused|\[Errno 111\]|Error 111 connecting", re.IGNORECASE
)
TIMEOUT = re.compile(
    r"Connection timed out|connect timed out|ETIMEDOUT|ConnectTimeout|dial tcp .*i/o timeout|timeout expired"
    r"|Connect timeout on endpoint|connection attempt timed out|\[Errno 110\]|No route to host|EHOSTUNREACH"
    r"|context deadline exceeded",
    re.IGNORECASE,
)
LOGIN = re.compile(
    r"password authentication failed|Access denied for user|no pg_hba\.conf entry|WRONGPASS|NOAUTH"
    r"|Authentication failed|ORA-01017|Login failed for user|invalid username-password pair"
    r"|database \"[^\"]*\" does not exist|role \"[^\"]*\" does not exist|Unknown database",
    re.IGNORECASE,
)
HOST = re.compile(
    r"host name \"(?P<quoted>[^\"]+)\"|(?:ENOTFOUND|EAI_AGAIN) (?P<node>[\w.-]+)|in upstream \"(?P<upstream>[^\"]+)\""
    r"|lookup (?P<go>[\w.-]+)|UnknownHostException: (?P<java>[\w.-]+)|resolve host:? (?P<curl>[\w.-]+)"
    r"|host='(?P<urllib>[^']+)'|at \"(?P<server>[\w.-]+)\""
    r"|(?P<address>(?:[\w-]+\.)+[\w-]+:\d{2,5})|connecting to (?P<redis>[\w.:-]+)"
    r"|endpoint URL: \"(?P<endpoint>[^\"]+)\""
)


def dependency_dns(case: Case) -> Iterator[Diagnosis]:
    for quote, confidence in heard(case, DNS):
        host = _host(quote.text)
        yield case.diagnosis(
            "dependency_dns",
            confidence,
            f"The program looks for {host}, a name that nothing resolves.",
            "Compare the name in the task's environment with what exists. A Cloud Map or Service Connect name only "
            "resolves in its own VPC and while a healthy task stands behind it: ship that service first (after:).",
            quote,
        )
        return


def dependency_refused(case: Case) -> Iterator[Diagnosis]:
    for quote, confidence in heard(case, REFUSED):
        host = _host(quote.text)
        own = " Inside a task localhost is the task itself." if re.search(r"localhost|127\.0\.0\.1", quote.text) else ""
        yield case.diagnosis(
            "dependency_refused",
            confidence,
            f"{host} refused the program's connection: the address is reached, but nothing listens there.",
            f"See that the service behind it runs and on which port, and ship it first (after:).{own}",
            quote,
        )
        return


def dependency_timeout(case: Case) -> Iterator[Diagnosis]:
    for quote, confidence in heard(case, TIMEOUT):
        groups = ", ".join(case.evidence.service.security_groups) or "the task's security groups"
        yield case.diagnosis(
            "dependency_timeout",
            confidence,
            f"The program got no answer from {_host(quote.text)} in time.",
            f"Let {groups} into the security group of what it calls, on its port, and see that the subnets "
            f"{', '.join(case.evidence.service.subnets) or 'of the service'} have a way there.",
            quote,
        )
        return


def database_auth(case: Case) -> Iterator[Diagnosis]:
    for quote, confidence in heard(case, LOGIN):
        secrets = sorted(
            {
                f"{variable} from {reference}"
                for container in case.evidence.definition.containers
                for variable, reference in container.secrets.items()
            }
        )
        known = f" The task takes {'; '.join(secrets[:3])}." if secrets else ""
        yield case.diagnosis(
            "database_auth",
            confidence,
            "The database is reached, and turns the program's login away.",
            f"Compare user, password and database name with what the database knows.{known} A rotated secret only "
            "reaches new tasks: redeploy with force_new_deployment once it is right.",
            quote,
            fatal=confidence == "certain",
        )
        return


def heard(case: Case, pattern: re.Pattern[str]) -> Iterator[tuple[Quote, Confidence]]:
    """Yield what the failing containers logged that fits, with how surely it is why they failed."""
    task = case.task
    if task is None:
        return
    for container in case.culprits:
        yield from _in_log(task, container, pattern)


def _in_log(task: Task, container: Container, pattern: re.Pattern[str]) -> Iterator[tuple[Quote, Confidence]]:
    lines = [line.text for line in container.log]
    fitting = [line for line in lines if pattern.search(line)]
    if not fitting:
        return
    error = own_error(lines) if container.failed else None
    if error and pattern.search(error):
        yield log_quote(task, container, error), "certain"
        return
    # Close to the end it is likely why; a line further up may be a first attempt that a second one mended.
    near = any(pattern.search(line) for line in lines[-8:])
    yield log_quote(task, container, fitting[-1]), "likely" if container.failed and near else "possible"


def _host(text: str) -> str:
    match = HOST.search(text)
    found = next((value for value in match.groups() if value), None) if match else None
    return found or "what it depends on"


dependency = first_of(database_auth, dependency_dns, dependency_refused, dependency_timeout)

__all__ = ("dependency", "heard")
