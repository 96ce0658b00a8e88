from __future__ import annotations

import boto3
import pytest
from chatbot.secret_reader import SecretReader, SecretUnavailableError
from chatbot.settings import Settings

from tests.conftest import REGION

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("ministack")]


def parameter(name: str, value: str) -> str:
    boto3.client("ssm", region_name=REGION).put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
    return f"ssm:{name}"


async def test_a_secret_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("chatbot.secret_reader.time.monotonic", lambda: now)
    reader = SecretReader(Settings(aws_region=REGION, secret_ttl_seconds=60))
    reference = parameter("/ttl", "first")
    assert await reader.read(reference) == "first"
    parameter("/ttl", "second")
    now += 59
    assert await reader.read(reference) == "first"
    now += 2
    assert await reader.read(reference) == "second"


async def test_a_forgotten_secret_is_read_again() -> None:
    reader = SecretReader(Settings(aws_region=REGION))
    reference = parameter("/forget", "first")
    await reader.read(reference)
    parameter("/forget", "second")
    reader.forget(reference)
    assert await reader.read(reference) == "second"


async def test_nothing_shows_the_value() -> None:
    reader = SecretReader(Settings(aws_region=REGION))
    await reader.read(parameter("/shown", "sk-hidden"))
    assert "sk-hidden" not in repr(reader._known)


@pytest.mark.parametrize(
    ("value", "key", "sentence"),
    [
        ("sk-hidden", "#a", "is not JSON"),
        ('{"b": "sk-hidden"}', "#a", "has no text under the key 'a'"),
        ('{"a": 1}', "#a", "has no text under the key 'a'"),
        ('["sk-hidden"]', "#a", "has no text under the key 'a'"),
    ],
)
async def test_what_is_wrong_is_said_without_the_value(value: str, key: str, sentence: str) -> None:
    name = f"wrong/{abs(hash(value))}"
    boto3.client("secretsmanager", region_name=REGION).create_secret(Name=name, SecretString=value)
    with pytest.raises(SecretUnavailableError) as caught:
        await SecretReader(Settings(aws_region=REGION)).read(f"secretsmanager:{name}{key}")
    assert sentence in str(caught.value)
    assert "sk-hidden" not in str(caught.value)
    assert caught.value.__cause__ is None
