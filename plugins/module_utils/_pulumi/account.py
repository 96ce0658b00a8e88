# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What C(pulumi login) left behind: the current backend, and tokens for services.

A token goes only where it belongs: one from the file to the service it was stored for, C(PULUMI_ACCESS_TOKEN) to
Pulumi Cloud and to services somebody named as their backend. A state file may name any service it likes.
"""

from __future__ import annotations

import pathlib
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import load_json
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendError,
    CheckpointError,
)

PULUMI_CLOUD = "https://api.pulumi.com"
TOKEN = "PULUMI_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
CREDENTIALS = "credentials.json"
SETTINGS = "config.json"
# The mark of a file the CLI encrypted with a key of the operating system, which only the CLI can ask for.
ENVELOPE = "$pulumiSecureStore"
# Anything else would end a line of the request and begin another.
PRINTABLE = re.compile(r"[!-~]+")


def naming(url: str, environment: t.Mapping[str, str]) -> dict[str, str]:
    """Return the environment of somebody who named this service as their backend: it may have PULUMI_ACCESS_TOKEN."""
    return {**environment, "PULUMI_BACKEND_URL": url}


def current_backend(environment: t.Mapping[str, str]) -> str | None:
    """Return the URL of the backend the Pulumi CLI is logged in to, or would log in to by itself."""
    current = _file(CREDENTIALS, environment).get("current")
    if isinstance(current, str) and current:
        return current
    return (environment.get("PULUMI_API") or PULUMI_CLOUD) if environment.get(TOKEN) else None


def access_token(url: str, environment: t.Mapping[str, str]) -> str | None:
    """Return the token that belongs to a service, V(None) if there is none."""
    if environment.get(TOKEN) and _key(url) in _trusted(environment):
        return _checked(environment[TOKEN], TOKEN)
    credentials = _file(CREDENTIALS, environment)
    token = _below(credentials, "accounts", url).get("accessToken")
    token = token or _object(credentials.get("accessTokens")).get(_key(url))
    return _checked(token, "What pulumi login stored") if isinstance(token, str) and token else None


def is_insecure(url: str, environment: t.Mapping[str, str]) -> bool:
    """Tell whether somebody logged in to a service with C(--insecure): its certificate is not to be checked."""
    try:
        return _below(_file(CREDENTIALS, environment), "accounts", url).get("insecure") is True
    except BackendError:
        return False  # nobody can tell, so it is checked


def default_organization(url: str, environment: t.Mapping[str, str]) -> str | None:
    """Return the organization somebody chose with C(pulumi org set-default), V(None) if nobody did."""
    chosen = environment.get("PULUMI_DEFAULT_ORG") or _below(_file(SETTINGS, environment), "backends", url).get(
        "defaultOrg"
    )
    return chosen if isinstance(chosen, str) and chosen else None


def _trusted(environment: t.Mapping[str, str]) -> set[str]:
    variables = (environment.get(name, "").strip() for name in ("PULUMI_BACKEND_URL", "PULUMI_API"))
    return {PULUMI_CLOUD, *(_key(url.removeprefix("cli+")) for url in variables if url)}


def _key(url: str) -> str:
    """Spell a service's URL as the CLI does where it keeps things by it."""
    return url.rstrip("/")


def _checked(token: str, source: str) -> str:
    token = token.strip()
    if not PRINTABLE.fullmatch(token):
        raise BackendDeniedError(
            f"{source} is not an access token: it is blank, or has characters no token has.",
            hint=f"Correct {TOKEN}, or run pulumi login.",
        )
    return token


def _below(content: dict[str, t.Any], section: str, url: str) -> dict[str, t.Any]:
    return _object(_object(content.get(section)).get(_key(url)))


def _object(value: t.Any) -> dict[str, t.Any]:
    return value if isinstance(value, dict) else {}


def _file(name: str, environment: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Read one of the CLI's own files; one that is not there, or empty, says nothing."""
    path = _folder(environment) / name
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BackendError(f"{path} cannot be read: {error.strerror}.", hint=_way_around()) from None
    except ValueError:
        raise BackendError(f"{path} is not a text file.", hint=_way_around()) from None
    if not text:  # the CLI was stopped while writing it, and says nothing of it either
        return {}
    try:
        content = load_json(text, str(path))
    except CheckpointError as error:
        raise BackendError(error.message, hint=_way_around()) from None
    if not isinstance(content, dict):
        raise BackendError(f"{path} is damaged: it is not an object.", hint=_way_around())
    if ENVELOPE in content:
        raise BackendError(
            f"{path} is encrypted, with a key only the Pulumi CLI can ask the operating system for.",
            hint=f"Set {TOKEN}, and name the backend.",
        )
    return content


def _way_around() -> str:
    return f"Run pulumi login again, or name the backend and set {TOKEN}."


def _folder(environment: t.Mapping[str, str]) -> pathlib.Path:
    for name in ("PULUMI_CREDENTIALS_PATH", "PULUMI_HOME"):
        if environment.get(name):
            return pathlib.Path(environment[name])
    home = environment.get("HOME")
    return (pathlib.Path(home) if home else pathlib.Path.home()) / ".pulumi"


__all__ = (
    "PULUMI_CLOUD",
    "TOKEN",
    "access_token",
    "current_backend",
    "default_organization",
    "is_insecure",
    "naming",
)
