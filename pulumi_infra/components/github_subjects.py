"""Who a token of GitHub Actions speaks for: the subjects a role may trust, each of them exact."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
CLASSIC = rf"{NAME}/{NAME}"
IMMUTABLE = rf"{NAME}@[0-9]+/{NAME}@[0-9]+"
# What of a repository: an environment, which can ask for a person's word, or one branch or tag by its whole name.
PLACE = r"environment:[^*?:\s][^*?:]*|ref:refs/(heads|tags)/[^*?:\s]+"
SUBJECT = re.compile(rf"repo:({CLASSIC}|{IMMUTABLE}):({PLACE})")


@dataclass(frozen=True, kw_only=True)
class GithubRepository:
    """A repository, and the numbers GitHub gave it and its owner, which no other repository will ever have.

    GitHub writes subjects in a classic form, with names only, or in an immutable one, with both. Which of them a
    repository's tokens have is a setting there. With the numbers, a role trusts both forms, so that a repository can
    change from the one to the other without a release that fails.
    """

    owner: str
    name: str
    owner_id: int | None = None
    repository_id: int | None = None

    def __post_init__(self) -> None:
        if (self.owner_id is None) != (self.repository_id is None):
            raise ValueError("owner_id and repository_id belong together: give both, or neither.")
        for word, part in (("owner", self.owner), ("name", self.name)):
            if not re.fullmatch(NAME, part):
                raise ValueError(f"{part!r} is not the {word} of a repository.")

    def subjects(self, environment: str) -> tuple[str, ...]:
        """Return the subjects of jobs in an environment, in each form that is known."""
        return subjects_of([f"repo:{repository}:environment:{environment}" for repository in self._spellings()])

    def _spellings(self) -> list[str]:
        classic = f"{self.owner}/{self.name}"
        if self.owner_id is None:
            return [classic]
        return [classic, f"{self.owner}@{self.owner_id}/{self.name}@{self.repository_id}"]


def subjects_of(given: t.Sequence[str]) -> tuple[str, ...]:
    """Return the subjects, if each is exact; a pattern would let in what nobody thought of, such as pull requests."""
    if not given:
        raise ValueError("The deploy role needs at least one subject that may assume it.")
    for subject in given:
        if not SUBJECT.fullmatch(subject):
            raise ValueError(
                f"{subject!r} is not the exact subject of an environment, a branch or a tag. Give "
                "repo:<org>/<repo>:environment:<name>, or repo:<org>@<id>/<repo>@<id>:environment:<name>."
            )
    return tuple(given)


__all__ = ("GithubRepository", "subjects_of")
