# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.account import (
    access_token,
    current_backend,
    default_organization,
    is_insecure,
    naming,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendDeniedError, BackendError

CLOUD = "https://api.pulumi.com"
OURS = "https://pulumi.example.com"
THEIRS = "https://pulumi.example.org"
LOGGED_IN = {
    "current": OURS,
    "accessTokens": {OURS: "older-token", "https://old.example.com": "old-token"},
    "accounts": {OURS: {"accessToken": "stored-token", "username": "someone", "insecure": True}},
}


def home(folder: Path, content: t.Any = None, *, name: str = "credentials.json", **variables: str) -> dict[str, str]:
    """Write one of the CLI's files, and return an environment in which the CLI would read it."""
    if content is not None:
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return {"PULUMI_HOME": str(folder), **variables}


@pytest.mark.parametrize(
    ("content", "variables", "backend"),
    [
        pytest.param(LOGGED_IN, {}, OURS, id="logged in"),
        pytest.param(LOGGED_IN, {"PULUMI_ACCESS_TOKEN": "x"}, OURS, id="logged in, and a token"),
        pytest.param({"current": "file://~"}, {}, "file://~", id="logged in to a folder"),
        pytest.param({"accounts": {}}, {}, None, id="logged out"),
        pytest.param(None, {}, None, id="never logged in"),
        pytest.param("", {"PULUMI_ACCESS_TOKEN": "x"}, CLOUD, id="a file cut off, and a token"),
        pytest.param(None, {"PULUMI_ACCESS_TOKEN": "x"}, CLOUD, id="only a token"),
        pytest.param(None, {"PULUMI_ACCESS_TOKEN": ""}, None, id="an empty token"),
        pytest.param(None, {"PULUMI_ACCESS_TOKEN": "x", "PULUMI_API": OURS}, OURS, id="a token and an API"),
        pytest.param(None, {"PULUMI_API": OURS}, None, id="an API without a token"),
        pytest.param({"current": 7}, {}, None, id="a current of the wrong type"),
    ],
)
def test_the_current_backend(tmp_path: Path, content: t.Any, variables: dict[str, str], backend: str | None) -> None:
    assert current_backend(home(tmp_path, content, **variables)) == backend


@pytest.mark.parametrize("variable", ["PULUMI_CREDENTIALS_PATH", "PULUMI_HOME", "HOME"])
def test_where_the_file_is(tmp_path: Path, variable: str) -> None:
    order = ["PULUMI_CREDENTIALS_PATH", "PULUMI_HOME", "HOME"]
    environment = {}
    for name in order[order.index(variable) :]:
        folder = tmp_path / name / ".pulumi"
        folder.mkdir(parents=True)
        (folder / "credentials.json").write_text(json.dumps({"current": f"https://{name.lower()}.example.com"}))
        environment[name] = str(folder.parent if name == "HOME" else folder)
    assert current_backend(environment) == f"https://{variable.lower()}.example.com"


@pytest.mark.parametrize(
    ("url", "variables", "token"),
    [
        pytest.param(OURS, {}, "stored-token", id="the account's"),
        pytest.param(f"{OURS}/", {}, "stored-token", id="a slash at the end"),
        pytest.param("https://old.example.com", {}, "old-token", id="from before there were accounts"),
        pytest.param(THEIRS, {}, None, id="nobody's"),
        pytest.param(CLOUD, {}, None, id="not logged in there"),
        pytest.param(CLOUD, {"PULUMI_ACCESS_TOKEN": "given"}, "given", id="given, for Pulumi Cloud"),
        pytest.param(THEIRS, {"PULUMI_ACCESS_TOKEN": "given"}, None, id="given, but not for this one"),
        pytest.param(OURS, {"PULUMI_ACCESS_TOKEN": "given"}, "stored-token", id="given, but this one has its own"),
        pytest.param(
            OURS,
            {"PULUMI_ACCESS_TOKEN": "given", "PULUMI_BACKEND_URL": f" {OURS}/ "},
            "given",
            id="given for the named",
        ),
        pytest.param(
            THEIRS, {"PULUMI_ACCESS_TOKEN": "given", "PULUMI_BACKEND_URL": OURS}, None, id="given for the other"
        ),
        pytest.param(
            OURS, {"PULUMI_ACCESS_TOKEN": "given", "PULUMI_BACKEND_URL": f"cli+{OURS}"}, "given", id="through the CLI"
        ),
        pytest.param(OURS, {"PULUMI_ACCESS_TOKEN": "given\n", "PULUMI_API": OURS}, "given", id="with a line end"),
    ],
)
def test_a_token_goes_only_where_it_belongs(
    tmp_path: Path, url: str, variables: dict[str, str], token: str | None
) -> None:
    assert access_token(url, home(tmp_path, LOGGED_IN, **variables)) == token


def test_whoever_names_a_service_means_the_token_for_it(tmp_path: Path) -> None:
    environment = home(tmp_path, LOGGED_IN, PULUMI_ACCESS_TOKEN="given")
    named = naming(f"{THEIRS}/", environment)
    assert access_token(THEIRS, named) == "given"
    assert access_token(OURS, named) == "stored-token"
    assert access_token(THEIRS, environment) is None


@pytest.mark.parametrize("token", ["two words", "line\nend", "n\u00f6n", " "])
def test_what_is_no_token_is_not_sent(tmp_path: Path, token: str) -> None:
    with pytest.raises(BackendDeniedError, match="PULUMI_ACCESS_TOKEN is not an access token") as caught:
        access_token(CLOUD, home(tmp_path, PULUMI_ACCESS_TOKEN=token))
    assert token.strip() == "" or token not in str(caught.value)


def test_a_stored_token_nobody_could_send(tmp_path: Path) -> None:
    with pytest.raises(BackendDeniedError, match="What pulumi login stored is not an access token"):
        access_token(OURS, home(tmp_path, {"accessTokens": {OURS: "a b"}}))


SEALED = {"$pulumiSecureStore": 1, "backend": "keyring", "algo": "aes-256-gcm", "nonce": "AAAA", "data": "AAAA"}


@pytest.mark.parametrize(
    ("content", "sentence", "hint"),
    [
        pytest.param(SEALED, "credentials.json is encrypted", "Set PULUMI_ACCESS_TOKEN, and name", id="encrypted"),
        pytest.param("{", "credentials.json is damaged", "Run pulumi login again, or", id="cut short"),
        pytest.param("[]", "credentials.json is damaged: it is not an object", "Run pulumi login", id="a list"),
        pytest.param("[" * 100_000, "nested too deeply", "Run pulumi login", id="deep"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: t.Any, sentence: str, hint: str) -> None:
    environment = home(tmp_path, content)
    for question in (lambda: current_backend(environment), lambda: access_token(OURS, environment)):
        with pytest.raises(BackendError, match=sentence) as caught:
            question()
        assert str(caught.value.hint).startswith(hint)
    assert not is_insecure(OURS, environment)
    # The token in the environment needs no file.
    assert access_token(CLOUD, {**environment, "PULUMI_ACCESS_TOKEN": "given"}) == "given"


def test_a_file_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").mkdir()
    with pytest.raises(BackendError, match="credentials.json cannot be read"):
        current_backend(home(tmp_path))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_bytes(b"\xff\xfe")
    with pytest.raises(BackendError, match="credentials.json is not a text file"):
        current_backend(home(tmp_path))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"accounts": [], "accessTokens": []}, id="lists"),
        pytest.param({"accounts": {OURS: "x"}, "accessTokens": {OURS: 7}}, id="values"),
    ],
)
def test_parts_of_the_wrong_type_say_nothing(tmp_path: Path, content: t.Any) -> None:
    assert access_token(OURS, home(tmp_path, content)) is None


def test_a_certificate_goes_unchecked_only_where_somebody_said_so(tmp_path: Path) -> None:
    environment = home(tmp_path, LOGGED_IN)
    assert is_insecure(OURS, environment)
    assert not is_insecure(THEIRS, environment)
    assert not is_insecure(OURS, home(tmp_path, {"accounts": {OURS: {"insecure": "yes"}}}))


@pytest.mark.parametrize(
    ("content", "variables", "organization"),
    [
        pytest.param({"backends": {OURS: {"defaultOrg": "acme"}}}, {}, "acme", id="chosen"),
        pytest.param(
            {"backends": {OURS: {"defaultOrg": "acme"}}}, {"PULUMI_DEFAULT_ORG": "other"}, "other", id="overridden"
        ),
        pytest.param({"backends": {THEIRS: {"defaultOrg": "acme"}}}, {}, None, id="chosen elsewhere"),
        pytest.param({"backends": {OURS: {"defaultOrg": ""}}}, {}, None, id="empty"),
        pytest.param(None, {}, None, id="no file"),
    ],
)
def test_the_default_organization(
    tmp_path: Path, content: t.Any, variables: dict[str, str], organization: str | None
) -> None:
    environment = home(tmp_path, content, name="config.json", **variables)
    assert default_organization(OURS, environment) == organization
