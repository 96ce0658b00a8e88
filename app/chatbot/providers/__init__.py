"""Where answers come from when the chatbot does not know them itself."""

from __future__ import annotations

from chatbot.providers.base import Provider
from chatbot.providers.bedrock import BedrockProvider
from chatbot.providers.openai_compatible import OpenAICompatibleProvider
from chatbot.secret_reader import SecretReader
from chatbot.settings import Settings


def make_provider(settings: Settings) -> Provider:
    if settings.llm_provider == "openai_compatible":
        return OpenAICompatibleProvider(settings, SecretReader(settings))
    return BedrockProvider(settings)


__all__ = ["Provider", "make_provider"]
