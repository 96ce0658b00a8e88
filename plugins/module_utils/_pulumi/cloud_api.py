# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The REST API of Pulumi Cloud, and of services people run themselves: one function per call."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import functools
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.account import (
    TOKEN,
    access_token,
    is_insecure,
    naming,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Update
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cloud_client import Client, Patience, Query
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import Document
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendError,
    CheckpointError,
    SecretsError,
    StackNotFoundError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.history import update_of
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, is_name

# A page holds a hundred stacks or so; a service that never stops giving pages is not read for ever.
MAXIMUM_PAGES = 1000
WHERE = "the answer"


@dataclasses.dataclass(frozen=True)
class Operation:
    """What is being done to a stack at this moment."""

    kind: str
    author: str
    started: int


@dataclasses.dataclass(frozen=True)
class StackRecord:
    """What a service says of one stack. C(update) names its last or current update, and is empty before the first."""

    version: int
    update: str
    operation: Operation | None


def open_service(
    url: str, environment: t.Mapping[str, str], *, named: bool, patience: Patience | None = None
) -> Client:
    """Return a client for a service, with the token that belongs to it.

    C(named) says that somebody chose this service as their backend, so that PULUMI_ACCESS_TOKEN is meant for it.
    """
    token = access_token(url, naming(url, environment) if named else environment)
    if token is None:
        withheld = environment.get(TOKEN) and not named
        raise BackendDeniedError(
            f"There is no access token for {url}"
            + (f": {TOKEN} is for the service named as the backend, and nobody named this one." if withheld else "."),
            hint=f"Run pulumi login {url}, or name it in PULUMI_BACKEND_URL and set {TOKEN}.",
        )
    return Client(url, token, insecure=is_insecure(url, environment), patience=patience or Patience())


P = t.ParamSpec("P")
T = t.TypeVar("T")
Call = t.Callable[t.Concatenate[Client, P], T]


def api_call(call: Call[P, T]) -> Call[P, T]:
    """Tell an answer of the wrong shape as what it is: somebody else's."""

    @functools.wraps(call)
    def told(client: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(client, *args, **kwargs)
        except CheckpointError as error:
            raise client.misunderstood(error.message.rpartition(": ")[2].rstrip(".")) from None

    return told


@api_call
def get_user(client: Client) -> str:
    """Return the name of the user the token belongs to, which is also an organization's."""
    return _name(_object(client, "/api/user"), "githubLogin", client)


@api_call
def get_default_organization(client: Client) -> str | None:
    """Return the organization the service takes where none is named, V(None) if it has no opinion."""
    try:
        answer = _object(client, "/api/user/organizations/default")
    except StackNotFoundError:  # services of an older make
        return None
    with_opinion = answer.take("GitHubLogin", str, "") or answer.take("githubLogin", str, "")
    return with_opinion or None


@api_call
def list_stacks(
    client: Client, *, organization: str | None = None, project: str | None = None
) -> dict[StackReference, int]:
    """Return the stacks the user may see, each with the time of its last update, 0 if there is none to tell."""
    found: dict[StackReference, int] = {}
    question = {"organization": organization, "project": project}
    follow: str | None = None
    for dummy in range(MAXIMUM_PAGES):
        page = _object(client, "/api/user/stacks", {**question, "continuationToken": follow})
        for item in page.children("stacks"):
            reference = StackReference(
                organization=_name(item, "orgName", client),
                project=_name(item, "projectName", client),
                stack=_name(item, "stackName", client),
            )
            found[reference] = item.take("lastUpdate", int, 0)
        follow = page.take("continuationToken", str, "") or None
        if follow is None:
            return found
    raise BackendError(f"{client.url} lists its stacks without end: {MAXIMUM_PAGES} pages, and more to come.")


@api_call
def get_stack(client: Client, reference: StackReference) -> StackRecord:
    answer = _object(client, _path(reference))
    running = answer.child("currentOperation")
    return StackRecord(
        version=answer.take("version", int, 0),
        update=answer.take("activeUpdate", str, ""),
        operation=Operation(
            kind=running.take("kind", str, ""),
            author=running.take("author", str, ""),
            started=running.take("started", int, 0),
        )
        if running
        else None,
    )


@api_call
def get_last_update(client: Client, reference: StackReference) -> Update | None:
    """Return the newest entry of a stack's history, V(None) if it has none."""
    answer = client.get(_path(reference, "updates"), {"pageSize": "1", "page": "1"})
    updates: list[t.Any] = Document(answer, WHERE).take("updates", list, [])
    return update_of(updates[0], WHERE) if updates else None


def export_stack(client: Client, reference: StackReference) -> t.Iterator[bytes]:
    """Return a stack's state in pieces, compressed if the service likes to."""
    return client.stream(_path(reference, "export"))


@api_call
def decrypt_value(client: Client, reference: StackReference, ciphertext: str) -> str:
    answer = _object(client, _path(reference, "decrypt"), body={"ciphertext": ciphertext})
    return _plaintext(answer.take("plaintext", str, ""), client)


@api_call
def decrypt_values(client: Client, reference: StackReference, ciphertexts: t.Sequence[str]) -> dict[str, str]:
    """Decrypt several values in one call; the answer is keyed by ciphertext."""
    answer = _object(client, _path(reference, "batch-decrypt"), body={"ciphertexts": list(ciphertexts)})
    plaintexts = answer.child("plaintexts")
    keys = plaintexts.keys() if plaintexts else []
    return {key: _plaintext(plaintexts.take(key, str, ""), client) for key in keys} if plaintexts else {}


def _path(reference: StackReference, *more: str) -> str:
    parts = (reference.organization, reference.project, reference.stack, *more)
    return "/api/stacks/" + "/".join(urllib.parse.quote(part, safe="") for part in parts)


def _object(client: Client, path: str, query: Query | None = None, *, body: t.Any = None) -> Document:
    return Document(client.get(path, query or {}) if body is None else client.post(path, body), WHERE)


def _name(answer: Document, key: str, client: Client) -> str:
    name = answer.take(key, str, "")
    if not is_name(name):
        raise client.misunderstood(f"its {key} is not a name")
    return name


def _plaintext(encoded: str, client: Client) -> str:
    if not encoded:  # what was encrypted is JSON, which is never empty
        raise client.misunderstood("a plaintext is missing")
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise SecretsError(f"What {client.url} decrypted is not base64 of a text.") from None


__all__ = (
    "Operation",
    "StackRecord",
    "decrypt_value",
    "decrypt_values",
    "export_stack",
    "get_default_organization",
    "get_last_update",
    "get_stack",
    "get_user",
    "list_stacks",
    "open_service",
)
