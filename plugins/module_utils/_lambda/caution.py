# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Warn of secrets in a function's environment, where everybody who may look at the function can read them."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret

# Where a secret is, and not what it is: the name of a parameter, or an ARN.
PARAMETER = re.compile(r"(/[A-Za-z0-9_.-]+)+")
ARN = re.compile(r"arn:aws[a-z-]*:(?:ssm|secretsmanager|kms|s3|iam|rds|sqs|sns|dynamodb):\S+")
SWITCHES = frozenset({"", "true", "false", "yes", "no", "on", "off", "0", "1", "none"})
NOTHING_KNOWN = Masker()


def check_parameters(name: str, parameters: t.Mapping[str, t.Any]) -> None:
    """Refuse what is not the name of an SSM parameter; it may be the secret itself, so it is not repeated."""
    for variable, value in parameters.items():
        if not isinstance(value, str) or not (PARAMETER.fullmatch(value) or ARN.fullmatch(value)):
            raise SlipwayError(
                f"functions.{name}.parameters.{variable} is not the name of an SSM parameter.",
                hint="Write it as /<system>/<environment>/<name>; the function reads the value when it runs.",
            )


def warnings(name: str, environment: t.Mapping[str, str]) -> list[str]:
    """Return a warning for each variable that is called like a secret, or whose value is spelled like one."""
    return [
        f"Function {name}: the environment variable {variable} {why}, and can be read by everybody who may look at the "
        "function. Keep the value in an SSM parameter or a secret, and only its name here (parameters)."
        for variable, value in sorted(environment.items())
        if (why := _why(variable, str(value)))
    ]


def _why(variable: str, value: str) -> str | None:
    if PARAMETER.fullmatch(value) or ARN.fullmatch(value) or value.lower() in SWITCHES:
        return None
    if looks_secret(variable):
        return "is called like a secret"
    return "has a value that looks like a secret" if NOTHING_KNOWN.text(value) != value else None


__all__ = ("check_parameters", "warnings")
