# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import traceback
from pathlib import Path

import pulumi_state
import pytest

pytest.importorskip("cryptography")

from ansible_collections.slipway.aws.plugins.module_utils._pulumi import sealed
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import SecretsProvider
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import SecretsError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.secrets import decrypter
from pulumi_state import PASSPHRASE, encrypt, passphrase_provider

PROVIDER = SecretsProvider(**passphrase_provider())
RIGHT = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}


def test_the_right_passphrase_opens_several_values_with_one_key() -> None:
    decrypt = decrypter(PROVIDER, RIGHT)
    assert [decrypt(encrypt("eins")), decrypt(encrypt("zwölf"))] == ["eins", "zwölf"]


def test_the_passphrase_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "pass phrase"
    file.write_text(f"  {PASSPHRASE}\n")
    assert decrypter(PROVIDER, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)})(encrypt("x")) == "x"


def test_an_empty_passphrase_is_one() -> None:
    provider = SecretsProvider(**passphrase_provider(""))
    environment = {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": "/nonexistent"}
    assert decrypter(provider, environment)(encrypt("x", "")) == "x"


def flip(ciphertext: str) -> str:
    version, nonce, sealed = ciphertext.split(":")
    changed = bytearray(base64.b64decode(sealed))
    changed[0] ^= 1
    return f"{version}:{nonce}:{base64.b64encode(bytes(changed)).decode()}"


@pytest.mark.parametrize(
    ("provider", "environment", "sentence"),
    [
        (None, RIGHT, "its state names no secrets provider"),
        (
            SecretsProvider("awskms", {}),
            RIGHT,
            "encrypted by the provider 'awskms', which this version does not know",
        ),
        (PROVIDER, {}, "are encrypted with a passphrase"),
        (PROVIDER, {"PULUMI_CONFIG_PASSPHRASE_FILE": ""}, "are encrypted with a passphrase"),
        (PROVIDER, {"PULUMI_CONFIG_PASSPHRASE_FILE": "/nonexistent"}, "PULUMI_CONFIG_PASSPHRASE_FILE cannot be read"),
        (PROVIDER, {"PULUMI_CONFIG_PASSPHRASE": "hunter2"}, "The passphrase is not the one"),
        (PROVIDER, {"PULUMI_CONFIG_PASSPHRASE": "hunter2\ud800"}, "The passphrase is not a text"),
        (SecretsProvider("passphrase", {}), RIGHT, "passphrase salt is damaged"),
        (SecretsProvider("passphrase", {"salt": 7}), RIGHT, "passphrase salt is damaged"),
        (SecretsProvider("passphrase", {"salt": "v2:AA==:x"}), RIGHT, "passphrase salt is damaged"),
        (SecretsProvider("passphrase", {"salt": "v1:@@:x"}), RIGHT, "is not base64"),
        (SecretsProvider("passphrase", {"salt": "v1:AA==:v1:x"}), RIGHT, "The passphrase is not the one"),
    ],
)
def test_what_cannot_be_opened(provider: SecretsProvider | None, environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(SecretsError, match=sentence) as caught:
        decrypter(provider, environment)(encrypt("x"))
    assert "hunter2" not in str(caught.value.as_result())


@pytest.mark.parametrize(
    ("ciphertext", "sentence"),
    [
        (flip(encrypt("x")), "the stack's passphrase does not open it"),
        ("v1:only", "not of the form v1:<nonce>:<data>"),
        ("v9:AAAA:AAAA", "not of the form v1:<nonce>:<data>"),
        ("v1:AAAA:AAAA", "not of the form v1:<nonce>:<data>"),
        ("v1:é:AAAA", "is not base64"),
    ],
)
def test_damaged_ciphertexts(ciphertext: str, sentence: str) -> None:
    with pytest.raises(SecretsError, match=sentence):
        decrypter(PROVIDER, RIGHT)(ciphertext)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "phrase").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SecretsError, match="is not a text file"):
        decrypter(PROVIDER, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "phrase")})("x")


def test_nothing_is_derived_until_a_secret_is_wanted() -> None:
    decrypter(None, {})


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "HAS_CRYPTOGRAPHY", False)
    with pytest.raises(SecretsError, match="needs the Python library cryptography"):
        decrypter(PROVIDER, RIGHT)("x")


def test_a_secret_that_is_no_text_is_damaged() -> None:
    key, nonce = pulumi_state._key(PASSPHRASE), bytes(12)
    content = sealed.AESGCM(key).encrypt(nonce, b"\xff hunter2", None)
    text = f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(content).decode()}"
    with pytest.raises(SecretsError, match="A secret output is damaged") as caught:
        decrypter(PROVIDER, RIGHT)(text)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
