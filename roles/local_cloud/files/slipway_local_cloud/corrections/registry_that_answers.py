# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where ECR says images are."""

from __future__ import annotations

import json
import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Reply


def registry_that_answers(place: Place) -> None:
    """ECR names the registry that really answers.

    AWS: ``repositoryUri`` and ``proxyEndpoint`` are where one pushes and pulls.
    MiniStack: they are names under amazonaws.com, where a push would leave the machine.
    """
    ecr = service("ecr")
    registry = f"127.0.0.1:{place.port}"
    token = original(ecr, "_get_authorization_token")

    def repository_uri(name: str) -> str:
        return f"{registry}/{name}"

    def authorization_token(data: dict[str, t.Any]) -> Reply:
        status, headers, body = token(data)
        content = json.loads(body)
        for entry in content["authorizationData"]:
            entry["proxyEndpoint"] = f"http://{registry}"
        return status, headers, json.dumps(content).encode()

    replace(ecr, "_repo_uri", repository_uri)
    replace(ecr, "_get_authorization_token", authorization_token)
