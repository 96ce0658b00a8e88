"""Everything that can be set, read from the environment once."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

# CloudFront gives an origin 30 seconds to send its first byte; our own answer must come before that.
LONGEST_ANSWER_SECONDS = 25.0

# What fits into a response header.
Identity = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]


class Settings(BaseSettings):
    """One field per environment variable, in upper case: ``release_id`` is ``RELEASE_ID``."""

    # Task definitions often pass an empty string where nothing is meant.
    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, extra="ignore")

    # Who this is
    release_id: Identity | None = None
    git_sha: Identity | None = None
    image_digest: Identity | None = None

    # How it listens, and how it leaves
    host: str = "0.0.0.0"  # noqa: S104 - a container's own address is not known beforehand
    port: int = Field(default=8000, ge=1, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # Longer than a load balancer's idle timeout (60 s by default): the side that reuses connections must close first.
    keep_alive_seconds: int = Field(default=75, ge=1)
    # Shorter than the time a platform waits between SIGTERM and SIGKILL (30 s on ECS).
    drain_seconds: int = Field(default=25, ge=1)

    # What it accepts
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    max_message_characters: int = Field(default=4000, ge=1)
    max_body_bytes: int = Field(default=65536, ge=256)

    # Answers it gives itself
    time_zone: str = "UTC"

    # Answers it gets from a language model
    llm_provider: Literal["bedrock", "openai_compatible"] = "bedrock"
    llm_system_prompt: str = (
        "You are a helpful assistant. Answer briefly and truthfully, in the language of the question, "
        "in plain text without Markdown. Say so when you do not know."
    )
    llm_max_tokens: int = Field(default=700, ge=1)
    llm_max_concurrent: int = Field(default=32, ge=1)
    llm_max_attempts: int = Field(default=3, ge=1, le=5)
    llm_connect_seconds: float = Field(default=3.0, gt=0)
    llm_read_seconds: float = Field(default=20.0, gt=0)
    llm_answer_seconds: float = Field(default=LONGEST_ANSWER_SECONDS, gt=0)
    llm_stream_seconds: float = Field(default=120.0, gt=0)
    retry_after_seconds: int = Field(default=5, ge=1)

    aws_region: str | None = None
    bedrock_inference_profile: str | None = None

    openai_base_url: str | None = None
    openai_model: str | None = None
    # Where the key is, never the key: `secretsmanager:<name or arn>[#<json key>]` or `ssm:<parameter name>`.
    openai_api_key_from: str | None = None
    secret_ttl_seconds: float = Field(default=300.0, gt=0)

    # What it remembers
    session_store: Literal["memory", "dynamodb"] = "memory"
    session_table: str | None = None
    session_ttl_seconds: int = Field(default=3600, ge=1)
    session_max_exchanges: int = Field(default=10, ge=1, le=15)
    session_max_in_memory: int = Field(default=1000, ge=1)

    # The worker's queue
    question_queue_url: str | None = None
    # A poll cannot be broken off, so this is also how long an idle worker takes to leave.
    question_poll_seconds: int = Field(default=5, ge=1, le=20)

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"there is no time zone called {value!r}") from None
        return value

    @field_validator("openai_api_key_from")
    @classmethod
    def _known_place_of_a_secret(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("secretsmanager:", "ssm:")):
            # The value is not repeated: somebody may have put the key itself here.
            raise ValueError("must be secretsmanager:<name>[#<json key>] or ssm:<name>")
        return value

    @model_validator(mode="after")
    def _table_for_dynamodb(self) -> Self:
        if self.session_store == "dynamodb" and not self.session_table:
            raise ValueError("SESSION_STORE=dynamodb needs SESSION_TABLE")
        return self


def explain(error: ValidationError) -> str:
    """One line per setting that is wrong. Values are left out, because a log would keep them."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in problem["loc"]).upper()
        text = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {text}" if name else text)
    return "\n".join(lines)
