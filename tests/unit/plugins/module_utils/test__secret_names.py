# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD",
        "DB_PASSWORD",
        "dbPassword",
        "db-password",
        "API_KEY",
        "apiKey",
        "OPENAIApiKey",
        "apikey",
        "GITHUB_TOKEN",
        "NextToken",
        "client_secret",
        "secret_id",
        "AWS_SECRET_ACCESS_KEY",
        "aws_access_key_id",
        "SSH_KEY",
        "private_key",
        "Authorization",
        "credentials",
        "SESSION_COOKIE",
        "auth",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "_",
        "GIT_SHA",
        "author",
        "authors",
        "key",
        "keys",
        "keyboard",
        "token_count",
        "tokens",
        "max_tokens",
        "DB_SECRET_ARN",
        "password_file",
        "secretName",
        "TOKEN_URL",
        "monkey",
        "primary_key",
        "compass",
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not looks_secret(name)
