"""What goes in and what comes out."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from chatbot.sessions.base import Source

_ALLOWED_CONTROLS = frozenset("\n\r\t")


def _without_control_characters(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" and character not in _ALLOWED_CONTROLS for character in text):
        raise ValueError("must not contain control characters")
    return text


# The longest message is a setting, so the route checks it.
Message = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_without_control_characters)
]
# Whoever knows an id can go on with its conversation, so short ones are not accepted.
SessionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$")]


def new_session_id() -> str:
    return secrets.token_urlsafe(24)


class ChatRequest(BaseModel):
    """A question."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"message": "What time is it?"},
                {"message": "Which river is the longest?", "session_id": "Jt0xXxT1n0w2bq8gJv3kQm5u"},
            ]
        },
    )

    message: Message = Field(description="The question, in any language.")
    session_id: SessionId | None = Field(
        default=None, description="The id from an earlier answer, to go on with that conversation."
    )


class ChatAnswer(BaseModel):
    """An answer, where it came from, and who gave it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "answer": "It is 09:30 (UTC).",
                    "source": "deterministic",
                    "session_id": "Jt0xXxT1n0w2bq8gJv3kQm5u",
                    "release_id": "2026-11-21T09-30-00Z-4f2c9d1",
                }
            ]
        }
    )

    answer: str
    source: Source = Field(description="`deterministic`: the chatbot itself. `ai`: a language model.")
    session_id: str = Field(description="Send it with the next question to go on with this conversation.")
    release_id: str | None = Field(description="The release that answered.")


class StreamStart(BaseModel):
    """The first event of a stream: `start`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "ai",
                    "session_id": "Jt0xXxT1n0w2bq8gJv3kQm5u",
                    "release_id": "2026-11-21T09-30-00Z-4f2c9d1",
                }
            ]
        }
    )

    source: Source
    session_id: str
    release_id: str | None


class StreamDelta(BaseModel):
    """The next piece of the answer: `delta`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "The Nile"}]})

    text: str


class StreamDone(BaseModel):
    """The last event of a whole answer: `done`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"characters": 42}]})

    characters: int = Field(description="How long the whole answer is, to check that nothing was lost.")


class Health(BaseModel):
    """That the process answers, and which release it is."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "release_id": "2026-11-21T09-30-00Z-4f2c9d1",
                    "git_sha": "4f2c9d1b7a60e3589c21d4f6a8b0c3e5d7f91a24",
                    "image_digest": "sha256:9b2f3c1de0a4c5b6978812f0e3d4a5b6c7d8e9f00112233445566778899aabbc",
                }
            ]
        },
    )

    status: Literal["ok"] = "ok"
    release_id: str | None = Field(description="The release, as the delivery pipeline named it.")
    git_sha: str | None = Field(description="The commit the image was built from.")
    image_digest: str | None = Field(description="The digest of the image that is running.")
