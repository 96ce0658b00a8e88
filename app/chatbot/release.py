"""Which release this process is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from chatbot.settings import Settings


@dataclass(frozen=True, slots=True)
class Release:
    """The identity that a deployment gave to this process; nothing where it gave none."""

    release_id: str | None
    git_sha: str | None
    image_digest: str | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(release_id=settings.release_id, git_sha=settings.git_sha, image_digest=settings.image_digest)
