# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pipeline is refused, each call twice: denied to the role by its policies, and open to the account."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request

import botocore.exceptions
import pytest
from forbidden import FORBIDDEN, NEIGHBOUR, Forbidden, Targets
from world import Credentials, Stack

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
row = pytest.mark.parametrize("forbidden", FORBIDDEN, ids=lambda forbidden: forbidden.id)


def answer(stack: Stack, who: Credentials, forbidden: Forbidden, targets: Targets) -> tuple[str, str]:
    """Return the code and the words of the error, or nothing where the call went through."""
    client = stack.world.client(forbidden.service, who)
    try:
        forbidden.call(client, targets)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    return "", ""


def test_there_are_enough_of_them() -> None:
    assert len(FORBIDDEN) >= 30
    assert len({forbidden.id for forbidden in FORBIDDEN}) == len(FORBIDDEN)


@row
def test_the_pipeline_is_denied(stack: Stack, who: Credentials, targets: Targets, forbidden: Forbidden) -> None:
    code, words = answer(stack, who, forbidden, targets)
    assert code in DENIED, f"{forbidden.service}.{forbidden.method} was answered {code or 'with success'}: {words}"
    assert f"is not authorized to perform: {forbidden.action}" in words


@pytest.mark.last
@row
def test_the_account_is_not_denied(stack: Stack, targets: Targets, forbidden: Forbidden) -> None:
    """It may fail for another reason, such as what it asks for being gone by now. Then it was not the policy."""
    code, words = answer(stack, stack.world.root, forbidden, targets)
    assert code not in DENIED, words


@pytest.mark.parametrize("method", ["HEAD", "GET", "POST", "PUT"])
def test_the_registry_opens_the_stacks_own_repositories_only(
    stack: Stack, who: Credentials, targets: Targets, method: str
) -> None:
    """With the token of the pipeline, as an engine would use it."""
    token = stack.world.client("ecr", who).get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert base64.b64decode(token).startswith(b"AWS:")
    paths = {"HEAD": "blobs/sha256:0", "GET": "manifests/latest", "POST": "blobs/uploads/", "PUT": "manifests/latest"}
    codes = {
        repository: ask(f"{stack.world.endpoints['endpoint_url']}/v2/{repository}/{paths[method]}", method, token)
        for repository in (NEIGHBOUR, targets.repository)
    }
    assert codes[NEIGHBOUR] == 403
    assert codes[targets.repository] != 403


def ask(url: str, method: str, token: str) -> int:
    request = urllib.request.Request(url, method=method, headers={"Authorization": f"Basic {token}"})
    request.data = b"" if method in ("POST", "PUT") else None
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
