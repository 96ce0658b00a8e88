# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._image.push_errors import explain_push

REFERENCE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/app:src-0"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("no basic auth credentials", "denied"),
        ("denied: Your authorization token has expired. Reauthenticate and try again.", "denied"),
        ("denied: User: arn is not authorized to perform: ecr:InitiateLayerUpload on resource", "denied"),
        ("unauthorized: authentication required", "denied"),
        ("unexpected status from HEAD request to https://registry/v2/: 403 Forbidden", "denied"),
        ("name unknown: The repository with name 'app' does not exist in the registry", "missing"),
        ("tag invalid: The image tag 'src-0' already exists in the 'app' repository and cannot be overwritten because "
         "the tag is immutable.", "immutable"),
        ("Get http://127.0.0.1:9/v2/: dial tcp 127.0.0.1:9: connect: connection refused", "unreachable"),
        ("dial tcp: lookup nowhere.example.com: no such host", "unreachable"),
        ("net/http: TLS handshake timeout", "unreachable"),
        ("EOF", "unreachable"),
        ("received unexpected HTTP status: 503 Service Unavailable", "unreachable"),
        ("toomanyrequests: Rate exceeded", "throttled"),
        ("write /var/lib/docker/tmp/x: no space left on device", "full"),
        ("something nobody has seen before", "other"),
    ],
)  # fmt: skip
def test_causes(line: str, code: str) -> None:
    error = explain_push(REFERENCE, ["Preparing", line])

    assert error.details["push_error"] == code
    assert REFERENCE in error.message
    assert line in error.message
    assert error.details["log"] == ["Preparing", line]


def test_a_push_that_said_nothing() -> None:
    assert explain_push(REFERENCE, []).message.endswith("says: nothing")
