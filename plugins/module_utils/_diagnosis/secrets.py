# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A secret or parameter of the task definition could not be fetched."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Case, Diagnosis, Quote, first_of
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.policy import as_text, denial, statement

if t.TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = re.compile(
    r"unable to retrieve (?:secrets?|json key)|failed to fetch secret|unable to pull secrets|invalid ssm parameters"
    r"|Secrets Manager|Parameter Store|secret(?:s)? from (?:asm|ssm)|did not contain json key",
    re.IGNORECASE,
)
# The same words begin what ECS says about a login to the registry.
REGISTRY = re.compile(r"ecr registry auth|Amazon ECR|GetAuthorizationToken|api\.ecr\.", re.IGNORECASE)
JSON_KEY = re.compile(
    r"did not contain json key '?(?P<missing>[\w.-]+)|json key '(?P<quoted>[^']+)'"
    r"|invalid character .{1,20} looking for beginning of value|unexpected end of JSON",
    re.IGNORECASE,
)
DENIED = re.compile(r"AccessDenied|is not authorized to perform|Access to KMS is not allowed", re.IGNORECASE)
KMS = re.compile(r"Access to KMS is not allowed|kms:Decrypt")
NO_ROUTE = re.compile(
    r"context deadline exceeded|RequestCanceled|request canceled|i/o timeout|connection (?:issue|timed out|refused)"
    r"|check your task network configuration|no such host|RequestError: send request failed",
    re.IGNORECASE,
)
MISSING = re.compile(
    r"ResourceNotFoundException|can't find the specified secret|ParameterNotFound|invalid (?:ssm )?parameters"
    r"|unable to retrieve secret \S+ for environment variable|not found|marked for deletion|marked deleted",
    re.IGNORECASE,
)
ARN = re.compile(r"arn:aws[\w-]*:(?:secretsmanager|ssm):[\w*-]*:[\d*]*:(?:secret:|parameter/)[\w/+=.@*:-]+")
NAMED = re.compile(
    r"unable to retrieve secret (?P<secret>\S+) for environment"
    r"|invalid (?:ssm )?parameters:? \[?(?P<parameter>[^\s,\]]+)"
)


def secret_json_key_missing(case: Case) -> Iterator[Diagnosis]:
    found = _about_secrets(case, JSON_KEY)
    if found:
        quote, match = found
        key = match["missing"] or match["quoted"]
        reference, variable = _taken_by(case, key) or _reference(case, quote.text)
        told = f"has no JSON key {key}" if key else "is no JSON, although a key of it is asked for"
        yield case.diagnosis(
            "secret_json_key_missing",
            "certain",
            f"The secret {reference} {told}; the task takes {variable} from it.",
            f"Add the key to the secret, or correct valueFrom of {variable} in "
            f"{case.evidence.definition.arn or 'the task definition'} (it reads <arn of the secret>:<key>::).",
            quote,
            fatal=True,
        )


def secret_denied(case: Case) -> Iterator[Diagnosis]:
    found = _about_secrets(case, DENIED)
    if not found:
        return
    quote, _match = found
    reference, variable = _reference(case, quote.text)
    denied = denial(quote.text)
    encrypted = bool(KMS.search(quote.text))
    action = denied.action if denied else _reading_action(reference, encrypted)
    resource = denied.resource if denied and denied.resource else reference
    if encrypted and not (denied and denied.resource):
        resource = "<arn of the KMS key>"
    allowed = statement([action], resource)
    role = case.evidence.definition.execution_role
    where = f"the execution role {role}" if role else "an execution role (the task definition has none)"
    key = " and its key policy must allow that role" if encrypted else ""
    yield case.diagnosis(
        "secret_denied",
        "certain",
        f"The execution role may not read {reference}, from which the task takes {variable}"
        f"{', because the KMS key it is encrypted with is closed to it' if encrypted else ''}.",
        f"Allow it in {where}{key}: {as_text(allowed)}",
        quote,
        fatal=True,
        statement=allowed,
    )


def secret_no_route(case: Case) -> Iterator[Diagnosis]:
    found = _about_secrets(case, NO_ROUTE)
    if found:
        service = case.evidence.service
        reference, variable = _reference(case, found[0].text)
        endpoint = "ssm" if ":ssm:" in reference or reference.startswith("/") else "secretsmanager"
        yield case.diagnosis(
            "secret_no_route",
            "certain",
            f"The task found no way to the service that keeps {reference} (for {variable}).",
            f"Give the subnets {', '.join(service.subnets) or 'of the service'} a route to a NAT gateway, or a VPC "
            f"endpoint for {endpoint}, and let the security groups "
            f"{', '.join(service.security_groups) or 'of the service'} talk HTTPS to it.",
            found[0],
            fatal=True,
        )


def secret_missing(case: Case) -> Iterator[Diagnosis]:
    found = _about_secrets(case, MISSING)
    if found:
        reference, variable = _reference(case, found[0].text)
        yield case.diagnosis(
            "secret_missing",
            "certain",
            f"There is no {reference}, from which the task takes {variable}.",
            f"Create it, or correct valueFrom of {variable} in "
            f"{case.evidence.definition.arn or 'the task definition'}: region, account and the six characters "
            "that Secrets Manager adds to a name must fit too.",
            found[0],
            fatal=True,
        )


def _about_secrets(case: Case, pattern: re.Pattern[str]) -> tuple[Quote, re.Match[str]] | None:
    for quote in case.says:
        if not SECRET.search(quote.text) or REGISTRY.search(quote.text):
            continue
        match = pattern.search(quote.text)
        if match:
            return quote, match
    return None


def _known(case: Case) -> dict[str, str]:
    """Return the secrets the task takes, each with the variable that is taken from it."""
    return {
        reference: f"{variable} of container {container.name}"
        for container in case.evidence.definition.containers
        for variable, reference in container.secrets.items()
    }


def _taken_by(case: Case, key: str | None) -> tuple[str, str] | None:
    """Return the one secret of which a JSON key is asked for: what ECS says of a missing key does not name it."""
    wanted = [item for item in _known(case).items() if key and key in item[0].split(":")[7:]]
    return wanted[0] if len(wanted) == 1 else None


def _reference(case: Case, text: str) -> tuple[str, str]:
    """Return the secret a text is about, and the variable that is taken from it."""
    known = _known(case)
    named = NAMED.search(text)
    arn = ARN.search(text)
    said = (named["secret"] or named["parameter"]) if named else arn[0] if arn else ""
    said = said.rstrip(".:,")
    for reference, variable in known.items():
        if said and (reference.startswith(said) or said in reference or reference in said):
            return said, variable
    if not said and len(known) == 1:
        return next(iter(known.items()))
    return said or "one of the task's secrets", "a variable"


def _reading_action(reference: str, encrypted: bool) -> str:
    if encrypted:
        return "kms:Decrypt"
    return "secretsmanager:GetSecretValue" if ":secretsmanager:" in reference else "ssm:GetParameters"


secrets = first_of(secret_json_key_missing, secret_denied, secret_no_route, secret_missing)

__all__ = ("secrets",)
