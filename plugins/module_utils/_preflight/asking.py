# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Questions to AWS: each asked once however many services want to know, together where the API takes several,
and side by side.

A check that has to ask is a L(Talk): it yields questions and gets the answers, or the error instead.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Iterable, Sequence

    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem

T = t.TypeVar("T")

WORKERS = 8
# Whoever answers this does not offer the operation at all, or cannot be reached: no use in asking for the next item.
HOPELESS = frozenset({
    "404", "500", "501", "502", "503", "504", "ConnectTimeoutError", "ConnectionClosedError",
    "CredentialRetrievalError", "EndpointConnectionError", "ExpiredToken", "ExpiredTokenException", "InternalError",
    "InternalFailure", "InternalServerError", "InvalidAction", "InvalidClientTokenId", "NoCredentials",
    "NotImplemented", "ProxyConnectionError", "ReadTimeoutError", "SSLError", "ServiceUnavailable",
    "UnknownOperationException", "UnrecognizedClientException", "UnsupportedOperation",
})  # fmt: skip

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
# What is denied for one thing may be allowed for the next. After this many, with no answer yet, it hardly is.
DENIALS = 8


class Unanswered(SlipwayError):
    """A question to which there is no answer: the check says so, and nothing more."""


@dataclasses.dataclass(frozen=True)
class Question(t.Generic[T]):
    """Something to ask AWS. Equal questions are asked once.

    ``service`` is whose API answers, ``action`` what IAM calls it, and ``most`` how many fit in one call.
    ``absent`` are the error codes that say "there is no such thing", which is the answer None.
    """

    region: str | None

    service: t.ClassVar[str]
    action: t.ClassVar[str]
    most: t.ClassVar[int] = 1
    absent: t.ClassVar[frozenset[str]] = frozenset()

    @property
    def together(self) -> Hashable:
        """Questions of a kind share a call when this is equal."""
        return self.region

    @classmethod
    def ask(cls, client: t.Any, questions: Sequence[t.Any]) -> t.Mapping[t.Any, t.Any]:
        """Make one call and return the answers; a question without one has the answer None."""
        raise NotImplementedError


Questions = tuple[Question[t.Any], ...]
Talk = t.Generator[Questions, list[t.Any], "Iterable[Problem]"]


def put(question: Question[T]) -> Generator[Questions, list[t.Any], T]:
    """Put a question that always has an answer, from within a talk: C(answer = yield from put(question))."""
    (answer,) = yield (question,)
    return t.cast("T", answer)


def find(question: Question[T]) -> Generator[Questions, list[t.Any], T | None]:
    """Put a question about something that may not be there; then the answer is None."""
    (answer,) = yield (question,)
    return t.cast("T | None", answer)


def find_all(questions: Iterable[Question[T]]) -> Generator[Questions, list[t.Any], list[T | None]]:
    """Put several questions of that kind at once."""
    return (yield tuple(questions))


class Asker:
    """Asks what has not been asked yet, and remembers answers and errors alike."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: dict[Question[t.Any], t.Any] = {}
        self._hopeless: dict[type[Question[t.Any]], Exception] = {}
        self._denials: collections.Counter[type[Question[t.Any]]] = collections.Counter()
        self._answered: set[type[Question[t.Any]]] = set()

    def ask(self, questions: Iterable[Question[t.Any]]) -> None:
        batches = self._batches(questions)
        if not batches:
            return
        with concurrent.futures.ThreadPoolExecutor(min(WORKERS, len(batches))) as pool:
            for answers in pool.map(self._ask, batches, [self._client(batch[0]) for batch in batches]):
                self._known |= answers

    def answer(self, question: Question[t.Any]) -> t.Any:
        """Return the answer, which is an exception where there is none."""
        return self._known[question]

    def _batches(self, questions: Iterable[Question[t.Any]]) -> list[list[Question[t.Any]]]:
        groups: dict[t.Any, list[Question[t.Any]]] = {}
        for question in dict.fromkeys(questions):
            if question not in self._known:
                groups.setdefault((type(question), question.together), []).append(question)
        return [
            members[start : start + members[0].most]
            for members in groups.values()
            for start in range(0, len(members), members[0].most)
        ]

    def _client(self, question: Question[t.Any]) -> t.Any:
        # Made here and not in a worker: one session cannot make two clients at a time.
        try:
            return self._clients(question.service, region=question.region)
        except SlipwayError as error:
            return error

    def _ask(self, batch: Sequence[Question[t.Any]], client: t.Any) -> dict[Question[t.Any], t.Any]:
        kind = type(batch[0])
        known = self._hopeless.get(kind)
        if known or isinstance(client, SlipwayError):
            return dict.fromkeys(batch, known or client)
        try:
            answers = kind.ask(client, batch)
        except AwsError as error:
            if error.code in kind.absent and len(batch) == 1:
                return {batch[0]: None}
            if error.code in kind.absent:
                # One that is not there spoils the call for all: halve until it stands alone.
                middle = len(batch) // 2
                return self._ask(batch[:middle], client) | self._ask(batch[middle:], client)
            self._denials[kind] += error.code in DENIED
            denied_always = self._denials[kind] >= DENIALS and kind not in self._answered
            if error.code in HOPELESS or denied_always:
                self._hopeless[kind] = error
            return dict.fromkeys(batch, error)
        except Exception as error:  # an answer nobody foresaw must not stop a release, nor hide other findings
            return dict.fromkeys(batch, error)
        self._answered.add(kind)
        return {question: answers.get(question) for question in batch}


__all__ = ("DENIED", "Asker", "Question", "Questions", "Talk", "Unanswered", "find", "find_all", "put")
