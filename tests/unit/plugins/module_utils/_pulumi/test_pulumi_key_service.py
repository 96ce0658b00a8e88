# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import os
import typing as t

import pytest

pytest.importorskip("cryptography")
pytest.importorskip("moto.server", reason="AWS KMS is tested against moto's server")

import boto3
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import SecretsProvider
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import SecretsError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.secrets import decrypter
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.server import ThreadedMotoServer

DATA_KEY = bytes(range(32))
NONCE = bytes(12)
SEALED = ":".join(
    ("v1", *(base64.b64encode(part).decode() for part in (NONCE, AESGCM(DATA_KEY).encrypt(NONCE, b"geheim", None))))
)


@pytest.fixture(scope="module")
def endpoint() -> t.Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit-test-key-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit-test-secret-key")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def provider(endpoint: str, context: dict[str, str], more: str = "", key: bytes = DATA_KEY) -> SecretsProvider:
    kms = boto3.client("kms", endpoint_url=endpoint, region_name="us-east-1")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=key, EncryptionContext=context)["CiphertextBlob"]
    url = f"awskms://{key_id}?region=us-east-1&endpoint={endpoint}{more}"
    return SecretsProvider("cloud", {"url": url, "encryptedkey": base64.b64encode(blob).decode()})


@pytest.mark.parametrize(
    ("context", "more"),
    [({}, ""), ({"team": "shop", "stage": "dev"}, "&context_team=shop&context_stage=dev")],
    ids=["plain", "context"],
)
def test_the_key_service_opens_secrets(endpoint: str, context: dict[str, str], more: str) -> None:
    decrypt = decrypter(provider(endpoint, context, more), {})
    assert [decrypt(SEALED), decrypt(SEALED)] == ["geheim", "geheim"]


def test_the_region_may_come_from_the_environment(endpoint: str) -> None:
    with_region = provider(endpoint, {})
    url = with_region.state["url"].replace("region=us-east-1&", "")
    without = SecretsProvider("cloud", with_region.state | {"url": url})
    assert decrypter(without, {"AWS_REGION": "us-east-1"})(SEALED) == "geheim"
    with pytest.raises(SecretsError, match="No AWS region is known"):
        decrypter(without, {})(SEALED)


def test_the_wrong_context_is_refused(endpoint: str) -> None:
    with pytest.raises(SecretsError, match="Could not decrypt the stack's key with AWS KMS") as caught:
        decrypter(provider(endpoint, {"team": "shop"}, "&context_team=blog"), {})(SEALED)
    assert "kms:Decrypt" in str(caught.value.hint)


def test_a_key_of_the_wrong_length(endpoint: str) -> None:
    with pytest.raises(SecretsError, match="The key that AWS KMS gave for the stack is not one of Pulumi's"):
        decrypter(provider(endpoint, {}, key=b"short"), {})(SEALED)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({}, "encrypted by a service without a name"),
        ({"url": "open sesame"}, "encrypted by a service without a name"),
        ({"url": "awskms://x"}, "it names no key"),
        ({"url": "awskms://x?region=us-east-1", "encryptedkey": "?"}, "is not base64"),
        (
            {"url": "awskms://x?region=us-east-1&role=arn:x&anonymous=true", "encryptedkey": "AA=="},
            "has the parameter anonymous, role, which is not supported here",
        ),
        ({"url": "gcpkms://x", "encryptedkey": "AA=="}, "encrypted by gcpkms, which only Pulumi can ask"),
        ({"url": "azurekeyvault://x", "encryptedkey": "AA=="}, "encrypted by azurekeyvault"),
        ({"url": "hashivault://x", "encryptedkey": "AA=="}, "encrypted by hashivault"),
    ],
)
def test_providers_that_cannot_be_asked(state: dict[str, str], sentence: str) -> None:
    with pytest.raises(SecretsError, match=sentence) as caught:
        decrypter(SecretsProvider("cloud", state), {})(SEALED)
    if "only Pulumi" in sentence:
        assert "the backend cli" in str(caught.value.hint)
