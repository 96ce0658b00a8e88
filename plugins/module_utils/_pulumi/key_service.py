# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Pulumi's C(awskms://) secrets provider: AWS KMS opens the stack's key, and the key opens the secrets."""

from __future__ import annotations

import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients, aws_call
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import SecretsError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.sealed import Decrypt, decode, opener

try:
    import boto3

    BOTO3 = boto3.__name__
except ImportError:
    BOTO3 = ""

CONTEXT = "context_"
# Parameters of the URL that steer the connection, and one that only chose between two libraries of Pulumi's.
STEERING = frozenset({"dualstack", "endpoint", "fips", "profile", "region"})
IGNORED = frozenset({"awssdk"})
ATTEMPTS = 4


def key_service_decrypter(state: t.Mapping[str, t.Any], environment: t.Mapping[str, str]) -> Decrypt:
    """Return the function that decrypts one ciphertext; asks KMS once."""
    url, sealed_key = state.get("url"), state.get("encryptedkey")
    if not isinstance(url, str) or not isinstance(sealed_key, str):
        raise SecretsError("The stack's secrets provider is damaged: it names no key.")
    address = urllib.parse.urlsplit(url)
    if not BOTO3:
        raise SecretsError("Decrypting secrets by AWS KMS needs the Python library boto3, which is not installed.")
    options = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))
    unknown = sorted(name for name in options if name not in STEERING | IGNORED and not name.startswith(CONTEXT))
    if unknown:
        raise SecretsError(
            f"The stack's secrets provider has the parameter {', '.join(unknown)}, which is not supported here.",
            hint="Put it into an AWS profile, and name that with profile=; or let the Pulumi CLI read the stack.",
        )
    context = {name.removeprefix(CONTEXT): value for name, value in options.items() if name.startswith(CONTEXT)}
    try:
        key = decrypt_key(Clients(_connection(options, environment))("kms"), decode(sealed_key), context)
    except SecretsError:
        raise
    except AwsError as error:
        raise SecretsError(
            error.message,
            hint=f"Opening {_named(address)} needs the permission kms:Decrypt and credentials of its account.",
            details=error.details,
        ) from error
    except SlipwayError as error:
        raise SecretsError(error.message, hint=error.hint) from error
    return opener(key, "AWS KMS")


def _named(address: urllib.parse.SplitResult) -> str:
    return f"the key {(address.netloc + address.path).lstrip('/')}"


def _connection(options: t.Mapping[str, str], environment: t.Mapping[str, str]) -> dict[str, t.Any]:
    config: dict[str, t.Any] = {"retries": {"mode": "standard", "total_max_attempts": ATTEMPTS}}
    for name, setting in (("dualstack", "use_dualstack_endpoint"), ("fips", "use_fips_endpoint")):
        if options.get(name, "false").lower() in {"1", "t", "true"}:
            config[setting] = True
    return {
        "region": options.get("region") or environment.get("AWS_REGION") or None,
        "profile": options.get("profile") or None,
        "endpoint_url": options.get("endpoint") or None,
        "aws_config": config,
    }


@aws_call("decrypt the stack's key with AWS KMS")
def decrypt_key(kms: t.Any, sealed_key: bytes, context: t.Mapping[str, str]) -> bytes:
    # The sealed key names the KMS key it belongs to.
    extra = {"EncryptionContext": dict(context)} if context else {}
    return bytes(kms.decrypt(CiphertextBlob=sealed_key, **extra)["Plaintext"])


__all__ = ("key_service_decrypter",)
