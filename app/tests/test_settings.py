from __future__ import annotations

import os
import subprocess
import sys

import pytest
from chatbot.settings import Settings, explain
from pydantic import ValidationError

from tests.support.processes import APP, clean_environment


def test_everything_has_a_default() -> None:
    settings = Settings()
    assert settings.port == 8000
    assert settings.release_id is None
    assert settings.allowed_origins == ()


def test_an_empty_variable_means_nothing_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELEASE_ID", "")
    monkeypatch.setenv("PORT", "")
    assert (Settings().release_id, Settings().port) == (None, 8000)


def test_origins_are_a_comma_separated_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example, https://b.example,")
    assert Settings().allowed_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "99999", "PORT: Input should be less than or equal to 65535"),
        ("TIME_ZONE", "Mars/Olympus", "TIME_ZONE: there is no time zone called 'Mars/Olympus'"),
        ("TIME_ZONE", "../../etc/passwd", "TIME_ZONE: there is no time zone called '../../etc/passwd'"),
        ("SESSION_STORE", "dynamodb", "SESSION_STORE=dynamodb needs SESSION_TABLE"),
        (
            "OPENAI_API_KEY_FROM",
            "sk-secret",
            "OPENAI_API_KEY_FROM: must be secretsmanager:<name>[#<json key>] or ssm:<name>",
        ),
    ],
)
def test_a_wrong_value_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert explain(caught.value) == sentence


def test_a_release_that_would_break_a_header_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings(release_id="r1\r\nSet-Cookie: a=b")


@pytest.mark.parametrize("module", ["chatbot", "chatbot.worker"])
def test_a_process_with_wrong_settings_ends_with_the_sentence(module: str) -> None:
    environment = clean_environment(PORT="none", OPENAI_API_KEY_FROM="sk-secret")
    ended = subprocess.run(
        [sys.executable, "-m", module], cwd=APP, env=environment, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == os.EX_CONFIG
    assert "PORT: Input should be a valid integer" in ended.stderr
    assert "sk-secret" not in ended.stderr
    assert "Traceback" not in ended.stderr
